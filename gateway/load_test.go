package gateway

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// wantPaused waits until so many sessions wait for each side.
func (g *testGateway) wantPaused(toBroker, toClient int) {
	g.t.Helper()
	want := fmt.Sprintf(`
# HELP stompgw_sessions_limit The most sessions at a time: STOMPGW_MAX_SESSIONS.
# TYPE stompgw_sessions_limit gauge
stompgw_sessions_limit 100
# HELP stompgw_sessions_paused Sessions that now wait for a side to read, by that side.
# TYPE stompgw_sessions_paused gauge
stompgw_sessions_paused{to="broker"} %d
stompgw_sessions_paused{to="client"} %d
`, toBroker, toClient)
	g.eventually("paused sessions:"+want, func() bool {
		return testutil.CollectAndCompare(loadCollector{g.Gateway}, strings.NewReader(want)) == nil
	})
}

// A session counts as paused while a side does not read, and no longer.
func TestPausedSessions(t *testing.T) {
	frame := "SEND\ndestination:/a\n\n" + repeat("x", 60<<10) + "\x00"
	for _, to := range []string{"broker", "client"} {
		t.Run(to, func(t *testing.T) {
			g := newTestGateway(t, nil)
			b, p := g.connect("", "")
			g.wantPaused(0, 0)
			var done sync.WaitGroup
			defer done.Wait()
			if to == "broker" {
				done.Go(func() {
					for range 300 {
						_, _ = b.Write(wsFrame(0x81, frame)) // until the test ends it
					}
				})
				g.wantPaused(1, 0)
				done.Go(func() { _, _ = io.Copy(io.Discard, p.r) })
			} else {
				message := strings.Replace(frame, "SEND", "MESSAGE", 1)
				done.Go(func() {
					for range 300 {
						_, _ = io.WriteString(p.Conn, message) // until the test ends it
					}
				})
				g.wantPaused(0, 1)
				done.Go(func() { _, _ = io.Copy(io.Discard, b.r) })
			}
			g.wantPaused(0, 0)
			b.Close()
			p.Close()
		})
	}
}
