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

	"github.com/stompgw/stompgw/internal/eventually"
)

// parkable is a connection whose reader parks whenever it can.
type parkable struct {
	*Conn
	t       *testing.T
	pool    *watched
	resumed chan struct{}
	dozes   string // what comes is dealt with while it is a part of this
}

// Doze implements Sleeper.
func (k *parkable) Doze(p []byte) bool { return strings.Contains(k.dozes, string(p)) }

// Resume implements Sleeper.
func (k *parkable) Resume() { k.resumed <- struct{}{} }

func newParkable(t *testing.T, c *Conn, p *Poller) *parkable {
	t.Helper()
	k := &parkable{Conn: c, t: t, pool: newWatched(1 << 10), resumed: make(chan struct{}, 10)}
	c.ParkIn(p, k)
	t.Cleanup(func() { c.Close() })
	return k
}

// park reads until the connection has parked.
func (k *parkable) park() {
	k.t.Helper()
	k.parking.quiet = true
	if r := await(k.t, readSoon(k.Conn, &k.pool.Pool, nil)); r.buf != nil || r.err != ErrParked {
		k.t.Fatalf("got %v, %v, want to have parked", r.buf, r.err)
	}
}

// resumes waits until the reader is called back.
func (k *parkable) resumes() {
	k.t.Helper()
	eventually.Receive(k.t, "the reader is called back", k.resumed)
}

// isStill fails where the reader was called back once more.
func (k *parkable) isStill() {
	k.t.Helper()
	select {
	case <-k.resumed:
		k.t.Fatal("the reader is called back twice")
	case <-time.After(20 * time.Millisecond):
	}
}

func TestParkedWithoutBuffer(t *testing.T) {
	near, far := tcpPair(t)
	k := newParkable(t, New(near, 0), &Poller{})
	for range 3 {
		k.park()
		write(t, far, "hello")
		k.resumes()
		r := await(t, readSoon(k.Conn, &k.pool.Pool, nil))
		if r.err != nil || string(r.buf.B) != "hello" {
			t.Fatalf("got %v, %v", r.buf, r.err)
		}
		k.pool.Put(r.buf)
		r.buf = nil
	}
	k.park()
	k.pool.wantNoneOut(t)
}

// Bytes that are there already when the connection parks.
func TestParkedTooLate(t *testing.T) {
	near, far := tcpPair(t)
	k := newParkable(t, New(near, 0), &Poller{})
	for range 3 { // armed a second and a third time too
		write(t, far, "hello")
		k.park()
		k.resumes()
		if r := await(t, readSoon(k.Conn, &k.pool.Pool, nil)); r.err != nil || string(r.buf.B) != "hello" {
			t.Fatalf("got %v, %v", r.buf, r.err)
		}
	}
	k.isStill()
}

// What brings a reader back, and what it then finds.
func TestParkedEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(c *Conn, far *net.TCPConn)
		want error
	}{
		{"the peer closes", func(_ *Conn, far *net.TCPConn) { far.Close() }, io.EOF},
		{"the peer closes one way", func(_ *Conn, far *net.TCPConn) { far.CloseWrite() }, io.EOF},
		{"a deadline is set", func(c *Conn, _ *net.TCPConn) { c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)) }, os.ErrDeadlineExceeded},
		{"a deadline has passed", func(c *Conn, _ *net.TCPConn) { c.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{"somebody closes", func(c *Conn, _ *net.TCPConn) { c.Close() }, net.ErrClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			near, far := tcpPair(t)
			k := newParkable(t, New(near, 0), &Poller{})
			k.park()
			tt.end(k.Conn, far)
			k.resumes()
			k.parking.quiet = true // a deadline keeps it from parking again, as closing does
			for range 2 {
				if r := await(t, readSoon(k.Conn, &k.pool.Pool, nil)); r.buf != nil || !errors.Is(r.err, tt.want) && r.err != ErrParked {
					t.Errorf("got %v, %v, want %v", r.buf, r.err, tt.want)
				} else if r.err == ErrParked {
					k.resumes()
				}
			}
			k.isStill()
		})
	}
}

// Frames that follow each other find the reader waiting.
func TestBusyConnectionDoesNotPark(t *testing.T) {
	near, far := tcpPair(t)
	k := newParkable(t, New(near, 0), &Poller{})
	k.parking.quiet, k.parking.came = false, Now()
	for range 3 {
		done := readSoon(k.Conn, &k.pool.Pool, nil)
		write(t, far, "hello")
		if r := await(t, done); r.err != nil || string(r.buf.B) != "hello" {
			t.Fatalf("got %v, %v", r.buf, r.err)
		}
	}
	k.parking.came -= int64(parkAfter)
	write(t, far, "hello")
	if r := await(t, readSoon(k.Conn, &k.pool.Pool, nil)); r.err != nil {
		t.Fatal(r.err)
	}
	if !k.parking.quiet {
		t.Error("it is not quiet although nothing came for long")
	}
}

// A frame in part is in a buffer anyway.
func TestNoParkingWithBuffer(t *testing.T) {
	near, far := tcpPair(t)
	k := newParkable(t, New(near, 0), &Poller{})
	hold := &Buffer{B: append(make([]byte, 0, 100), "begun"...)}
	done := readSoon(k.Conn, &k.pool.Pool, hold)
	write(t, far, ", ended")
	if r := await(t, done); r.err != nil || r.buf != hold || string(hold.B) != "begun, ended" {
		t.Fatalf("got %v, %v", r.buf, r.err)
	}
}

// What TLS has decrypted, or has of a record, is not waited for.
func TestParkedTLS(t *testing.T) {
	eachTLS(t, func(t *testing.T, c *Conn, far *tls.Conn, _ *net.TCPConn) {
		k := newParkable(t, c, &Poller{})
		for range 3 {
			k.park()
			want := pattern(5000) // one record, five buffers
			write(t, far, want)
			k.resumes()
			var got strings.Builder
			for got.Len() < len(want) {
				k.parking.quiet = true
				r := await(t, readSoon(c, &k.pool.Pool, nil))
				if r.err == ErrParked {
					k.resumes()
					continue
				}
				if r.err != nil {
					t.Fatal(r.err)
				}
				got.Write(r.buf.B)
			}
			if got.String() != want {
				t.Fatal("what came is not what was sent")
			}
		}
		k.park()
		k.pool.wantNoneOut(t)
	})
}

// A connection that has the descriptor of one that was closed while it parked is
// nothing but itself.
func TestPollerAfterClose(t *testing.T) {
	p := &Poller{}
	keep, _ := tcpPair(t)
	newParkable(t, New(keep, 0), p).park() // p lives on
	for range 20 {
		near, far := tcpPair(t)
		k := newParkable(t, New(near, 0), p)
		k.park()
		far.Close() // an event is on its way
		k.Close()
		k.resumes()
		k.isStill()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.known; n != 1 {
		t.Errorf("the poller knows %d connections, want 1", n)
	}
}

// Closing again does no harm to whoever has the descriptor by then.
func TestParkedAndClosedTwice(t *testing.T) {
	p := &Poller{}
	one, _ := tcpPair(t)
	first := newParkable(t, New(one, 0), p)
	first.park()
	two, far := tcpPair(t)
	second := newParkable(t, New(two, 0), p)
	second.park()
	first.Close()
	first.fd = second.fd
	first.Close()
	write(t, far, "hello")
	second.resumes()
}

// The poller goes with the last connection, its descriptor too, and comes back.
func TestPollerRests(t *testing.T) {
	p := &Poller{}
	for range 3 {
		near, far := tcpPair(t)
		before := descriptors(t)
		k := newParkable(t, New(near, 0), p)
		k.park()
		if got := descriptors(t); got != before+1 {
			t.Errorf("got %d descriptors while it is parked, want %d", got, before+1)
		}
		write(t, far, "hello")
		k.resumes()
		k.Close()
		eventually.True(t, "the poller to rest", func() bool { return descriptors(t) == before-1 })
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
