package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/proc"
)

const chromium = "/usr/bin/chromium"

// scenarios counts what test/clients registers for each broker, so that none is lost without notice.
const scenarios = 97

// TestClients runs the stock JavaScript clients in Node and in Chromium against both brokers. Each scenario of
// test/clients is a subtest; TestClients/Chromium/RabbitMQ/stompjs_7:_receipts is one.
func TestClients(t *testing.T) {
	onlyGateway(t)
	t.Run("Node", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b *backend) { runScenarios(t, b, "run-node.js") })
	})
	t.Run("Chromium", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b *backend) {
			if _, err := os.Stat(chromium); err != nil {
				lacking(t, errors.New("chromium is not installed (run test/setup.sh)"))
			}
			runScenarios(t, b, "run-chromium.js")
		})
	})
}

// result is a line that the runners print.
type result struct {
	Scenario string
	OK       bool
	Error    string
	MS       int
}

func runScenarios(t *testing.T, b *backend, runner string) {
	node, err := exec.LookPath("node")
	if err != nil {
		lacking(t, errors.New("node is not installed (run test/setup.sh)"))
	}
	dir := filepath.Join("..", "clients")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "ws")); err != nil {
		lacking(t, errors.New("the npm packages of test/clients are not installed (run test/setup.sh)"))
	}
	env, err := json.Marshal(map[string]any{
		"page": world.pages.URL + "/page.html", "url": b.gateway.URL, "broker": strings.ToLower(b.name),
		"login": b.user.Login, "passcode": b.user.Passcode, "host": b.user.Host, "tag": unique(t),
		"chromium": chromium, "only": os.Getenv("STOMPGW_TEST_SCENARIOS"),
	})
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	p, err := proc.Start(proc.Command{Path: node, Args: []string{runner, string(env)}, Dir: dir, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	failure := p.Wait(3 * time.Minute)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var noise strings.Builder
	count := 0
	for line := range strings.Lines(string(text)) {
		var r result
		if json.Unmarshal([]byte(line), &r) != nil || r.Scenario == "" {
			noise.WriteString(line)
			continue
		}
		count++
		t.Run(r.Scenario, func(t *testing.T) {
			if !r.OK {
				t.Errorf("after %d ms: %s", r.MS, r.Error)
			}
		})
	}
	if failure != nil {
		t.Errorf("%s: %v", runner, failure)
	}
	if want := scenarios; count != want && os.Getenv("STOMPGW_TEST_SCENARIOS") == "" {
		t.Error(fmt.Sprintf("scenarios that were reported: got %d, want %d", count, want))
	}
	if t.Failed() && noise.Len() > 0 {
		t.Logf("%s also printed:\n%.4000s", runner, noise.String())
	}
}
