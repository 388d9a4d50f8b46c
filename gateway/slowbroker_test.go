package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/broker"
)

// A broker that takes nothing for longer than its limit loses the session, and the
// client is told so.
func TestBrokerThatTakesNoMore(t *testing.T) {
	g := newTestGateway(t, nil)
	var err error
	g.brokers, err = broker.New(broker.Options{
		Endpoints:   []broker.Endpoint{{Address: g.listener.Addr().String()}},
		DialTimeout: time.Second, BackoffMin: time.Millisecond, BackoffMax: time.Millisecond, WriteLimit: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := g.connect("", "") // nobody reads at the broker's
	done := make(chan struct{})
	go func() {
		defer close(done)
		frame := wsFrame(0x82, "SEND\n\n"+repeat("y", 256<<10)+"\x00")
		for {
			if _, err := b.Write(frame); err != nil {
				return // the connection was closed
			}
		}
	}()
	if got := b.wantError("broker_lost"); !strings.Contains(got, "message:the broker does not take any more\n") {
		t.Errorf("got %q", got)
	}
	if m, err := b.next(); err != nil || m.op != 8 || int(m.payload[0])<<8|int(m.payload[1]) != 1014 { // no answer: a message is on its way
		t.Errorf("got opcode %d, %q, %v, want close 1014", m.op, m.payload, err)
	}
	b.Close()
	<-done
	g.ended(BrokerLost, 1)
	if g.sessions.census().up.paused.Load() == 0 {
		t.Error("no time was counted as held up")
	}
}
