// Package gw runs the real stompgw program, built with the race detector, as a child process of a test.
package gw

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/proc"
)

// Options say how to start a gateway.
type Options struct {
	// Env holds STOMPGW_ variables. Where they are missing, Start adds listeners on free loopback ports, a quick end
	// at SIGTERM, and no limit on sessions of one address.
	Env map[string]string
	// Args follow the program's name; none is the gateway itself.
	Args []string
	// Unready starts a gateway whose broker is not reachable: Start waits for /livez only, not for /readyz.
	Unready bool
	// Plain starts the program as it is shipped, without the race detector, which multiplies memory: for tests that
	// measure it.
	Plain bool
	// Dir takes the log; empty means a temporary folder, removed by Stop.
	Dir string
}

// Gateway is a running stompgw.
type Gateway struct {
	URL    string // ws://… of the first path, or wss://… with a certificate
	Listen string // host:port of browsers
	Admin  string // host:port of the admin listener

	log      string
	ownDir   string
	process  *proc.Process
	stopGoal time.Duration
}

// Run starts a gateway for one test and stops it when the test ends, which fails the test if the gateway does not end
// in order or its race detector found something.
func Run(t testing.TB, o Options) *Gateway {
	t.Helper()
	g, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("last lines of the gateway's log:\n%s", proc.Tail(g.log, 20))
		}
		if err := g.Stop(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// Start starts a gateway and waits until it is ready. The caller stops it.
func Start(o Options) (*Gateway, error) {
	path, err := Build(!o.Plain)
	if err != nil {
		return nil, err
	}
	g := &Gateway{stopGoal: 30 * time.Second}
	env := map[string]string{
		"PATH": os.Getenv("PATH"), "GORACE": "halt_on_error=0",
		"STOMPGW_LISTEN": "", "STOMPGW_ADMIN_LISTEN": "",
		// All clients of a test come from one address, and no load balancer waits for the end.
		"STOMPGW_MAX_SESSIONS_PER_IP": "0", "STOMPGW_DRAIN_DELAY": "0s", "STOMPGW_DRAIN_SPREAD": "0s", "STOMPGW_DRAIN_TIMEOUT": "10s",
	}
	for k, v := range o.Env {
		env[k] = v
	}
	for name, addr := range map[string]*string{"STOMPGW_LISTEN": &g.Listen, "STOMPGW_ADMIN_LISTEN": &g.Admin} {
		if env[name] == "" {
			port, err := proc.FreePort()
			if err != nil {
				return nil, err
			}
			env[name] = fmt.Sprintf("127.0.0.1:%d", port)
		}
		*addr = env[name]
	}
	dir := o.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "stompgw-run-"); err != nil {
			return nil, err
		}
		g.ownDir = dir
	}
	g.log = filepath.Join(dir, "stompgw.log")
	var list []string
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	g.process, err = proc.Start(proc.Command{Path: path, Args: o.Args, Env: list, Log: g.log, Dir: dir})
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(env["STOMPGW_PATHS"], ",")
	if first == "" {
		first = "/stomp"
	}
	g.URL = "ws://" + g.Listen + first
	if env["STOMPGW_TLS_CERT_FILE"] != "" {
		g.URL = "wss://" + g.Listen + first
	}
	if err := g.awaitUp(o.Unready); err != nil {
		_ = g.Kill()
		return nil, err
	}
	return g, nil
}

func (g *Gateway) awaitUp(unready bool) error {
	page := "/readyz"
	if unready {
		page = "/livez"
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		status, _, err := g.get(page)
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-g.process.Exited():
			return fmt.Errorf("stompgw ended at its start with status %d:\n%s", g.process.ExitCode(), proc.Tail(g.log, 30))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("stompgw: %s is not 200 after 20s (last: %d, %v):\n%s", page, status, err, proc.Tail(g.log, 30))
		}
	}
}

// get asks the admin listener. Its connections are closed at once, so they show in no count of descriptors.
func (g *Gateway) get(path string) (int, []byte, error) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + g.Admin + path)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// Ready asks /readyz.
func (g *Gateway) Ready() bool {
	status, _, err := g.get("/readyz")
	return err == nil && status == http.StatusOK
}

// Signal sends a signal to the gateway.
func (g *Gateway) Signal(s os.Signal) error { return g.process.Signal(s) }

// Exited is closed when the gateway has ended.
func (g *Gateway) Exited() <-chan struct{} { return g.process.Exited() }

// Pid is the gateway's process id.
func (g *Gateway) Pid() int { return g.process.Pid() }

// Stop sends SIGTERM and waits. It is an error when the exit status is not 0, when the race detector spoke or when
// the program panicked. A second call does nothing.
func (g *Gateway) Stop() error {
	if g.process == nil {
		return nil
	}
	err := g.process.Stop(g.stopGoal)
	if err != nil {
		err = fmt.Errorf("stop stompgw: %w; its last output:\n%s", err, proc.Tail(g.log, 20))
	}
	err = errors.Join(err, g.findTrouble())
	g.process = nil
	if g.ownDir != "" {
		_ = os.RemoveAll(g.ownDir)
	}
	return err
}

// Kill ends the gateway at once.
func (g *Gateway) Kill() error {
	err := g.process.Kill()
	if g.ownDir != "" {
		_ = os.RemoveAll(g.ownDir)
	}
	return err
}

// findTrouble looks for reports of the race detector and panics in what the gateway printed.
func (g *Gateway) findTrouble() error {
	text, err := os.ReadFile(g.log)
	if err != nil {
		return err
	}
	for _, sign := range []string{"WARNING: DATA RACE", "\npanic: ", "fatal error: "} {
		if i := strings.Index(string(text), sign); i >= 0 {
			return fmt.Errorf("stompgw printed %q:\n%.6000s", strings.TrimSpace(sign), text[i:])
		}
	}
	return nil
}
