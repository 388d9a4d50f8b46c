package wire

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A sign of life needs nobody to come back, as long as it comes alone.
func TestDoze(t *testing.T) {
	near, far := tcpPair(t)
	k := newParkable(t, New(near, 0), &Poller{ParkAfter: time.Nanosecond})
	k.dozes = "beat"
	k.park()
	for range 3 {
		write(t, far, "beat")
		k.isStill()
	}
	before := Now()
	write(t, far, "frame")
	k.resumes()
	if k.ReadAt() < before {
		t.Error("it is not noted when bytes came")
	}
	if r := await(t, readSoon(k.Conn, &k.pool.Pool, nil)); r.err != nil || string(r.buf.B) != "frame" {
		t.Errorf("got %v, %v", r.buf, r.err)
	}
	k.isStill()
}

// Signs of life in quick succession bring the reader back, with nothing in hand.
func TestDozeNoMore(t *testing.T) {
	near, far := tcpPair(t)
	k := newParkable(t, New(near, 0), &Poller{})
	k.dozes = "beat"
	k.park()
	write(t, far, "beat")
	k.isStill()
	write(t, far, "beat")
	k.resumes()
	done := readSoon(k.Conn, &k.pool.Pool, nil)
	write(t, far, "frame")
	if r := await(t, done); r.err != nil || string(r.buf.B) != "frame" {
		t.Errorf("got %v, %v", r.buf, r.err)
	}
}

// What the poller has read comes before what it has not, through Serve.
func TestServeAfterDoze(t *testing.T) {
	near, far := tcpPair(t)
	k := newParkable(t, New(near, 0), &Poller{})
	want := strings.Repeat("more than the poller has room for, ", 20)
	taker, got := until(want)
	serve := func() <-chan result { return serveSoon(k.Conn, &k.pool.Pool, nil, taker) }
	if r := await(t, serve()); r.err != ErrParked {
		t.Fatalf("got %v, want to have parked", r.err)
	}
	write(t, far, want)
	k.resumes()
	if n := len(k.pool.made); n > 0 { // or many that wake together would take one each
		t.Errorf("%d buffers were taken before the reader came back", n)
	}
	if r := await(t, serve()); r.err != errEnough || got.String() != want {
		t.Errorf("got %q, %v", got, r.err)
	}
	k.pool.wantNoneOut(t)
}

// What reading fails for while the connection is parked is what Serve gives.
func TestServeEndsAfterDoze(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(*net.TCPConn)
		want error
	}{
		"the peer closes": {func(far *net.TCPConn) { far.Close() }, io.EOF},
		"the peer resets": {func(far *net.TCPConn) { far.SetLinger(0); far.Close() }, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := tcpPair(t)
			k := newParkable(t, New(near, 0), &Poller{})
			taker, _ := until("nothing")
			serve := func() <-chan result { return serveSoon(k.Conn, &k.pool.Pool, nil, taker) }
			if r := await(t, serve()); r.err != ErrParked {
				t.Fatalf("got %v, want to have parked", r.err)
			}
			tt.end(far)
			k.resumes()
			if r := await(t, serve()); !errors.Is(r.err, tt.want) {
				t.Errorf("got %v, want %v", r.err, tt.want)
			}
		})
	}
}

// A quiet connection gives its goroutine up between two reads, and not while the
// taker waits for the rest of something.
func TestServeParks(t *testing.T) {
	near, far := tcpPair(t)
	k := newParkable(t, New(near, 0), &Poller{})
	k.parking.quiet = true
	taker, got := until("oneten")
	serve := func() <-chan result { return serveSoon(k.Conn, &k.pool.Pool, nil, taker) }
	if r := await(t, serve()); r.err != ErrParked {
		t.Fatalf("got %v, want to have parked", r.err)
	}
	write(t, far, "one")
	k.resumes()
	k.parking.came = Now() - int64(parkAfter)
	if r := await(t, serve()); r.err != ErrParked || got.String() != "one" {
		t.Fatalf("got %q, %v, want to have parked again", got, r.err)
	}
	k.pool.wantNoneOut(t)
	write(t, far, "ten")
	k.resumes()
	if r := await(t, serve()); r.err != errEnough || got.String() != "oneten" {
		t.Errorf("got %q, %v", got, r.err)
	}
}

func TestServeDoesNotParkInAFrame(t *testing.T) {
	near, far := tcpPair(t)
	k := newParkable(t, New(near, 0), &Poller{})
	k.parking.quiet = false
	write(t, far, "half ")
	done := serveSoon(k.Conn, &k.pool.Pool, nil, takes(func(b *Buffer) (*Buffer, error) {
		k.parking.quiet = true
		if string(b.B) == "half and half" {
			b.B = b.B[:0]
			return b, errEnough
		}
		return b, nil
	}))
	write(t, far, "and half")
	if r := await(t, done); r.err != errEnough {
		t.Errorf("got %v", r.err)
	}
}
