package wire

import (
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stompgw/stompgw/internal/eventually"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// tcpPair gives the two ends of a TCP connection.
func tcpPair(t testing.TB) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close(); f.Close() })
	if err := f.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		t.Fatal(err)
	}
	return n.(*net.TCPConn), f.(*net.TCPConn)
}

// result is what a Read that runs in another goroutine came to.
type result struct {
	buf *Buffer
	err error
}

func readSoon(c *Conn, pool *Pool, hold *Buffer) <-chan result {
	done := make(chan result, 1)
	go func() {
		buf, err := c.Read(pool, hold)
		done <- result{buf, err}
	}()
	return done
}

func await(t testing.TB, done <-chan result) result {
	t.Helper()
	return eventually.Receive(t, "the read returns", done)
}

func write(t testing.TB, w io.Writer, s string) {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
}

// wantText reads so many bytes from the far end.
func wantText(t testing.TB, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("got %.100q, %v, want %.100q", got[:n], err, want)
	}
}
