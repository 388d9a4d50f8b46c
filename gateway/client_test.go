package gateway

import (
	"net"
	"testing"
	"time"

	"github.com/stompgw/stompgw/wire"
)

// What a batch leaves open is open too when only a part of it could be written: the
// rest goes out first in bye, and no ERROR may follow it inside the message.
func TestFailedFlushLeavesMessageOpen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	c := client{conn: wire.New(near, 50*time.Millisecond)}
	defer c.conn.Close()
	var out wire.Batch
	out.Add(make([]byte, 64<<20)) // more than the kernel takes
	if _, err := c.flush(&out, true, wire.Now()); err == nil {
		t.Fatal("the peer reads nothing, and the write succeeded")
	}
	if !c.inMessage {
		t.Error("a message that is begun counts as none: bye would write an ERROR into it")
	}
}
