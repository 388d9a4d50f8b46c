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

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".whole", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".whole", file); err != nil { // so that nobody reads a part
		t.Fatal(err)
	}
}

// replace puts a file in the place of another at once, so that nobody reads a
// half of it.
func replace(t *testing.T, file, text string) {
	t.Helper()
	write(t, file+".new", text)
	if err := os.Rename(file+".new", file); err != nil {
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
	if _, code := open(named("ann", nil)); code != "too_many_sessions" {
		t.Errorf("closing twice counted twice: got %q", code)
	}
	bob, _ := open(named("bob", nil))
	if _, code := open(named("bob", nil)); code != "too_many_sessions" {
		t.Errorf("bob's second session: got %q", code)
	}
	byPassword, code := open(&auth.Identity{Principal: auth.Principal{Name: "bob", Method: auth.Users}})
	if code != "" {
		t.Errorf("who goes by the same name by another method is another: got %q", code)
	}
	if _, code := open(named("eve", nil)); code != "denied" {
		t.Errorf("nothing is granted: got %q", code)
	}
	for _, g := range []*Guard{second, third, bob, byPassword} {
		g.Close()
	}
	if len(e.accounts) != 0 || len(e.guards) != 0 {
		t.Errorf("%d accounts and %d guards are left", len(e.accounts), len(e.guards))
	}
}

// TestOpenDuringReload: a session is not counted in by a policy that is no longer in
// use, which its reload would have missed.
func TestOpenDuringReload(t *testing.T) {
	old := mustParse(t, "grants: [{name: a, send: [a]}]")
	e := engineOf(old)
	g := &Guard{engine: e}
	g.principal.Store(named("ann", nil))
	e.policy.Store(mustParse(t, ""))
	if entered, refused := e.enter(g, old, 0); entered || refused != nil || len(e.guards) != 0 {
		t.Errorf("got %v, %v", entered, refused)
	}
}

// Nobody in particular is not one principal: a limit on each is none on all.
func TestAnonymousSessionsAreApart(t *testing.T) {
	e := engineOf(mustParse(t, "grants: [{name: a, subscribe: ['>']}]\nlimits: [{sessions: 1, subscriptions: 1}]"))
	nobody := &auth.Identity{Principal: auth.Principal{Method: auth.Anonymous}}
	for i := range 2 {
		if v := mustOpen(t, e, nobody, broker.RabbitMQ).Judge(frame(t, "SUBSCRIBE /queue/a id:1")); !v.Allow {
			t.Errorf("session %d: got %v", i, v)
		}
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
	id.Grants = []byte("null")
	if _, err := e.Open("s", id, broker.RabbitMQ, nil); err == nil || err.Error() != "denied: the policy allows this principal nothing" {
		t.Errorf("got %v, want null to grant nothing", err)
	}
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
		replace(t, file, []string{policyA, policyB}[i%2])
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
