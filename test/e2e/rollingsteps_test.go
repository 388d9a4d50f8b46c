package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/stompgw/stompgw/test/gw"
)

// replace ends a gateway, waits until its clients are back at the others, and starts it again.
func (r *rolling) replace(i int) {
	t, g := r.t, r.running[i]
	t.Helper()
	before, refused := r.since(0, 0)
	had := int(g.Sessions(t))
	begin := time.Now()
	lastYes := unready(g)
	if err := g.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-g.Exited():
	case <-time.After(time.Minute):
		t.Fatal("still there a minute after SIGTERM")
	}
	stopped := lastYes()
	if err := g.Stop(); err != nil {
		t.Error(err)
	}
	r.running[i] = nil

	// Its successor lives and finds no broker: nobody may be sent there.
	r.meters[i].refuse()
	r.start(i, true)
	r.awaitAll("back")
	back := time.Now()
	if got := r.running[i].Metric(t, "stompgw_sessions_total"); got != 0 || r.running[i].Ready() {
		t.Errorf("gateway %d has had %v sessions before it was ready", i, got)
	}
	r.meters[i].accept(t)
	gw.Eventually(t, 20*time.Second, "ready once there is a broker", r.running[i].Ready)

	closes, failed := r.since(len(before), len(refused))
	if len(failed) > 0 && !r.full { // with thousands on one machine it is the broker that fails
		t.Errorf("gateway %d: %d attempts to connect failed although others could serve them:%s", i, len(failed), words(failed))
	}
	for _, c := range closes {
		if c.code != 1001 {
			t.Errorf("gateway %d: close code: got %d, want 1001", i, c.code)
		}
		if c.at.Before(stopped) {
			t.Errorf("gateway %d: a session was closed %s before readiness failed", i, stopped.Sub(c.at))
		}
	}
	if len(closes) < had/2 || len(closes) == 0 {
		t.Fatalf("gateway %d: %d of its %d sessions were closed", i, len(closes), had)
	}
	r.spreadOver(closes)
	t.Logf("gateway %d: %d sessions closed; all back %.1f s after SIGTERM, %.1f s after the last close; %d attempts failed; at most %d logins a second; %.0f logins waited",
		i, len(closes), back.Sub(begin).Seconds(), back.Sub(closes[len(closes)-1].at).Seconds(), len(failed), r.peakSince(begin), r.queued())
}

// kill ends a gateway without a word, so that all of its clients come back together.
func (r *rolling) kill(i int) {
	t := r.t
	t.Helper()
	before, refused := r.since(0, 0)
	begin := time.Now()
	if err := r.running[i].Kill(); err != nil {
		t.Error(err)
	}
	r.running[i] = nil
	gw.Eventually(t, time.Minute, "clients that have lost it", func() bool { return r.now() < r.clients })
	r.awaitAll("back")
	closes, failed := r.since(len(before), len(refused))
	r.start(i, false)
	t.Logf("gateway %d killed: %d sessions lost; all back after %.1f s, with %d attempts that failed:%s; at most %d logins a second; %.0f logins waited",
		i, len(closes), time.Since(begin).Seconds(), len(failed), words(failed), r.peakSince(begin), r.queued())
}

// unready polls /readyz from the signal on. The time it gives is when the last request began that was answered with yes.
func unready(g *gw.Gateway) (lastYes func() time.Time) {
	result := make(chan time.Time, 1)
	go func() {
		var last time.Time
		for {
			select {
			case <-g.Exited():
				result <- last
				return
			case <-time.After(20 * time.Millisecond):
			}
			if begin := time.Now(); g.Ready() {
				last = begin
			}
		}
	}()
	return func() time.Time { return <-result }
}

// spreadOver fails where the closes come too close together.
func (r *rolling) spreadOver(closes []closing) (took time.Duration) {
	r.t.Helper()
	first, last := closes[0].at, closes[0].at
	for _, c := range closes {
		if c.at.Before(first) {
			first = c.at
		}
		if c.at.After(last) {
			last = c.at
		}
	}
	took = last.Sub(first)
	var tenths [10]int
	for _, c := range closes {
		tenths[min(9, int(10*c.at.Sub(first)/max(took, 1)))]++
	}
	r.t.Logf("closes by tenth of %.1f s: %v", took.Seconds(), tenths)
	if took < r.spread/2 {
		r.t.Errorf("all sessions were closed within %s, want them spread over %s", took, r.spread)
	}
	for _, n := range tenths {
		if n > len(closes)*4/10 {
			r.t.Errorf("closes by tenth of their time: got %v, want no more than %d in one", tenths, len(closes)*4/10)
		}
	}
	return took
}

// words makes a list of errors short.
func words(errs []error) string {
	var b strings.Builder
	for i, err := range errs {
		if i == 5 {
			fmt.Fprintf(&b, " and %d more", len(errs)-i)
			break
		}
		fmt.Fprintf(&b, " %v;", err)
	}
	return b.String()
}
