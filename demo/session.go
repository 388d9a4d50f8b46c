package demo

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/stompgw/stompgw/frameinspect"
)

const (
	readBuffer = 16 << 10
	// lastWords is how long a client may take to read the last frame, and then
	// to close.
	lastWords = time.Second
)

// session is one client's connection.
type session struct {
	// set once
	id      string
	broker  *Broker
	conn    net.Conn
	out     *outbox
	ending  chan struct{} // closed by end
	endOnce sync.Once
	ended   SessionEnd // set before ending is closed

	// owned by the reader
	reader       frameReader
	version      frameinspect.Version // none before CONNECT
	connectBy    time.Time
	silence      time.Duration // the longest the client may be silent; zero for ever
	transactions map[string]*transaction

	// guarded by store.mu
	subscriptions map[string]*subscription
	unacked       map[string]*delivery // by the header that acknowledges it
	deliveries    int64
}

func newSession(b *Broker, conn net.Conn, id string) *session {
	s := &session{
		id: id, broker: b, conn: conn,
		out:           newOutbox(b.options.Outbound),
		ending:        make(chan struct{}),
		connectBy:     time.Now().Add(b.options.ConnectTimeout),
		transactions:  make(map[string]*transaction),
		subscriptions: make(map[string]*subscription),
		unacked:       make(map[string]*delivery),
	}
	s.reader = frameReader{
		scanner: frameinspect.NewScanner(frameinspect.Client, b.options.Frame),
		read:    s.readSome,
		buffer:  make([]byte, readBuffer),
	}
	return s
}

// run serves the client until either side has enough.
func (s *session) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		s.end(EndShutdown, context.Cause(ctx), nil)
		s.conn.Close()
	})
	defer stop()
	var writer sync.WaitGroup
	wroteAll := false
	writer.Go(func() { wroteAll = s.write() })
	s.read()
	s.broker.store.leave(s)
	writer.Wait()
	if wroteAll {
		linger(s.conn, lastWords)
	}
	s.conn.Close()
	s.broker.report(s.ended)
}

// end ends the session for the first reason that is given: what waits is
// written, then the last frame where there is one, and the reader is woken.
// It never blocks.
func (s *session) end(reason EndReason, cause error, last []byte) {
	s.endOnce.Do(func() {
		s.ended = SessionEnd{Remote: s.conn.RemoteAddr(), Reason: reason, Err: cause}
		close(s.ending)
		s.out.close(last, reason == EndSlowConsumer)
		_ = s.conn.SetReadDeadline(time.Unix(1, 0))
		_ = s.conn.SetWriteDeadline(time.Now().Add(lastWords))
	})
}

// endSlow ends the session of a client that does not keep up.
func (s *session) endSlow(why *refusal) {
	s.end(EndSlowConsumer, why, errorFrame(why, nil, frameinspect.V10))
}

// read handles frame after frame, and leads to the session's end.
func (s *session) read() {
	for {
		f, err := s.reader.next()
		if err != nil {
			s.endReading(err)
			return
		}
		// What answers the frame needs room, so a client that does not read is
		// not read from either.
		if !s.out.await(s.ending) {
			return
		}
		if err := s.handle(f); err != nil {
			var why *refusal
			if !errors.As(err, &why) {
				why = refuse("internal error", "%v", err)
			}
			s.refuse(why, f.get("receipt"))
			return
		}
		if f.command == frameinspect.CmdDisconnect {
			s.end(EndDisconnected, nil, nil)
			return
		}
	}
}

// endReading ends the session for what kept the next frame from coming. Where
// the session ended before, for another reason, that one stays.
func (s *session) endReading(err error) {
	var violation *frameinspect.Violation
	switch {
	case errors.As(err, &violation):
		receipt := violation.Receipt
		if s.version >= frameinspect.V11 {
			receipt = frameinspect.AppendUnescaped(nil, receipt)
		}
		s.refuse(refuse("malformed frame", "%s", violation.Message), string(receipt))
	case errors.Is(err, os.ErrDeadlineExceeded) && s.version == 0:
		why := refuse("no CONNECT", "the first frame did not come within %v", s.broker.options.ConnectTimeout)
		s.end(EndConnectTimeout, why, errorFrame(why, nil, frameinspect.V10))
	case errors.Is(err, os.ErrDeadlineExceeded):
		why := refuse("heart-beat lost", "nothing came for %v", s.silence)
		s.end(EndHeartBeatLost, why, errorFrame(why, nil, s.version))
	case errors.Is(err, io.EOF):
		s.end(EndClientClosed, nil, nil)
	default:
		s.end(EndClientClosed, err, nil)
	}
}

// refuse ends the session with an ERROR.
func (s *session) refuse(why *refusal, receipt string) {
	var extra []header
	if receipt != "" {
		extra = append(extra, header{"receipt-id", receipt})
	}
	if why == errNoVersion {
		extra = append(extra, header{"version", supported.String()})
	}
	s.end(EndProtocolError, why, errorFrame(why, extra, s.version))
}

// readSome reads what there is, within the time that the client has.
func (s *session) readSome(p []byte) (int, error) {
	by := s.connectBy
	if s.version != 0 {
		by = time.Time{}
		if s.silence > 0 {
			by = time.Now().Add(s.silence)
		}
	}
	if err := s.conn.SetReadDeadline(by); err != nil {
		return 0, err
	}
	select {
	case <-s.ending: // whose deadline was perhaps overwritten just now
		return 0, net.ErrClosed
	default:
		return s.conn.Read(p)
	}
}
