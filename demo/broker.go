package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stompgw/stompgw/frameinspect"
)

// Broker is an in-memory STOMP broker, for development only.
//
// A /topic/NAME sends each message to every subscription there is at that time.
// A /queue/NAME sends each message to one consumer, in turn, and keeps it while
// there is none. Names are literal, there are no wildcards, and every other
// destination is refused. A message that is not acknowledged goes back to where
// it stood in its queue, marked redelivered:true, when it is refused (NACK,
// unless requeue:false says to drop it, as with RabbitMQ), when its subscription
// ends, and when its consumer's connection ends.
//
// Every ERROR closes the connection, as STOMP asks for.
type Broker struct {
	options  Options
	store    *store
	open     atomic.Int64
	sessions atomic.Int64
}

// NewBroker makes a broker. The error names every option that is out of range.
func NewBroker(options Options) (*Broker, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("new demo broker: %w", err)
	}
	return &Broker{options: o, store: newStore(o)}, nil
}

// Serve lets clients in from l until the context ends, then closes their
// connections, waits for all it started, and returns nil. It returns an error
// when l fails. Either way it closes l. It may be called again, and several
// times at once: the messages are the broker's.
func (b *Broker) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	defer l.Close()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()

	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case outOfDescriptors(err):
			pause(ctx, 50*time.Millisecond)
			continue
		case err != nil:
			return fmt.Errorf("accept clients on %s: %w", l.Addr(), err)
		}
		if b.open.Add(1) > int64(b.options.Connections) {
			b.turnAway(conn)
			b.open.Add(-1)
			continue
		}
		s := newSession(b, conn, "s"+strconv.FormatInt(b.sessions.Add(1), 10))
		running.Go(func() {
			defer b.open.Add(-1)
			s.run(ctx)
		})
	}
}

// turnAway tells a client that there are too many. It is done in the accepting
// goroutine, so that a crowd at the door costs time but no memory.
func (b *Broker) turnAway(conn net.Conn) {
	full := refuse("too many connections", "this broker takes %d connections at once", b.options.Connections)
	_ = conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = conn.Write(errorFrame(full, nil, frameinspect.V10))
	linger(conn, 100*time.Millisecond)
	conn.Close()
	b.report(SessionEnd{Remote: conn.RemoteAddr(), Reason: EndTurnedAway, Err: full})
}

func (b *Broker) report(e SessionEnd) {
	if b.options.SessionEnded != nil {
		b.options.SessionEnded(e)
	}
}

// linger lets the client read what was written last: closing a socket that
// holds unread bytes resets the connection, and the last frame with it.
func linger(conn net.Conn, atMost time.Duration) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(atMost))
	_, _ = io.Copy(io.Discard, conn)
}

// outOfDescriptors tells whether accepting failed for a reason that passes.
func outOfDescriptors(err error) bool {
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary()
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
