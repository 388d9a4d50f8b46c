package gateway

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stompgw/stompgw/wire"
)

// deafClient is a client that reads nothing.
func deafClient(t *testing.T) *client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return &client{conn: wire.New(near, 50*time.Millisecond), gw: &Gateway{}}
}

// fill gives a connection as much as its socket takes while nobody reads, and
// tells how much that was. The kernel may make room once more.
func fill(t *testing.T, c *wire.Conn) (n int64) {
	t.Helper()
	for full := 0; full < 30; {
		m, err := c.TryWrite(make([]byte, 64<<10))
		switch {
		case err == nil:
			n, full = n+int64(m), 0
		case errors.Is(err, wire.ErrFull):
			full++
			time.Sleep(10 * time.Millisecond)
		default:
			t.Fatal(err)
		}
	}
	return n
}

// What a batch leaves open is open too when only a part of it could be written: the
// rest goes out first in bye, and no ERROR may follow it inside the message.
func TestFailedFlushLeavesMessageOpen(t *testing.T) {
	c := deafClient(t)
	var out wire.Batch
	out.Add(make([]byte, 64<<20)) // more than the kernel takes
	if _, err := c.flush(&out, true, wire.Now()); err == nil {
		t.Fatal("the peer reads nothing, and the write succeeded")
	}
	if !c.inMessage {
		t.Error("a message that is begun counts as none: bye would write an ERROR into it")
	}
}

// Behind a part of a frame nothing may follow, while a socket that takes nothing at
// all leaves the leg as it is.
func TestControlInPart(t *testing.T) {
	c := deafClient(t)
	if sent, err := c.tryControl(make([]byte, 64<<20), nil); sent || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("more than the kernel takes: got %v, %v, want a short write", sent, err)
	}
	if err := c.control(pingFrame); !errors.Is(err, errBroken) {
		t.Errorf("a frame behind it: got %v, want %v", err, errBroken)
	}
	c = deafClient(t) // whose socket has room
	c.broken = true
	if sent, err := c.ping(); sent || err != nil {
		t.Errorf("a ping behind it: got %v, %v, want none", sent, err)
	}
}

func TestControlToFullSocket(t *testing.T) {
	c := deafClient(t)
	fill(t, c.conn)
	if sent, err := c.tryControl(make([]byte, 1<<20), nil); sent || err != nil || c.broken {
		t.Errorf("got %v, %v, broken %v, want nothing to have happened", sent, err, c.broken)
	}
}
