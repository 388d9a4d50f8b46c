package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

// narrow makes a connection take little before somebody reads.
func narrow(t *testing.T, near, far *net.TCPConn) {
	t.Helper()
	if err := near.SetWriteBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	if err := far.SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
}

var muchData = bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than any socket takes

// stuck writes in another goroutine until it fails, which it must.
func stuck(c *Conn) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := c.Write(muchData)
		done <- err
	}()
	return done
}

func wantPassed(t *testing.T, what string, done <-chan error) {
	t.Helper()
	if err := eventually.Receive(t, what+": the write ends", done); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%s: got %v, want a passed deadline", what, err)
	}
}

func TestWriteLimit(t *testing.T) {
	near, far := tcpPair(t)
	narrow(t, near, far)
	const limit = 400 * time.Millisecond
	c := New(near, limit)
	begin := time.Now()
	wantPassed(t, "nobody reads", stuck(c))
	if took := time.Since(begin); took < limit*7/8 {
		t.Errorf("gave up after %v, the limit is %v", took, limit)
	}
}

// A write counts from its own begin, however long ago the last one was.
func TestWriteLimitIsRenewed(t *testing.T) {
	near, far := tcpPair(t)
	c, pool := New(near, 100*time.Millisecond), NewPool(0, 100)
	for range 3 {
		time.Sleep(250 * time.Millisecond) // beyond the limit: it is the passing of time that is tested
		if _, err := c.Write([]byte("w")); err != nil {
			t.Fatal(err)
		}
		wantText(t, far, "w")
		time.Sleep(250 * time.Millisecond)
		buf := pool.Get()
		buf.Out.Add([]byte("f"))
		if err := buf.Out.Flush(c, Now()); err != nil {
			t.Fatal(err)
		}
		pool.Put(buf)
		wantText(t, far, "f")
	}
}

// The deadline is not set for every write, and never lags by more than an eighth.
func TestWriteLimitIsRenewedLazily(t *testing.T) {
	near, _ := tcpPair(t)
	const step = 8 * time.Minute
	c := New(near, stepsInLimit*step)
	now, changes := Now(), 0
	for range 100 {
		now += int64(10 * time.Second)
		before := c.writeUntil
		c.beginWrite(now)
		if c.writeUntil != before {
			changes++
		}
		if left := time.Duration(c.writeUntil - now); left > step || left < step*7/8 {
			t.Fatalf("a write may last %v, a step is %v", left, step)
		}
	}
	if changes < 10 || changes > 20 {
		t.Errorf("the deadline was changed %d times in 100 writes of 10 s each, want about 16", changes)
	}
}

func TestEndWrites(t *testing.T) {
	near, far := tcpPair(t)
	narrow(t, near, far)
	c := New(near, time.Hour)
	done := stuck(c)
	time.Sleep(50 * time.Millisecond) // for the write to be stuck more often than not
	c.EndWrites(time.Now().Add(20 * time.Millisecond))
	wantPassed(t, "in progress", done)
	wantPassed(t, "begun later", stuck(c))
	if _, err := c.TryWrite([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("TryWrite: got %v, want a passed deadline", err)
	}
	wantPassed(t, "after TryWrite", stuck(c))

	go io.Copy(io.Discard, far)
	c.LimitWrites(time.Now().Add(patience))
	if _, err := c.Write([]byte("last words")); err != nil {
		t.Errorf("after LimitWrites: %v", err)
	}
}

// However EndWrites and writers meet, no write outlives the end.
func TestEndWritesRaces(t *testing.T) {
	for range 50 {
		near, far := tcpPair(t)
		narrow(t, near, far)
		c := New(near, time.Hour)
		done := make(chan error, 1)
		go func() {
			for {
				if _, err := c.Write(muchData[:64<<10]); err != nil {
					done <- err
					return
				}
			}
		}()
		c.EndWrites(time.Now())
		wantPassed(t, "racing", done)
		near.Close()
		far.Close()
	}
}

func TestLimitWrites(t *testing.T) {
	near, far := tcpPair(t)
	narrow(t, near, far)
	c := New(near, time.Hour)
	c.LimitWrites(time.Now().Add(100 * time.Millisecond))
	wantPassed(t, "after LimitWrites", stuck(c))
}

func TestTryWrite(t *testing.T) {
	near, far := tcpPair(t)
	c := New(near, time.Hour)
	c.setWriteDeadline(time.Unix(1, 0)) // of an earlier write
	if n, err := c.TryWrite([]byte("beat")); n != 4 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	wantText(t, far, "beat")
	if _, err := c.Write([]byte("after")); err != nil {
		t.Fatalf("a write after TryWrite: %v", err)
	}
	wantText(t, far, "after")

	narrow(t, near, far)
	n, err := c.TryWrite(muchData)
	if n == 0 || n >= len(muchData) || err != nil {
		t.Fatalf("more than fits: got %d, %v", n, err)
	}
	for m := 1; m > 0; n += m { // the kernel may make room once more
		if m, err = c.TryWrite(muchData[n:]); m == 0 && !errors.Is(err, ErrFull) {
			t.Fatalf("full socket: got %v, want ErrFull", err)
		}
	}
	wantText(t, far, string(muchData[:n]))
	if _, err := c.Write([]byte("end")); err != nil {
		t.Fatal(err)
	}
	wantText(t, far, "end")
}

func TestCloseWrite(t *testing.T) {
	near, far := tcpPair(t)
	c, pool := New(near, patience), NewPool(100, 0)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(far); err != nil || len(rest) > 0 {
		t.Fatalf("got %q, %v, want the end", rest, err)
	}
	write(t, far, "still here")
	if buf, err := c.Read(pool, nil); err != nil || string(buf.B) != "still here" {
		t.Fatalf("got %v, %v", buf, err)
	}
}
