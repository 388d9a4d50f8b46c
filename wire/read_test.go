package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"weak"

	"github.com/stompgw/stompgw/internal/eventually"
)

// watched is a pool that knows which of its buffers somebody still has: those
// that the garbage collector cannot take.
type watched struct {
	Pool
	mu   sync.Mutex
	made []weak.Pointer[Buffer]
}

func newWatched(size int) *watched {
	w := &watched{}
	w.pool.New = func() any {
		b := &Buffer{B: make([]byte, 0, size), Out: Batch{copies: make([]byte, 0, size)}}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.made = append(w.made, weak.Make(b))
		return b
	}
	return w
}

// wantNoneOut waits until buffers were lent and none is out.
func (w *watched) wantNoneOut(t *testing.T) {
	t.Helper()
	eventually.True(t, "every buffer to be given back", func() bool {
		runtime.GC() // what only the pool has goes in two rounds
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, b := range w.made {
			if b.Value() != nil {
				return false
			}
		}
		return len(w.made) > 0
	})
}

func TestReadWaitsWithoutBuffer(t *testing.T) {
	near, far := tcpPair(t)
	waitsWithoutBuffer(t, New(near, 0), newWatched(1<<10), far)
}

// waitsWithoutBuffer reads what the far side says, again and again, and looks that
// the wait for it takes no buffer.
func waitsWithoutBuffer(t *testing.T, c *Conn, pool *watched, far io.Writer) {
	t.Helper()
	for range 3 {
		done := readSoon(c, &pool.Pool, nil)
		pool.wantNoneOut(t)
		write(t, far, "hello")
		r := await(t, done)
		if r.err != nil || string(r.buf.B) != "hello" {
			t.Fatalf("got %v, %v", r.buf, r.err)
		}
		pool.Put(r.buf)
		r.buf = nil
	}
}

func TestReadAppendsToHold(t *testing.T) {
	near, far := tcpPair(t)
	c, pool := New(near, 0), NewPool(1<<10, 0)
	var hold *Buffer
	for _, part := range []string{"a fra", "me in ", "parts"} {
		done := readSoon(c, pool, hold)
		write(t, far, part)
		r := await(t, done)
		if r.err != nil || hold != nil && r.buf != hold {
			t.Fatalf("got %p, %v, want %p", r.buf, r.err, hold)
		}
		hold = r.buf
	}
	if string(hold.B) != "a frame in parts" {
		t.Errorf("got %q", hold.B)
	}
}

func TestReadFillsNoMoreThanTheRoom(t *testing.T) {
	near, far := tcpPair(t)
	c, pool := New(near, 0), NewPool(7, 0)
	want := strings.Repeat("0123456789", 10)
	write(t, far, want)
	var got bytes.Buffer
	for got.Len() < len(want) {
		buf, err := c.Read(pool, nil)
		if err != nil || len(buf.B) == 0 || len(buf.B) > 7 || cap(buf.B) != 7 {
			t.Fatalf("got %v, %v", buf, err)
		}
		got.Write(buf.B)
		pool.Put(buf)
	}
	if got.String() != want {
		t.Errorf("got %q, want %q", got.String(), want)
	}
}

// How reading ends, with a buffer held and without.
func TestReadEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(c *Conn, far *net.TCPConn)
		want error
	}{
		{"the peer closes", func(_ *Conn, far *net.TCPConn) { far.Close() }, io.EOF},
		{"the peer closes one way", func(_ *Conn, far *net.TCPConn) { far.CloseWrite() }, io.EOF},
		{"the peer resets", func(_ *Conn, far *net.TCPConn) { far.SetLinger(0); far.Close() }, syscall.ECONNRESET},
		{"the deadline passes", func(c *Conn, _ *net.TCPConn) { c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)) }, os.ErrDeadlineExceeded},
		{"the deadline has passed", func(c *Conn, _ *net.TCPConn) { c.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{"somebody closes", func(c *Conn, _ *net.TCPConn) { c.Close() }, net.ErrClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, held := range []bool{false, true} {
				near, far := tcpPair(t)
				c, pool := New(near, 0), newWatched(100)
				var hold *Buffer
				if held {
					hold = &Buffer{B: append(make([]byte, 0, 100), "begun"...)}
				}
				done := readSoon(c, &pool.Pool, hold)
				tt.end(c, far)
				r := await(t, done)
				if !errors.Is(r.err, tt.want) {
					t.Errorf("held %t: got %v, want %v", held, r.err, tt.want)
				}
				if r.buf != hold || held && string(hold.B) != "begun" {
					t.Errorf("held %t: got buffer %v, want the one held", held, r.buf)
				}
			}
		})
	}
}

// A deadline that has passed can be moved on, and nothing is lost by it.
func TestReadAfterDeadline(t *testing.T) {
	near, far := tcpPair(t)
	c, pool := New(near, 0), NewPool(100, 0)
	c.SetReadDeadline(time.Unix(1, 0))
	write(t, far, "in time")
	if buf, err := c.Read(pool, nil); buf != nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v, %v", buf, err)
	}
	c.SetReadDeadline(time.Time{})
	buf, err := c.Read(pool, nil)
	if err != nil || string(buf.B) != "in time" {
		t.Fatalf("got %v, %v", buf, err)
	}
}

// What came before the end is read before the end is.
func TestReadBeforeEnd(t *testing.T) {
	near, far := tcpPair(t)
	c, pool := New(near, 0), NewPool(100, 0)
	write(t, far, "last words")
	far.Close()
	buf, err := c.Read(pool, nil)
	if err != nil || string(buf.B) != "last words" {
		t.Fatalf("got %v, %v", buf, err)
	}
	for range 2 {
		if buf, err := c.Read(pool, nil); buf != nil || err != io.EOF {
			t.Fatalf("got %v, %v, want the end", buf, err)
		}
	}
}

// A connection that is no socket holds its buffer, and works all the same.
func TestPipe(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c, pool := New(near, patience), NewPool(100, 100)
	done := readSoon(c, pool, nil)
	write(t, far, "hello")
	r := await(t, done)
	if r.err != nil || string(r.buf.B) != "hello" {
		t.Fatalf("got %v, %v", r.buf, r.err)
	}
	done = readSoon(c, pool, r.buf)
	write(t, far, ", you")
	if r = await(t, done); r.err != nil || string(r.buf.B) != "hello, you" {
		t.Fatalf("got %v, %v", r.buf, r.err)
	}
	go func() {
		r.buf.Out.Add([]byte("small"))
		r.buf.Out.Add(bytes.Repeat([]byte("L"), copyBelow))
		if err := r.buf.Out.Flush(c, Now()); err != nil {
			t.Error(err)
		}
		c.Close()
	}()
	got, err := io.ReadAll(far)
	if want := "small" + strings.Repeat("L", copyBelow); err != nil || string(got) != want {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
	if buf, err := c.Read(pool, nil); buf != nil || err == nil {
		t.Fatalf("got %v, %v after closing", buf, err)
	}
}
