package e2e

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// A thousand sessions are opened and killed, and the gateway is as it was: no goroutine, descriptor or memory stays.
func TestThousandSessionsKilled(t *testing.T) {
	onlyGateway(t)
	b := rabbitMQ(t)
	t.Parallel()
	g := gw.Run(t, gw.Options{Plain: true, Env: b.env(map[string]string{"STOMPGW_PPROF": "true"})})
	killSessions(t, g, b, 1000) // what the runtime keeps for later, it has now
	base := atRest(t, g)
	killSessions(t, g, b, 1000)
	after := atRest(t, g)
	t.Logf("after the first thousand: %+v; after the second: %+v", base, after)
	if after.goroutines > base.goroutines+5 {
		t.Errorf("goroutines: %v, were %v", after.goroutines, base.goroutines)
	}
	if after.descriptors > base.descriptors+5 {
		t.Errorf("descriptors: %v, were %v", after.descriptors, base.descriptors)
	}
	// Less than half a kilobyte for each session.
	if after.heap > base.heap+500_000 {
		t.Errorf("heap: %.0f bytes, was %.0f", after.heap, base.heap)
	}
	if after.resident > base.resident+8<<20 {
		t.Errorf("resident memory: %.1f MiB, was %.1f MiB", after.resident/(1<<20), base.resident/(1<<20))
	}
	// A few goroutines and files serve the gateway itself.
	if base.goroutines > 50 || base.descriptors > 50 {
		t.Errorf("at rest there are %v goroutines and %v descriptors, want a handful", base.goroutines, base.descriptors)
	}
}

// killSessions opens sessions that subscribe and send, all at the same time, and ends them in several rude ways.
func killSessions(t *testing.T, g *gw.Gateway, b *backend, count int) {
	t.Helper()
	dest := b.topic(t)
	sessions := make(chan *stompws.Client, count)
	slots := make(chan struct{}, 32) // that many are opened at a time
	var all sync.WaitGroup
	for range count {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			c, err := stompws.Dial(ctx, g.URL, stompws.Options{})
			if err != nil {
				t.Errorf("open a session: %v", err)
				return
			}
			sessions <- c
			_ = c.Send("CONNECT", "", b.login("heart-beat", "0,0")...)
			if f, err := c.Read(30 * time.Second); err != nil || f.Command != "CONNECTED" {
				t.Errorf("log in: %v, %v", f, err)
				return
			}
			_ = c.Send("SUBSCRIBE", "", "id", "1", "destination", dest+"x", "receipt", "r")
			if f, err := c.Read(30 * time.Second); err != nil || f.Command != "RECEIPT" {
				t.Errorf("subscribe: %v, %v", f, err)
			}
		})
	}
	all.Wait()
	close(sessions)
	if got := g.Sessions(t); int(got) != len(sessions) && !t.Failed() {
		t.Errorf("sessions of the gateway: got %v, want %d", got, len(sessions))
	}
	i := 0
	for c := range sessions {
		i++
		switch i % 4 {
		case 0:
			_ = c.NetConn().(*net.TCPConn).SetLinger(0)
		case 1:
			_ = c.Write(stompws.Message{Data: []byte("SEND\ndestination:" + dest + "\ncontent-length:100\n\npart of a body")})
		case 2:
			_ = c.Send("DISCONNECT", "", "receipt", "bye")
		}
		c.Abort()
	}
}
