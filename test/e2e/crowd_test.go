package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/stompgw/stompgw/test/stompws"
)

// crowd is clients that behave as stompjs does: they connect, and whenever the connection ends they wait for the
// reconnect delay and connect again.
type crowd struct {
	url            string
	login          []string // headers of CONNECT
	reconnectDelay time.Duration

	mu        sync.Mutex
	connected int
	closes    []closing
	refused   []error // attempts that did not get to CONNECTED
}

// closing is the end of a session that was connected.
type closing struct {
	at   time.Time
	code int
}

// member runs one client until the context ends. do is called with each session that is connected and returns when
// its connection has ended, or the context.
func (c *crowd) member(ctx context.Context, do func(ctx context.Context, s *stompws.Client) error) {
	for ctx.Err() == nil {
		s, err := c.connect(ctx)
		if err != nil {
			if ctx.Err() == nil {
				c.note(func() { c.refused = append(c.refused, err) })
			}
		} else {
			c.note(func() { c.connected++ })
			err = do(ctx, s)
			var closed stompws.CloseError
			errors.As(err, &closed)
			c.note(func() {
				c.connected--
				if ctx.Err() == nil {
					c.closes = append(c.closes, closing{time.Now(), closed.Code})
				}
			})
			s.Abort()
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.reconnectDelay):
		}
	}
}

func (c *crowd) note(what func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what()
}

// connect opens a session and logs in. stompjs knows no end to the wait for CONNECTED; a test does.
func (c *crowd) connect(ctx context.Context) (*stompws.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	s, err := stompws.Dial(ctx, c.url, stompws.Options{})
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, s.Abort)()
	if err := s.Send("CONNECT", "", c.login...); err != nil {
		s.Abort()
		return nil, err
	}
	f, err := s.Read(2 * time.Minute)
	if err == nil && f.Command != "CONNECTED" {
		err = fmt.Errorf("instead of CONNECTED: %v", f)
	}
	if err != nil {
		s.Abort()
		return nil, err
	}
	return s, nil
}

// now gives the number of clients that are connected.
func (c *crowd) now() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connected
}

// since gives how sessions ended, and what attempts failed, since there were so many of both.
func (c *crowd) since(closes, refused int) ([]closing, []error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.closes[closes:]), slices.Clone(c.refused[refused:])
}

// ledger says what became of numbered messages. Each number is sent once: where the producer lost its connection
// before the receipt came, the broker may have it or not.
type ledger struct {
	mu          sync.Mutex
	next        int
	sent        map[int]bool // and confirmed by a receipt
	acking      map[int]bool // an ACK was sent
	acked       map[int]bool // and confirmed by a receipt
	redelivered int
	again       []int // came after they were acknowledged
}

func newLedger() *ledger {
	return &ledger{sent: map[int]bool{}, acking: map[int]bool{}, acked: map[int]bool{}}
}

func (l *ledger) take() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return l.next
}

func (l *ledger) confirm(sent int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[sent] = true
}

func (l *ledger) deliver(n int, redelivered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if redelivered {
		l.redelivered++
	}
	if l.acked[n] {
		l.again = append(l.again, n)
	}
}

// ack notes that an ACK goes out, before it does, or that its receipt has come.
func (l *ledger) ack(numbers []int, confirmed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range numbers {
		if l.acking[n] = true; confirmed {
			l.acked[n] = true
		}
	}
}

// missing gives the messages that the broker took and nobody has acknowledged.
func (l *ledger) missing() (list []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range l.sent {
		if !l.acking[n] {
			list = append(list, n)
		}
	}
	return list
}

// produce sends numbered messages, one after the other, each when the one before is confirmed and the pause is over.
func (l *ledger) produce(queue string, pause time.Duration) func(context.Context, *stompws.Client) error {
	return func(ctx context.Context, s *stompws.Client) error {
		for ctx.Err() == nil {
			n := strconv.Itoa(l.take())
			if err := s.Send("SEND", n, "destination", queue, "receipt", n); err != nil {
				_, err = s.Read(time.Minute) // says how the connection ended
				return err
			}
			f, err := s.Read(time.Minute)
			if err != nil {
				return err
			}
			if f.Command == "RECEIPT" {
				sent, _ := strconv.Atoi(f.Get("receipt-id"))
				l.confirm(sent)
			}
			if err := idle(pause)(ctx, s); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
}

// consume takes messages and acknowledges a few together, late, so that some are always unacknowledged: each by itself
// or, with mode client, all of them by the last.
func (l *ledger) consume(queue, mode string) func(context.Context, *stompws.Client) error {
	return func(ctx context.Context, s *stompws.Client) error {
		_ = s.Send("SUBSCRIBE", "", "id", "1", "destination", queue, "ack", mode, "prefetch-count", "4")
		var held []stompws.Frame
		waiting := map[string][]int{} // by receipt: what it confirms
		for ctx.Err() == nil {
			f, err := s.Read(50 * time.Millisecond)
			switch {
			case errors.Is(err, stompws.ErrTimeout):
			case err != nil:
				return err
			case f.Command == "MESSAGE":
				n, _ := strconv.Atoi(string(f.Body))
				l.deliver(n, f.Get("redelivered") == "true")
				held = append(held, f)
			case f.Command == "RECEIPT":
				l.ack(waiting[f.Get("receipt-id")], true)
			}
			if len(held) == 0 || err == nil && len(held) < 3 {
				continue
			}
			var numbers []int
			for i, f := range held {
				n, _ := strconv.Atoi(string(f.Body))
				numbers = append(numbers, n)
				if mode == "client" && i < len(held)-1 {
					continue
				}
				id := f.Get("message-id")
				l.ack(numbers, false)
				waiting[id], numbers = numbers, nil
				_ = s.Send("ACK", "", "id", f.Get("ack"), "receipt", id) // reading finds that the connection ended
			}
			held = nil
		}
		return ctx.Err()
	}
}

// idle does nothing for a time but to notice the end.
func idle(d time.Duration) func(context.Context, *stompws.Client) error {
	return func(ctx context.Context, s *stompws.Client) error {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return untilEnd(ctx, s)
	}
}

// untilEnd does nothing until the connection or the context ends, which is no error.
func untilEnd(ctx context.Context, s *stompws.Client) error {
	for ctx.Err() == nil {
		deadline, ok := ctx.Deadline()
		wait := time.Second
		if ok {
			wait = min(wait, time.Until(deadline))
		}
		if _, err := s.Read(wait); err != nil && !errors.Is(err, stompws.ErrTimeout) {
			return err
		}
	}
	return nil
}
