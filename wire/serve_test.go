package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// takes is a Taker of a test.
type takes func(*Buffer) (*Buffer, error)

func (f takes) Take(b *Buffer) (*Buffer, error) { return f(b) }

var errEnough = errors.New("enough")

// until gathers what comes until it has come whole.
func until(whole string) (Taker, *strings.Builder) {
	got := &strings.Builder{}
	return takes(func(b *Buffer) (*Buffer, error) {
		got.Write(b.B)
		b.B = b.B[:0]
		if got.Len() >= len(whole) {
			return b, errEnough
		}
		return b, nil
	}), got
}

func serveSoon(c *Conn, pool *Pool, hold *Buffer, t Taker) <-chan result {
	done := make(chan result, 1)
	go func() { done <- result{err: c.Serve(pool, hold, t)} }()
	return done
}

// Plain and under TLS, whole and in parts.
func TestServe(t *testing.T) {
	const text = "what is read reaches the taker in order, once"
	for name, pair := range map[string]func(testing.TB) (*Conn, io.Writer){
		"plain": func(t testing.TB) (*Conn, io.Writer) {
			near, far := tcpPair(t)
			return New(near, 0), far
		},
		"TLS": func(t testing.TB) (*Conn, io.Writer) {
			c, far, _ := tlsPair(t, true, tls.VersionTLS13, 0)
			return c, far
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, far := pair(t)
			pool := newWatched(7)
			taker, got := until(text)
			done := serveSoon(c, &pool.Pool, nil, taker)
			for _, part := range []string{text[:1], text[1:30]} {
				write(t, far, part)
				pool.wantNoneOut(t) // also while it waits
			}
			write(t, far, text[30:])
			if r := await(t, done); r.err != errEnough || got.String() != text {
				t.Errorf("got %q, %v", got, r.err)
			}
			pool.wantNoneOut(t)
		})
	}
}

// What a taker leaves in its buffer stands before what comes next, and is still
// its own when reading fails.
func TestServeHolds(t *testing.T) {
	near, far := tcpPair(t)
	c, pool := New(near, 0), NewPool(100, 0)
	hold := pool.Get()
	hold.B = append(hold.B, "a fra"...)
	taken := make(chan string, 3)
	done := serveSoon(c, pool, hold, takes(func(b *Buffer) (*Buffer, error) {
		if b != hold {
			t.Error("it is another buffer")
		}
		taken <- string(b.B)
		return b, nil
	}))
	for _, step := range []struct{ part, want string }{{"me in", "a frame in"}, {" parts", "a frame in parts"}} {
		write(t, far, step.part)
		if got := <-taken; got != step.want {
			t.Errorf("got %q, want %q", got, step.want)
		}
	}
	far.Close()
	if r := await(t, done); r.err != io.EOF || string(hold.B) != "a frame in parts" {
		t.Errorf("got %v, and %q in the buffer", r.err, hold.B)
	}
}

// A peer that never stops sending does not keep its reader from what ends it.
func TestServeEndsUnderLoad(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(*Conn)
		want error
	}{
		"a deadline": {func(c *Conn) { c.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"closing":    {func(c *Conn) { c.Close() }, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := tcpPair(t)
			c, pool := New(near, 0), newWatched(64)
			flood(t, far)
			begun := make(chan struct{}, 1)
			done := serveSoon(c, &pool.Pool, nil, takes(func(b *Buffer) (*Buffer, error) {
				select {
				case begun <- struct{}{}:
				default:
				}
				b.B = b.B[:0]
				return b, nil
			}))
			<-begun
			tt.end(c)
			if r := await(t, done); !errors.Is(r.err, tt.want) {
				t.Errorf("got %v, want %v", r.err, tt.want)
			}
			pool.wantNoneOut(t)
		})
	}
}

// flood sends until the connection is closed.
func flood(t *testing.T, far net.Conn) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			if _, err := far.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		far.Close()
		<-over
	})
}
