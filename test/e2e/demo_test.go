package e2e

import (
	"testing"

	"github.com/stompgw/stompgw/test/gw"
)

// startDemo runs `stompgw demo`, whose broker is its own.
func startDemo(t *testing.T) *gw.Gateway {
	t.Helper()
	return gw.Run(t, gw.Options{Args: []string{"demo"}, Env: map[string]string{
		"STOMPGW_ORIGINS": "same-origin," + world.pages.URL, "STOMPGW_CLIENT_HEART_BEAT": "1s,1s", "STOMPGW_LOG_FORMAT": "json",
	}})
}

// Two windows of a real browser chat on the demo's page, and what the page offers for copying works elsewhere.
func TestDemoPage(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	g := startDemo(t)
	const steps = 8
	got := runNode(t, "run-demo.js", map[string]any{
		"page": "http://" + g.Listen + "/", "snippetPage": world.pages.URL + "/snippet.html",
	})
	if got != steps {
		t.Errorf("steps that were reported: got %d, want %d", got, steps)
	}
}

// The stock clients can do with the demo what they can do with a real broker.
func TestDemoClients(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	g := startDemo(t)
	for name, runner := range runners {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runScenarios(t, runner, map[string]any{"url": g.URL, "broker": "demo", "login": "somebody", "passcode": "anything", "host": "/"})
		})
	}
}
