package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
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
	rounds := []figures{}
	killSessions(t, g, b, 100) // whatever is made once is made now
	base := atRest(t, g)
	for range 2 {
		killSessions(t, g, b, 1000)
		rounds = append(rounds, atRest(t, g))
	}
	t.Logf("at rest: %+v; after each thousand: %+v", base, rounds)
	for i, r := range rounds {
		if r.goroutines > base.goroutines+5 {
			t.Errorf("goroutines after round %d: %v, were %v", i+1, r.goroutines, base.goroutines)
		}
		if r.descriptors > base.descriptors+5 {
			t.Errorf("descriptors after round %d: %v, were %v", i+1, r.descriptors, base.descriptors)
		}
		// A session that is kept has kilobytes; a thousand would be megabytes.
		if r.heap > base.heap+1<<20 {
			t.Errorf("heap after round %d: %.0f bytes, was %.0f", i+1, r.heap, base.heap)
		}
	}
	// The first round sets how much the runtime keeps for later; the second must fit into it.
	if a, z := rounds[0].resident, rounds[1].resident; z > a*1.2 {
		t.Errorf("resident memory after round 2: %.1f MiB, was %.1f MiB", z/(1<<20), a/(1<<20))
	}
}

type figures struct{ goroutines, descriptors, heap, resident float64 }

// atRest waits until no session is left and no goroutine is on its way out, and measures after a garbage collection.
func atRest(t *testing.T, g *gw.Gateway) figures {
	t.Helper()
	gw.Eventually(t, 30*time.Second, "no session left", func() bool { return g.Sessions(t) == 0 })
	var f, before figures
	gw.Eventually(t, 30*time.Second, "figures that stay as they are", func() bool {
		before = f
		collectGarbage(t, g)
		m, err := g.Scrape()
		if err != nil {
			t.Fatal(err)
		}
		f = figures{
			m.Sum("go_goroutines"), m.Sum("process_open_fds"),
			m.Sum("go_memstats_heap_alloc_bytes"), m.Sum("process_resident_memory_bytes"),
		}
		return f.goroutines == before.goroutines && f.descriptors == before.descriptors && f.heap < before.heap+100_000
	})
	return f
}

func collectGarbage(t *testing.T, g *gw.Gateway) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + g.Admin + "/debug/pprof/heap?gc=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("/debug/pprof/heap: %s", resp.Status)
	}
}

// killSessions opens sessions that subscribe and send, all at the same time, and ends them in several rude ways.
func killSessions(t *testing.T, g *gw.Gateway, b *backend, count int) {
	t.Helper()
	dest := topic(t)
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
