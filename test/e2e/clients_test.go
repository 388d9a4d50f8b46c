package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/proc"
)

const chromium = "/usr/bin/chromium"

// scenarios counts what test/clients registers, so that none is lost without notice.
const scenarios = 110

// TestClients runs the stock JavaScript clients in Node and in Chromium against both brokers. Each scenario of
// test/clients is a subtest; TestClients/Chromium/RabbitMQ/stompjs_7:_receipts is one.
func TestClients(t *testing.T) {
	onlyGateway(t)
	for name, runner := range runners {
		t.Run(name, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b *backend) {
				runScenarios(t, runner, map[string]any{
					"url": b.gateway.URL, "broker": strings.ToLower(b.name),
					"login": b.user.Login, "passcode": b.user.Passcode, "host": b.user.Host,
				})
			})
		})
	}
}

var runners = map[string]string{"Node": "run-node.js", "Chromium": "run-chromium.js"}

// runScenarios runs the scenarios of test/clients. STOMPGW_TEST_SCENARIOS is a pattern that picks some.
func runScenarios(t *testing.T, runner string, env map[string]any) {
	t.Helper()
	only := os.Getenv("STOMPGW_TEST_SCENARIOS")
	env["page"], env["tag"], env["only"] = world.pages.URL+"/page.html", unique(t), only
	count := runNode(t, runner, env)
	if count != scenarios && only == "" {
		t.Errorf("scenarios that were reported: got %d, want %d", count, scenarios)
	}
}

// result is a line that the programs of test/clients print.
type result struct {
	Scenario string
	OK       bool
	Skipped  string
	Error    string
	MS       int
}

// runNode runs a program of test/clients, makes a subtest of each line that it reports, and counts them.
func runNode(t *testing.T, program string, env map[string]any) (count int) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		lacking(t, errors.New("node is not installed (run test/setup.sh)"))
	}
	dir := filepath.Join("..", "clients")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "ws")); err != nil {
		lacking(t, errors.New("the npm packages of test/clients are not installed (run test/setup.sh)"))
	}
	if program != "run-node.js" {
		if _, err := os.Stat(chromium); err != nil {
			lacking(t, errors.New("chromium is not installed (run test/setup.sh)"))
		}
		env["chromium"] = chromium
	}
	argument, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	environ := os.Environ()
	if authority, ok := env["authority"].(string); ok {
		environ = append(environ, "NODE_EXTRA_CA_CERTS="+authority)
	}
	p, err := proc.Start(proc.Command{Path: node, Args: []string{program, string(argument)}, Env: environ, Dir: dir, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	failure := p.Wait(3 * time.Minute)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var noise strings.Builder
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
			if r.Skipped != "" {
				t.Skip(r.Skipped)
			}
		})
	}
	if failure != nil {
		t.Errorf("%s: %v", program, failure)
	}
	if t.Failed() && noise.Len() > 0 {
		t.Logf("%s also printed:\n%.4000s", program, noise.String())
	}
	return count
}
