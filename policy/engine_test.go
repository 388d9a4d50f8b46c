package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".whole", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".whole", file); err != nil { // so that nobody reads a part
		t.Fatal(err)
	}
}

const (
	policyA = "version: 1\nrevision: a\ngrants:\n  - {name: a, send: [/queue/a], subscribe: ['/queue/a', '/topic/a']}\n"
	policyB = "version: 1\nrevision: b\ngrants:\n  - {name: b, send: [/queue/b], subscribe: ['/queue/a']}\n"
)

// fileEngine gives an engine of a file that is policyA, and runs it until the test
// ends. What OnReload is told comes out of the channel.
func fileEngine(t *testing.T, o EngineOptions) (e *Engine, reloads chan error) {
	t.Helper()
	if o.File == "" {
		o.File = filepath.Join(t.TempDir(), "policy.yaml")
		write(t, o.File, policyA)
	}
	reloads = make(chan error, 100)
	o.OnReload = func(err error) {
		select {
		case reloads <- err:
		default: // a test that makes so many does not look
		}
	}
	if o.AuditTo == nil {
		o.AuditTo = io.Discard
	}
	e, err := NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { e.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return e, reloads
}

// await gives the next of what OnReload is told.
func await(t *testing.T, reloads chan error) error {
	t.Helper()
	select {
	case err := <-reloads:
		return err
	case <-time.After(patience):
		t.Fatal("no reload")
		return nil
	}
}

func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, file, policyA)
	e, _ := fileEngine(t, EngineOptions{File: file})
	if !strings.HasPrefix(e.Version(), "a@") {
		t.Errorf("got version %s", e.Version())
	}
	g := mustOpen(t, e, named("n", nil), broker.RabbitMQ)
	if v := g.Judge(frame(t, "SEND /queue/a")); !v.Allow {
		t.Errorf("before: %v", v)
	}
	write(t, file, "version: 1\nnonsense: 1\n")
	if err := e.Reload(); err == nil || !strings.Contains(err.Error(), "policy.yaml:2:1: unknown key") {
		t.Errorf("a bad file: got %v", err)
	}
	if v := g.Judge(frame(t, "SEND /queue/a")); !v.Allow || !strings.HasPrefix(e.Version(), "a@") {
		t.Errorf("after a bad file: %v, version %s", v, e.Version())
	}
	write(t, file, policyB)
	if err := e.Reload(); err != nil {
		t.Fatal(err)
	}
	if v := g.Judge(frame(t, "SEND /queue/a")); v.Allow || !strings.HasPrefix(e.Version(), "b@") {
		t.Errorf("after: %v, version %s", v, e.Version())
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := e.Reload(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
}

func TestReloadWhenTheFileChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, file, policyA)
	e, reloads := fileEngine(t, EngineOptions{File: file})
	// The watch may not have begun: the first look comes after that.
	write(t, file, policyB)
	if err := await(t, reloads); err != nil || !strings.HasPrefix(e.Version(), "b@") {
		t.Errorf("got %v, version %s", err, e.Version())
	}
	write(t, file+".new", policyA)
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	if err := await(t, reloads); err != nil || !strings.HasPrefix(e.Version(), "a@") {
		t.Errorf("renamed over: got %v, version %s", err, e.Version())
	}
}

// A ConfigMap's file is a link to ..data/policy.yaml, and ..data is a link that is
// replaced.
func TestReloadOfConfigMap(t *testing.T) {
	dir := t.TempDir()
	publish := func(name, text string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "policy.yaml"), text)
		link := filepath.Join(dir, "..data_tmp")
		if err := os.Symlink(name, link); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link, filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	publish("..1", policyA)
	file := filepath.Join(dir, "policy.yaml")
	if err := os.Symlink(filepath.Join("..data", "policy.yaml"), file); err != nil {
		t.Fatal(err)
	}
	e, reloads := fileEngine(t, EngineOptions{File: file})
	publish("..2", policyB)
	if err := await(t, reloads); err != nil || !strings.HasPrefix(e.Version(), "b@") {
		t.Errorf("got %v, version %s", err, e.Version())
	}
	publish("..3", "version: 9")
	if err := await(t, reloads); err == nil || !strings.HasPrefix(e.Version(), "b@") {
		t.Errorf("bad: got %v, version %s", err, e.Version())
	}
}

func TestReloadRevokes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, file, policyA)
	e, _ := fileEngine(t, EngineOptions{File: file})
	revoked := map[string]Verdict{}
	open := func(name, subscribe string) *Guard {
		g, err := e.Open(name, named(name, nil), broker.RabbitMQ, func(v Verdict) { revoked[name] = v })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(g.Close)
		if v := g.Judge(frame(t, "SUBSCRIBE "+subscribe+" id:1")); !v.Allow {
			t.Fatal(v)
		}
		return g
	}
	open("keeps", "/queue/a")
	open("loses", "/topic/a")
	gone := open("gone", "/topic/a")
	gone.Judge(frame(t, "UNSUBSCRIBE id:1"))
	open("closed", "/topic/a").Close()
	write(t, file, policyB)
	if err := e.Reload(); err != nil {
		t.Fatal(err)
	}
	if v, ok := revoked["loses"]; len(revoked) != 1 || !ok || v.Allow || v.Keep || v.Code != CodeDenied {
		t.Errorf("got %v", revoked)
	}
	write(t, file, "version: 1\n")
	if err := e.Reload(); err != nil {
		t.Fatal(err)
	}
	if len(revoked) != 3 {
		t.Errorf("nothing is granted: got %v", revoked)
	}
}

func TestOpenRefuses(t *testing.T) {
	e := engineOf(mustParse(t, `
grants: [{name: a, to: {principals: [ann, bob]}, send: [a]}]
limits: [{sessions: 2}, {to: {principals: [bob]}, sessions: 1}]
`))
	open := func(id *auth.Identity) (*Guard, string) {
		g, err := e.Open("s", id, broker.RabbitMQ, nil)
		var refused *Refused
		if errors.As(err, &refused) {
			return nil, string(refused.Code)
		}
		if err != nil {
			t.Fatal(err)
		}
		return g, ""
	}
	first, _ := open(named("ann", nil))
	second, _ := open(named("ann", nil))
	if _, code := open(named("ann", nil)); code != "too_many_sessions" {
		t.Errorf("a third session: got %q", code)
	}
	first.Close()
	first.Close() // twice is fine
	third, code := open(named("ann", nil))
	if code != "" {
		t.Errorf("after one was closed: got %q", code)
	}
	bob, _ := open(named("bob", nil))
	if _, code := open(named("bob", nil)); code != "too_many_sessions" {
		t.Errorf("bob's second session: got %q", code)
	}
	if _, code := open(named("eve", nil)); code != "denied" {
		t.Errorf("nothing is granted: got %q", code)
	}
	for _, g := range []*Guard{second, third, bob} {
		g.Close()
	}
	if len(e.accounts) != 0 || len(e.guards) != 0 {
		t.Errorf("%d accounts and %d guards are left", len(e.accounts), len(e.guards))
	}
}

func TestIdentityBringsGrants(t *testing.T) {
	e := engineOf(mustParse(t, "denials: [{name: no, send: [/queue/x.secret]}]"))
	id := named("ann", map[string]any{"sub": "u"})
	id.Grants = []byte(`[{"name": "own", "send": ["/queue/x.>", "/queue/{claims.sub}"], "headers": {"allow": ["persistent"]}}]`)
	g := mustOpen(t, e, id, broker.RabbitMQ)
	for words, want := range map[string]bool{"SEND /queue/x.a persistent:true": true, "SEND /queue/u": true, "SEND /queue/x.secret": false, "SEND /queue/y": false} {
		if v := g.Judge(frame(t, words)); v.Allow != want {
			t.Errorf("%s: got %v", words, v)
		}
	}
	id = named("ann", nil)
	id.Grants = []byte(`[{"name": "own", "sned": []}]`)
	if _, err := e.Open("s", id, broker.RabbitMQ, nil); err == nil || !strings.Contains(err.Error(), `grants of the identity:1:18: unknown key "sned"`) {
		t.Errorf("got %v", err)
	}
}

func TestReplace(t *testing.T) {
	e := engineOf(mustParse(t, "grants: [{name: a, send: ['/queue/{claims.t}'], subscribe: ['/queue/{claims.t}']}]\nset_headers: {x-t: '{claims.t}'}"))
	g := mustOpen(t, e, named("ann", map[string]any{"t": "1"}), broker.RabbitMQ)
	if v := g.Judge(frame(t, "SEND /queue/1")); !v.Allow {
		t.Error(v)
	}
	if err := g.Replace(named("ann", map[string]any{"t": "2"})); err != nil {
		t.Error(err)
	}
	if v := g.Judge(frame(t, "SEND /queue/1")); v.Allow {
		t.Error("the old claim still counts")
	}
	if v := g.Judge(frame(t, "SUBSCRIBE /queue/2 id:1")); !v.Allow {
		t.Error(v)
	}
	var refused *Refused
	if err := g.Replace(named("eve", map[string]any{"t": "2"})); !errors.As(err, &refused) {
		t.Errorf("another principal: got %v", err)
	}
	if err := g.Replace(named("ann", map[string]any{"t": "1"})); !errors.As(err, &refused) || refused.Code != CodeDenied {
		t.Errorf("a live subscription is not allowed: got %v", err)
	}
}

// Reloads, renewals, frames and ends at the same time.
func TestConcurrency(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, file, policyA)
	e, _ := fileEngine(t, EngineOptions{File: file, Audit: AuditAll})
	var sessions sync.WaitGroup
	for i := range 8 {
		sessions.Go(func() {
			for j := range 50 {
				g, err := e.Open(fmt.Sprint(i), named(fmt.Sprint(i%3), nil), broker.RabbitMQ, func(Verdict) {})
				if err != nil {
					t.Error(err)
					return
				}
				for _, words := range []string{"SUBSCRIBE /queue/a id:1", "SEND /queue/a", "SEND /queue/b", "SUBSCRIBE /topic/a id:2", "UNSUBSCRIBE id:1"} {
					h, err := ParseFrame(strings.Fields(words))
					if err != nil {
						t.Error(err)
					}
					g.Judge(h)
				}
				if err := g.Replace(named(fmt.Sprint(i%3), map[string]any{"j": float64(j)})); err != nil && !strings.Contains(err.Error(), "no longer") {
					t.Error(err)
				}
				g.Close()
			}
		})
	}
	for i := range 40 {
		write(t, file+".new", []string{policyA, policyB}[i%2])
		if err := os.Rename(file+".new", file); err != nil {
			t.Error(err)
		}
		if err := e.Reload(); err != nil {
			t.Error(err)
		}
	}
	sessions.Wait()
	if len(e.accounts) != 0 || len(e.guards) != 0 {
		t.Errorf("%d accounts and %d guards are left", len(e.accounts), len(e.guards))
	}
}

func TestNewEngineRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := NewEngine(EngineOptions{File: filepath.Join(dir, "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
	file := filepath.Join(dir, "policy.yaml")
	write(t, file, "version: 2")
	var m *Mistake
	if _, err := NewEngine(EngineOptions{File: file}); !errors.As(err, &m) {
		t.Errorf("a wrong file: got %v", err)
	}
	write(t, file, policyA)
	if _, err := NewEngine(EngineOptions{File: file, AuditFile: filepath.Join(dir, "none", "audit")}); err == nil || !strings.Contains(err.Error(), "open the audit log") {
		t.Errorf("a wrong audit file: got %v", err)
	}
}
