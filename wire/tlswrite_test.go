package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// smallBuffers keeps the kernel from taking megabytes of what is written.
func smallBuffers(t *testing.T, c *Conn, peer *net.TCPConn) {
	t.Helper()
	if err := errors.Join(peer.SetReadBuffer(16<<10), c.secure.Conn.(*net.TCPConn).SetWriteBuffer(16<<10)); err != nil {
		t.Fatal(err)
	}
}

// filled gives a connection over TLS whose peer reads nothing, with so much
// written that no more can be: to the peer, a record that never ends.
func filled(t *testing.T, limit time.Duration) *Conn {
	t.Helper()
	c, _, transport := tlsPair(t, true, tls.VersionTLS13, limit)
	smallBuffers(t, c, transport)
	c.secure.brief.Store(true)
	defer c.secure.brief.Store(false)
	// Below TLS, which could not go on. What the sockets take comes to an end only
	// after some attempts that write nothing; for small writes later than for large.
	for _, size := range []int{64 << 10, 1} {
		for nothing := 0; nothing < 20; nothing++ {
			if n, _ := c.secure.Write(make([]byte, size)); n > 0 {
				nothing = 0
			}
		}
	}
	return c
}

// Who reads slowly, but reads, is waited for: also where a write lasts longer
// than the limit.
func TestTLSWriteToSlowPeer(t *testing.T) {
	const limit = time.Second
	c, far, transport := tlsPair(t, true, tls.VersionTLS13, limit)
	smallBuffers(t, c, transport)
	text := pattern(384 << 10)
	begin, done := time.Now(), make(chan error, 1)
	go func() { _, err := c.Write([]byte(text)); done <- err }()
	got := make([]byte, 0, len(text))
	for b := make([]byte, 64<<10); len(got) < len(text); {
		n, err := far.Read(b)
		if got = append(got, b[:n]...); err != nil {
			t.Fatalf("after %d bytes: %v, the write: %v", len(got), err, <-done)
		}
		time.Sleep(20 * time.Millisecond) // this is the slow peer
	}
	if err := <-done; err != nil || string(got) != text {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took < limit*3/2 {
		t.Errorf("it took %v, so nothing was shown", took)
	}
}

func TestTLSWriteToDeafPeer(t *testing.T) {
	const limit = 200 * time.Millisecond
	c := filled(t, limit)
	begin := time.Now()
	if _, err := c.Write(make([]byte, 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took < limit || took > patience/2 {
		t.Errorf("it took %v, want little more than %v", took, limit)
	}
}

// Who is gone is not waited for.
func TestTLSWriteToPeerThatLeft(t *testing.T) {
	c, _, transport := tlsPair(t, true, tls.VersionTLS13, patience)
	if err := errors.Join(transport.SetLinger(0), transport.Close()); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	var err error
	for err == nil { // the reset may be on its way
		_, err = c.Write([]byte("hello"))
	}
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("got %v, want a reset", err)
	}
	if took := time.Since(begin); took > patience/stepsInLimit/2 {
		t.Errorf("it took %v", took)
	}
}

func TestTLSEndWrites(t *testing.T) {
	c := filled(t, patience)
	done := make(chan error, 1)
	go func() { _, err := c.Write(make([]byte, 1<<20)); done <- err }()
	c.EndWrites(time.Now().Add(50 * time.Millisecond))
	select {
	case err := <-done:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	case <-time.After(patience / 2):
		t.Fatal("the write goes on")
	}
}

// TLS by itself would wait five seconds for its last word to be taken.
func TestTLSClosesAtOnce(t *testing.T) {
	c := filled(t, patience)
	begin := time.Now()
	_ = c.Close() // it says that the last word was not taken
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestTLSCloseSaysSo(t *testing.T) {
	c, far, _ := tlsPair(t, true, tls.VersionTLS13, patience)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(far); err != nil || len(b) > 0 {
		t.Errorf("got %q, %v, want the end in order", b, err)
	}
}

func TestTLSTryWrite(t *testing.T) {
	c, far, _ := tlsPair(t, true, tls.VersionTLS13, patience)
	if n, err := c.TryWrite([]byte("ping")); n != 4 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	wantText(t, far, "ping")

	c = filled(t, patience)
	begin := time.Now()
	if n, err := c.TryWrite([]byte("ping")); n != 0 || !errors.Is(err, ErrFull) {
		t.Errorf("full: got %d, %v, want ErrFull", n, err)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %v", took)
	}

	// Where the kernel was wrong about the room, there is no second step.
	steps := &steps{Conn: c.secure.Conn}
	c.secure.Conn = steps
	c.secure.brief.Store(true)
	if n, err := c.secure.Write([]byte("ping")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || steps.n != 1 {
		t.Errorf("no room after all: got %d, %v after %d steps, want a passed deadline after 1", n, err, steps.n)
	}
}

// steps counts how often a write was given time.
type steps struct {
	net.Conn
	n int
}

func (s *steps) SetWriteDeadline(t time.Time) error {
	s.n++
	return s.Conn.SetWriteDeadline(t)
}

// What the peer has yet to take keeps nothing back, such as the ping that comes
// right behind a heart-beat, as long as the socket has room.
func TestTLSTryWriteBehindOthers(t *testing.T) {
	c, far, transport := tlsPair(t, true, tls.VersionTLS13, patience)
	if err := transport.SetReadBuffer(16 << 10); err != nil {
		t.Fatal(err)
	}
	text := pattern(64 << 10) // more than the peer takes unread, and less than the sockets
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"beat", "ping"} {
		if n, err := c.TryWrite([]byte(p)); n != 4 || err != nil {
			t.Fatalf("%s: got %d, %v", p, n, err)
		}
	}
	wantText(t, far, text+"beat"+"ping")
}

// What a socket with room does not take at once has a moment.
func TestTLSTryWriteHasAMoment(t *testing.T) {
	c, _, transport := tlsPair(t, true, tls.VersionTLS13, patience)
	smallBuffers(t, c, transport)
	begin := time.Now()
	n, err := c.TryWrite(make([]byte, 1<<20))
	if n == 0 || n == 1<<20 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d, %v, want a part and a passed deadline", n, err)
	}
	if took := time.Since(begin); took < lastWordFor || took > patience/stepsInLimit/2 {
		t.Errorf("it took %v, want little more than %v", took, lastWordFor)
	}
}

// fronted is a connection with something in front of its socket.
type fronted struct{ net.Conn }

func (f fronted) Socket() net.Conn { return f.Conn }

func TestSocketBehindFront(t *testing.T) {
	near, far := tcpPair(t)
	c := New(fronted{near}, patience)
	if c.raw == nil || c.conn != net.Conn(near) {
		t.Fatal("the socket is not found")
	}
	cert, _ := certificate(t)
	mine := Secure(fronted{near}, func(n net.Conn) *tls.Conn {
		return tls.Server(n, &tls.Config{Certificates: []tls.Certificate{cert}})
	})
	if c = New(mine, patience); c.secure == nil {
		t.Error("TLS: the socket is not found")
	}
	_ = far
}
