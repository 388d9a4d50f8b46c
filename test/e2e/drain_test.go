package e2e

import (
	"syscall"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// SIGTERM: readiness fails first while sessions go on, then they are closed with 1001 over the spread, then the
// program ends with status 0.
func TestDrain(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		g := gw.Run(t, gw.Options{Env: b.env(map[string]string{
			"STOMPGW_DRAIN_DELAY": "4s", "STOMPGW_DRAIN_SPREAD": "2s", "STOMPGW_DRAIN_TIMEOUT": "15s",
		})})
		var sessions []*stompws.Session
		for range 10 {
			s := stompws.Open(t, g.URL, stompws.Options{})
			s.Connect(b.login()...)
			sessions = append(sessions, s)
		}
		if err := g.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		gw.Eventually(t, 3*time.Second, "not ready", func() bool { return !g.Ready() })
		alive(t, b, sessions[0]) // within the delay
		ends := make(chan time.Duration, len(sessions))
		for _, s := range sessions {
			go func() {
				code, _, err := s.CloseCode(stompws.Patience)
				if code != 1001 {
					t.Errorf("close code: got %d (%v), want 1001", code, err)
				}
				ends <- time.Since(start)
			}()
		}
		first, last := time.Hour, time.Duration(0)
		for range sessions {
			took := <-ends
			first, last = min(first, took), max(last, took)
		}
		if first < 3500*time.Millisecond {
			t.Errorf("the first session was closed after %s, within the delay of 4s", first)
		}
		if last-first < 500*time.Millisecond {
			t.Errorf("all sessions were closed within %s, want them spread over 2s", last-first)
		}
		select {
		case <-g.Exited():
		case <-time.After(15 * time.Second):
			t.Error("still there 15 s after its last session")
		}
	})
}

// A second signal ends at once.
func TestSecondSignal(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	fake := startFake(t, func(c *stompws.Client) {
		if answerConnect(c, "0,0") {
			drainUntilEnd(c)
		}
	})
	g, err := gw.Start(gw.Options{Env: fakeEnv(fake.addr, "STOMPGW_DRAIN_DELAY", "60s", "STOMPGW_DRAIN_TIMEOUT", "90s")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Kill() })
	s := stompws.Open(t, g.URL, stompws.Options{})
	s.Connect("accept-version", "1.2", "host", "/")
	_ = g.Signal(syscall.SIGTERM)
	gw.Eventually(t, 5*time.Second, "not ready", func() bool { return !g.Ready() })
	_ = g.Signal(syscall.SIGTERM)
	select {
	case <-g.Exited():
	case <-time.After(5 * time.Second):
		t.Error("still there 5 s after the second signal")
	}
}
