package gateway

import (
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// An idle session has no goroutine, on neither leg, and each frame brings one back.
func TestIdleSessionHasNoGoroutine(t *testing.T) {
	g := newSerialGateway(t, nil)
	g.poller.ParkAfter = time.Nanosecond
	b, p := g.connect("", "")
	idle := func() bool {
		var stacks strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err != nil {
			t.Fatal(err)
		}
		return !strings.Contains(stacks.String(), "(*session)")
	}
	g.eventually("the session to be idle", idle)
	b.text("SEND\ndestination:/queue/a\n\nhello\x00")
	p.wantFrame("SEND\ndestination:/queue/a\n\nhello")
	p.write("MESSAGE\nmessage-id:1\n\nhello\x00")
	b.wantMessage("MESSAGE\nmessage-id:1\n\nhello")
	g.eventually("the session to be idle again", idle)
	b.text("DISCONNECT\nreceipt:1\n\n\x00")
	p.wantFrame("DISCONNECT\nreceipt:1\n\n")
	p.write("RECEIPT\nreceipt-id:1\n\n\x00")
	b.wantMessage("RECEIPT\nreceipt-id:1\n\n")
	b.wantClose(1000)
	g.ended(Disconnected, 1)
}
