package gateway

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/websocket"
	"github.com/stompgw/stompgw/wire"
)

// framesDown turns what the broker sends into WebSocket messages: a frame is a
// message, and one that does not fit into a buffer is a message in fragments.
type framesDown struct {
	hold      *wire.Buffer // a frame that has not come whole, at the front; nil for none
	begin     int          // where the frame in progress begins in the buffer
	scanned   int          // how far the buffer is scanned
	streaming bool         // the frame in progress goes out in fragments
	text      bool         // and as text
	check     websocket.TextCheck
	wasError  bool         // the latest frame is an ERROR
	cut       bool         // its head went out without its body, which goes nowhere
	failed    *wire.Buffer // a buffer whose batch could not be written whole
	whole     int          // frames that ended since the traffic was counted
	farewell  error        // how the session ends after the frame in progress; nil for not
}

// startDownstream starts downstream, which begins with what came behind the
// broker's CONNECTED.
func (s *session) startDownstream(rest []byte) {
	s.fromBroker = frameinspect.NewScanner(frameinspect.Broker, s.gw.options.brokerLimits())
	s.fromBroker.SetVersion(s.version)
	now := s.gw.clock()
	s.brokerRead.set(now)
	s.brokerWritten.set(now)
	s.endPause() // a long login is no silence of the client's
	s.connectedAt, s.passedAt = now, now
	s.phase.Store(connected)
	s.tickSoon()
	s.pump.Add(1)
	s.broker.ParkIn(&s.gw.poller, brokerTaker{s})
	go s.downstream(rest)
}

// downstream reads the broker and writes to the client until the session ends,
// beginning with rest. While the broker is quiet it has returned.
func (s *session) downstream(rest []byte) {
	if !s.serveBroker(rest) {
		s.pump.Done()
	}
}

// serveBroker tells whether it returns because the broker's connection has parked.
// Then the session may be another goroutine's already.
func (s *session) serveBroker(rest []byte) (parked bool) {
	defer s.contain("downstream")
	var err error
	if len(rest) > 0 {
		buf := s.gw.pool.Get()
		buf.B = append(buf.B, rest...)
		err = s.takeFromBroker(buf, s.brokerRead.get())
	}
	if err == nil {
		err = s.broker.Serve(s.gw.pool, s.frames.lend(), brokerTaker{s})
	}
	if err == wire.ErrParked {
		return true
	}
	s.endDownstream(err)
	return false
}

// brokerTaker is downstream for what the broker's connection reads.
type brokerTaker struct{ s *session }

// Take implements wire.Taker.
func (t brokerTaker) Take(buf *wire.Buffer) (*wire.Buffer, error) {
	err := t.s.takeFromBroker(buf, t.s.broker.ReadAt())
	return t.s.frames.lend(), err
}

// Doze implements wire.Sleeper: a lone heart-beat is taken in.
func (t brokerTaker) Doze(p []byte) bool {
	s := t.s
	if !isBeat(p) || !s.fromBroker.Between() {
		return false
	}
	s.brokerRead.set(s.broker.ReadAt())
	s.down.bytes.Add(1)
	return true
}

// Resume implements wire.Sleeper.
func (t brokerTaker) Resume() { t.s.downstream(nil) }

// takeFromBroker sends on what the buffer holds beyond what was scanned before.
// It owns the buffer, and leaves in frames what lend gives of it. now is when its
// bytes came.
func (s *session) takeFromBroker(buf *wire.Buffer, now int64) error {
	f := &s.frames
	f.hold = buf
	s.downAt = now
	s.brokerRead.set(now)
	if isBeat(buf.B) && s.fromBroker.Between() {
		buf.B = buf.B[:0]
		s.down.bytes.Add(1)
		return nil
	}
	size := len(buf.B) - f.scanned
	err := s.scanBroker(buf)
	if err == nil {
		err = s.endOfInput(buf)
	}
	if f.failed == nil {
		if flushed := s.flushToClient(buf, f.streaming); flushed != nil {
			err = flushed
		}
	}
	if f.failed != nil {
		s.down.passed(f.whole, size, s.gw.clock()-now)
		f.hold = nil
		return err
	}
	if s.spans != nil {
		s.spans.down.written(!s.fromBroker.Between())
	}
	s.down.passed(f.whole, size, s.wroteAt-now)
	f.whole = 0
	s.fromBroker.Release()
	f.settle()
	return err
}

// flushToClient writes what was gathered. A buffer that cannot be written whole
// is set aside for the last words.
func (s *session) flushToClient(buf *wire.Buffer, inMessage bool) error {
	if !s.client.gathered(&buf.Out) {
		return nil
	}
	wroteAt, err := s.client.flush(&buf.Out, inMessage, s.downAt)
	if err != nil {
		s.frames.failed = buf
		return fmt.Errorf("%w: %w", errClientWrite, err)
	}
	s.wroteAt = wroteAt
	if err := s.sayUnsaid(); err != nil {
		return fmt.Errorf("%w: %w", errClientWrite, err)
	}
	return nil
}

// errClientWrite wraps what went wrong in writing to the client.
var errClientWrite = errors.New("write to client")

// scanBroker looks for frames in the buffer and gathers the whole ones.
func (s *session) scanBroker(buf *wire.Buffer) error {
	f := &s.frames
	for f.scanned < len(buf.B) {
		event, n, err := s.brokerEvent(buf.B[f.scanned:])
		if err != nil {
			return fmt.Errorf("broker %s sent nonsense: %w", s.target, err)
		}
		f.scanned += n
		switch event {
		case frameinspect.HeartBeats:
			f.begin = f.scanned
		case frameinspect.HeadComplete:
			s.brokerHead()
		case frameinspect.FrameEnd:
			f.whole++
			if err := s.emit(buf, true); err != nil {
				return err
			}
			if f.farewell != nil {
				return f.farewell
			}
		}
	}
	return nil
}

// brokerEvent takes the next step, a whole frame at a time where it can.
func (s *session) brokerEvent(p []byte) (frameinspect.Event, int, error) {
	if n := s.fromBroker.Whole(p); n > 0 {
		s.brokerHead()
		return frameinspect.FrameEnd, n, nil
	}
	return s.fromBroker.Next(p)
}

// brokerHead notes the frames that mean something to the session.
func (s *session) brokerHead() {
	f, h := &s.frames, s.fromBroker.Head()
	s.watched("client", h)
	if s.spans != nil {
		s.spans.toClient(s, h)
	}
	f.wasError = h.Command == frameinspect.CmdError
	switch h.Command {
	case frameinspect.CmdError:
		if s.gw.options.CloseOnError {
			f.farewell = &endingError{afterBrokersError(errors.New("STOMPGW_CLOSE_ON_ERROR is on"))}
		}
	case frameinspect.CmdReceipt:
		if awaited := s.awaited.Load(); awaited != nil {
			if id, _ := h.Get("receipt-id"); string(id) == string(*awaited) {
				f.farewell = errDisconnected
			}
		}
	}
}

// afterBrokersError is the ending of a session whose last word was an ERROR.
func afterBrokersError(cause error) ending {
	e := endBy(BrokerClosed, "the broker reported an error", cause)
	e.code = closeCodes[ProtocolError]
	return e
}

// endOfInput starts the streaming of a frame that does not fit into the buffer,
// and goes on with one that streams.
func (s *session) endOfInput(buf *wire.Buffer) error {
	f := &s.frames
	part := len(buf.B) - f.begin
	full := f.begin == 0 && len(buf.B) == cap(buf.B)
	tooBig := part >= sampleSize && s.fromBroker.Left() > int64(cap(buf.B)-part)
	if part > 0 && (f.streaming || full || tooBig) {
		return s.emit(buf, false)
	}
	return nil
}

// sampleSize is how much of a big frame is looked at, at least, to tell text from
// binary.
const sampleSize = 16 << 10

// emit gathers the frame in progress, or the part of it that came, as a message
// or a fragment.
func (s *session) emit(buf *wire.Buffer, last bool) error {
	f := &s.frames
	p := buf.B[f.begin:f.scanned]
	f.begin = f.scanned
	if f.wasError && !s.gw.options.KeepErrors {
		if p, last = s.cleaned(p, last); p == nil {
			return nil
		}
	}
	op, err := s.nextOpcode(p, last)
	if err != nil {
		return err
	}
	if !s.client.fits(&buf.Out, p) {
		if err := s.flushToClient(buf, f.streaming); err != nil {
			return err
		}
	}
	f.streaming = !last
	s.client.gather(&buf.Out, op, last, p)
	return nil
}

// cleaned gives what goes out of an ERROR instead of the part p. One that is too
// big to be held loses its body: the head goes out with the first part.
func (s *session) cleaned(p []byte, last bool) ([]byte, bool) {
	f := &s.frames
	switch {
	case f.cut:
		f.cut = !last
		return nil, true
	case f.streaming: // its head alone was too big to be held
		return p, last
	case last:
		return cleanError(p), true
	}
	if head := bareError(p); head != nil {
		f.cut = true
		return head, true
	}
	return p, last
}

// settle moves a frame that has not come whole to the front of the buffer. The
// batch must be written by now.
func (f *framesDown) settle() {
	buf := f.hold
	buf.B = buf.B[:copy(buf.B, buf.B[f.begin:])]
	f.scanned -= f.begin
	f.begin = 0
}

// lend gives away the buffer for the bytes to come, and remembers one that holds a
// frame in part; nil where there is none.
func (f *framesDown) lend() *wire.Buffer {
	buf := f.hold
	if buf != nil && len(buf.B) == 0 {
		f.hold = nil
	}
	return buf
}

// release gives back what is still held.
func (f *framesDown) release(pool *wire.Pool) {
	pool.Put(f.hold)
	pool.Put(f.failed)
	f.hold, f.failed = nil, nil
}

// endDownstream ends the session for the reason that downstream ended for.
func (s *session) endDownstream(err error) {
	var ended *endingError
	var violation *frameinspect.Violation
	switch {
	case s.how() != nil, s.disconnectAt.Load() == overtaken: // upstream is about to end it
	case errors.As(err, &ended):
		s.end(ended.ending)
	case errors.Is(err, errDisconnected):
		s.end(endBy(Disconnected, "", nil))
	case errors.Is(err, errNotText):
		s.end(notText(err))
	case errors.As(err, &violation):
		s.endBrokerLost("the broker sent something that is not STOMP", err)
	case errors.Is(err, errClientWrite) && errors.Is(err, os.ErrDeadlineExceeded):
		s.endSlowClient(err)
	case errors.Is(err, errClientWrite):
		s.end(endBy(ClientClosed, "", err))
	default:
		s.endBrokerGone(err)
	}
}

func (s *session) endSlowClient(cause error) {
	const message = "the client does not read what it is sent"
	s.end(endBy(SlowClient, message, cause).withError(errorFrame{code: codeSlowClient, message: message}))
}

// endBrokerGone ends a session whose broker closed the connection: in order
// between two frames, broken otherwise.
func (s *session) endBrokerGone(err error) {
	switch {
	case !errors.Is(err, io.EOF) || !s.fromBroker.Between():
		s.endBrokerLost("the connection to the broker broke", fmt.Errorf("read broker %s: %w", s.target, err))
	case s.frames.wasError:
		s.end(afterBrokersError(errors.New("the broker closed the connection after an ERROR")))
	case s.disconnectAt.Load() != 0:
		s.end(endBy(Disconnected, "", errors.New("the broker closed the connection after DISCONNECT")))
	default:
		s.end(endBy(BrokerClosed, "the broker closed the connection", nil))
	}
}
