package gateway

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/policy"
	"github.com/stompgw/stompgw/websocket"
	"github.com/stompgw/stompgw/wire"
)

// errBrokerWrite wraps what went wrong in writing to the broker.
var errBrokerWrite = errors.New("write to broker")

// awaitLogin reads the client until it is logged in. It tells whether the session
// goes on.
func (s *session) awaitLogin() bool {
	defer s.contain("login")
	for !s.isConnected() {
		if err := s.client.receive(s.gw.loginPool, s.takeFromClient, s.endOfClientInput); err != nil {
			s.endUpstream(err)
			return false
		}
	}
	return true
}

// upstream reads the client and writes to the broker until the session ends, and
// brings it to its end. While the client is quiet it has returned.
func (s *session) upstream() {
	if !s.serveClient() {
		s.wind()
	}
}

// serveClient tells whether it returns because the client's connection has parked.
// Then the session may be another goroutine's already.
func (s *session) serveClient() (parked bool) {
	defer s.contain("upstream")
	var err error
	for err == nil && (s.client.conn == nil || s.client.rest != nil) {
		err = s.client.receive(s.gw.pool, s.takeFromClient, s.endOfClientInput)
	}
	if err == nil {
		err = s.client.conn.Serve(s.gw.pool, nil, clientTaker{s})
	}
	if err == wire.ErrParked {
		return true
	}
	s.endUpstream(err)
	return false
}

// clientTaker is upstream for what the client's connection reads.
type clientTaker struct{ s *session }

// Take implements wire.Taker.
func (t clientTaker) Take(buf *wire.Buffer) (*wire.Buffer, error) {
	c := &t.s.client
	c.noteRead(c.conn.ReadAt())
	err := c.take(buf, t.s.takeFromClient, t.s.endOfClientInput)
	buf.B = buf.B[:0]
	return buf, err
}

// Doze implements wire.Sleeper: a lone heart-beat or pong is taken in.
func (t clientTaker) Doze(p []byte) bool {
	s := t.s
	c := &s.client
	beat := "\n"
	if c.framed != nil {
		beat = framedLineFeed
	}
	if !c.between() || !s.fromClient.Between() || !websocket.SignOfLife(p, beat) {
		return false
	}
	c.noteRead(c.conn.ReadAt())
	return true
}

// Resume implements wire.Sleeper.
func (t clientTaker) Resume() { t.s.upstream() }

// takeFromClient judges payload and gathers in out what may go to the broker.
func (s *session) takeFromClient(p []byte, out *wire.Batch) error {
	s.newBytes += int32(len(p))
	if isBeat(p) && s.fromClient.Between() {
		return nil // a lone heart-beat needs none of what follows, and none of its stack
	}
	for len(p) > 0 {
		n := s.fromClient.Whole(p)
		var err error
		if n > 0 {
			err = s.clientFrame(p[:n], out)
		} else {
			n, err = s.clientEvent(p, out)
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// isBeat tells whether p is one line feed.
func isBeat(p []byte) bool { return len(p) == 1 && p[0] == '\n' }

// clientFrame takes a frame that is whole and canonical.
func (s *session) clientFrame(frame []byte, out *wire.Batch) error {
	h := s.fromClient.Head()
	if s.passes(h) {
		s.watched("broker", h)
		if err := s.toBroker(frame, out); err != nil {
			return err
		}
		s.newFrames++
		return nil
	}
	if err := s.judge(h, out); err != nil {
		return err
	}
	head := len(h.Raw())
	body := frame[head : len(frame)-1]
	switch {
	case s.fate == renewing:
		if err := s.takeToken(body); err != nil {
			return err
		}
	case s.fate == forwarding:
		s.fate = undecided // nothing of it has gone out, so the broker may get heart-beats while it waits
		if err := s.consultBody(len(body), out); err != nil {
			return err
		}
		s.fate = forwarding
		if rewrite := s.rewrite(h); rewrite != nil {
			if err := s.headToBroker(h, rewrite, out); err != nil {
				return err
			}
			frame = frame[head:]
		}
		if err := s.toBroker(frame, out); err != nil {
			return err
		}
	}
	return s.clientFrameEnd(out)
}

// clientEvent takes the next step into a frame and gives the bytes it took.
func (s *session) clientEvent(p []byte, out *wire.Batch) (int, error) {
	event, n, err := s.fromClient.Next(p)
	if err != nil {
		return n, err
	}
	switch event {
	case frameinspect.HeadComplete:
		if err = s.judge(s.fromClient.Head(), out); err == nil {
			err = s.clientHead(s.fromClient.Head(), out)
		}
	case frameinspect.BodyPart:
		err = s.clientBody(p[:n], out)
	case frameinspect.FrameEnd:
		if s.fate == forwarding {
			err = s.toBroker(p[:n], out)
		}
		if err == nil {
			err = s.clientFrameEnd(out)
		}
	}
	return n, err
}

// clientHead takes a head that was judged.
func (s *session) clientHead(h *frameinspect.Head, out *wire.Batch) error {
	if s.fate != forwarding {
		return nil
	}
	return s.headToBroker(h, s.rewrite(h), out)
}

// clientBody takes a part of the body of a frame that was judged.
func (s *session) clientBody(p []byte, out *wire.Batch) error {
	switch s.fate {
	case forwarding:
		return s.bodyToBroker(p, out)
	case renewing:
		return s.takeToken(p)
	}
	return nil
}

// bodyStep is how much of a body may wait for a limit of the policy at a time: what
// is let through goes out before the wait for more, so that the broker, which gets
// no heart-beats inside a frame, is not left without a sign of life.
const bodyStep = 4 << 10

// bodyToBroker gathers a part of a body that the policy lets pass.
func (s *session) bodyToBroker(p []byte, out *wire.Batch) error {
	if s.rights == nil || s.rights.guard == nil {
		return s.toBroker(p, out)
	}
	for len(p) > 0 {
		step := p[:min(len(p), bodyStep)]
		if err := s.consultBody(len(step), out); err != nil {
			return err
		}
		if err := s.toBroker(step, out); err != nil {
			return err
		}
		p = p[len(step):]
	}
	return nil
}

// headToBroker gathers a head in its canonical form, rewritten unless rewrite is
// nil. It is copied: it may stand in a buffer of the scanner's.
func (s *session) headToBroker(h *frameinspect.Head, rewrite *policy.Rewrite, out *wire.Batch) error {
	if !out.Fits(len(h.Raw())) {
		if err := s.flushToBroker(out); err != nil {
			return err
		}
	}
	if rewrite != nil {
		out.Extend(rewrite.AppendHead(out.Tail(), h))
		return nil
	}
	out.Extend(h.AppendTo(out.Tail()))
	return nil
}

// clientFrameEnd acts on the end of a frame. A CONNECT is not forwarded as it
// came; the broker's answer is awaited before anything else is looked at, so
// what the client pipelines waits in its socket and in the rest of one buffer.
func (s *session) clientFrameEnd(out *wire.Batch) error {
	s.newFrames++
	fate := s.fate
	s.fate = undecided
	switch {
	case fate == answering:
		return s.login()
	case fate == renewing:
		return s.renew(out)
	case s.leaving == sayingGoodbye:
		s.leaving = saidGoodbye
	}
	return nil
}

// overtaken stands for the time of a DISCONNECT that a frame has followed. The
// DISCONNECT itself is passed on, but that the broker closes upon it is no reason to
// end the session for: the refusal of what followed is.
const overtaken = -1

// leave notes a DISCONNECT, before the broker can answer it.
func (s *session) leave(h *frameinspect.Head) {
	s.leaving = sayingGoodbye
	if receipt, ok := h.Get("receipt"); ok {
		receipt = append([]byte{}, receipt...)
		s.awaited.Store(&receipt)
	}
	s.disconnectAt.Store(s.gw.clock())
	s.tickSoon()
}

// toBroker gathers a part of the frame in progress.
func (s *session) toBroker(p []byte, out *wire.Batch) error {
	if !out.Fits(len(p)) {
		if err := s.flushToBroker(out); err != nil {
			return err
		}
	}
	out.Add(p)
	return nil
}

// endOfClientInput writes what was gathered of an input, and lets go of it.
func (s *session) endOfClientInput(out *wire.Batch) error {
	err := s.flushToBroker(out)
	s.paused = false
	s.fromClient.Release()
	return err
}

// heldSince gives the time since which the broker may have kept the bytes in hand
// from being passed on: that of their reading, unless the gateway itself has paused.
func (s *session) heldSince() int64 {
	if s.paused {
		return s.gw.clock()
	}
	return s.client.readAt
}

// noteProgress notes whether the client is inside a frame or message, which must
// then go on within the frame timeout.
func (s *session) noteProgress() {
	since := s.midSince.Load()
	switch inside := !s.fromClient.Between() || !s.client.between(); {
	case inside && (s.client.progressed || since == 0):
		s.midSince.Store(s.heldSince())
	case !inside && since != 0:
		s.midSince.Store(0)
	}
	s.client.progressed = false
}

// flushToBroker writes what was gathered.
func (s *session) flushToBroker(out *wire.Batch) error {
	s.noteProgress()
	if out.Len() == 0 {
		return nil
	}
	begin := s.heldSince()
	s.brokerTurn.Lock()
	err := out.Flush(s.broker, begin)
	s.brokerMid = s.fate == forwarding
	now := s.gw.clock()
	if now-begin >= pausedFrom {
		s.noteHeldUp(now)
	}
	s.brokerTurn.Unlock()
	s.up.passed(int(s.newFrames), int(s.newBytes), now-begin)
	s.newFrames, s.newBytes = 0, 0
	if !s.sentFrame.Load() {
		s.sentFrame.Store(true)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errBrokerWrite, err)
	}
	s.brokerWritten.set(now)
	if s.spans != nil {
		s.spans.up.written(s.fate == forwarding)
	}
	if s.leaving == saidGoodbye && s.awaited.Load() == nil {
		return errDisconnected
	}
	return nil
}

// noteHeldUp notes that the client was not read until now, so that it was not silent
// of its own accord. It comes before others may find it read again.
func (s *session) noteHeldUp(now int64) {
	s.client.taken.set(now)
	if s.midSince.Load() != 0 {
		s.midSince.Store(now)
	}
}

// endPause ends a time in which the client was not read for the gateway's own
// reasons. It is nobody's back-pressure.
func (s *session) endPause() {
	s.paused = true
	s.noteHeldUp(s.gw.clock())
	s.pausing.Store(false)
}

// errDisconnected ends upstream after a DISCONNECT that wants no receipt.
var errDisconnected = errors.New("disconnected")

// endUpstream ends the session for the reason that upstream ended for.
func (s *session) endUpstream(err error) {
	var violation *frameinspect.Violation
	var closed clientClose
	var ended *endingError
	switch {
	case s.how() != nil:
	case errors.As(err, &ended):
		s.end(ended.ending)
	case errors.As(err, &violation):
		reason := ProtocolError
		if violation.TooBig() {
			reason = TooBig
		}
		s.end(endBy(reason, violation.Message, err).
			withError(errorFrame{code: violation.Code, message: violation.Message, receipt: violation.Receipt}))
	case errors.Is(err, errDisconnected), errors.As(err, &closed) && s.leaving != staying:
		s.end(endBy(Disconnected, "", err))
	case errors.As(err, &closed):
		e := endBy(ClientClosed, "", err)
		e.code = closed.code
		s.end(e)
	case errors.Is(err, websocket.ErrUTF8):
		const message = "a text message is not UTF-8"
		s.end(endBy(BadUTF8, message, err).withError(errorFrame{code: codeBadUTF8, message: message}))
	case errors.Is(err, websocket.ErrProtocol):
		s.end(endBy(ProtocolError, "websocket protocol violated", err))
	case errors.Is(err, errBrokerWrite) && errors.Is(err, os.ErrDeadlineExceeded):
		s.endBrokerLost("the broker does not take any more", err)
	case errors.Is(err, errBrokerWrite):
		s.awaitBrokersWord(err)
	case errors.Is(err, os.ErrDeadlineExceeded): // of a pong: reading has no deadline
		s.endSlowClient(err)
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		s.end(endBy(ClientClosed, "", errors.New("connection closed without a closing handshake")))
	default:
		s.end(endBy(ClientClosed, "", fmt.Errorf("read client: %w", err)))
	}
}

// awaitBrokersWord lets downstream read what the broker said before it closed
// the connection: most often an ERROR with the reason.
func (s *session) awaitBrokersWord(err error) {
	s.broker.SetReadDeadline(time.Now().Add(s.gw.options.CloseTimeout))
	s.pump.Wait()
	s.endBrokerLost("the connection to the broker broke", err)
}

func (s *session) endBrokerLost(message string, cause error) {
	s.end(endBy(BrokerLost, message, cause).withError(errorFrame{code: codeBrokerLost, message: message}))
}
