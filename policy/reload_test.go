package policy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/internal/eventually"
)

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
	for _, step := range []struct{ text, version string }{{policyB, "b@"}, {policyA, "a@"}, {"version: 9", "a@"}, {policyA, "a@"}} {
		replace(t, file, step.text)
		if err := eventually.Receive(t, "a reload", reloads); (err != nil) != (step.text == "version: 9") || !strings.HasPrefix(e.Version(), step.version) {
			t.Errorf("%q: got %v, version %s", step.text, err, e.Version())
		}
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
	if err := eventually.Receive(t, "a reload", reloads); err != nil || !strings.HasPrefix(e.Version(), "b@") {
		t.Errorf("got %v, version %s", err, e.Version())
	}
	publish("..3", "version: 9")
	if err := eventually.Receive(t, "a reload", reloads); err == nil || !strings.HasPrefix(e.Version(), "b@") {
		t.Errorf("bad: got %v, version %s", err, e.Version())
	}
}

// TestReloadBesideABusyFile: the policy is read although its directory is never
// quiet, as where the audit log is written there, and a bad one is told of once.
func TestReloadBesideABusyFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "policy.yaml")
	write(t, file, policyA)
	e, reloads := fileEngine(t, EngineOptions{File: file})
	done := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		busy := time.NewTicker(settle / 5)
		defer busy.Stop()
		for {
			select {
			case <-done:
				return
			case <-busy.C:
				if err := os.WriteFile(filepath.Join(dir, "audit.log"), []byte("x"), 0o600); err != nil {
					t.Error(err)
				}
			}
		}
	})
	defer writing.Wait()
	defer close(done)
	time.Sleep(2 * settle) // the directory is busy before the change
	replace(t, file, "version: 9")
	if err := eventually.Receive(t, "a reload", reloads); err == nil {
		t.Error("a bad file is taken")
	}
	time.Sleep(2 * settleWithin)
	replace(t, file, policyB)
	if err := eventually.Receive(t, "a reload", reloads); err != nil || !strings.HasPrefix(e.Version(), "b@") {
		t.Errorf("got %v, version %s", err, e.Version())
	}
}

// TestWatchSurvives: neither a watcher that fails nor a directory that cannot be
// watched keeps the policy from being read.
func TestWatchSurvives(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, file, policyA)
	reloads := make(chan error, 10)
	e, err := NewEngine(EngineOptions{File: file, Audit: AuditOff, OnReload: func(err error) { reloads <- err }})
	if err != nil {
		t.Fatal(err)
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close() }()
	events, failures, look := make(chan fsnotify.Event), make(chan error), make(chan time.Time)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	watcher.Events, watcher.Errors = events, failures
	replace(t, file, policyB) // before anybody watches
	running.Go(func() { e.follow(ctx, watcher, look) })
	defer running.Wait()
	defer cancel()
	if err := eventually.Receive(t, "a reload", reloads); err != nil || !strings.HasPrefix(e.Version(), "b@") {
		t.Errorf("at first: got %v, version %s", err, e.Version())
	}
	replace(t, file, policyA) // its event may be one of those that were lost
	failures <- fsnotify.ErrEventOverflow
	if err := eventually.Receive(t, "the failure", reloads); !errors.Is(err, fsnotify.ErrEventOverflow) {
		t.Errorf("got %v", err)
	}
	if err := eventually.Receive(t, "a reload", reloads); err != nil || !strings.HasPrefix(e.Version(), "a@") {
		t.Errorf("after a failure: got %v, version %s", err, e.Version())
	}
	replace(t, file, policyB)
	events <- fsnotify.Event{Name: file, Op: fsnotify.Create}
	if err := eventually.Receive(t, "a reload", reloads); err != nil || !strings.HasPrefix(e.Version(), "b@") {
		t.Errorf("after an event: got %v, version %s", err, e.Version())
	}
	for range 2 { // told with each look
		replace(t, file, "version: 9")
		look <- time.Now()
		if err := eventually.Receive(t, "a reload", reloads); err == nil || !strings.HasPrefix(e.Version(), "b@") {
			t.Errorf("a bad one by looking: got %v, version %s", err, e.Version())
		}
	}
	replace(t, file, policyA)
	look <- time.Now()
	if err := eventually.Receive(t, "a reload", reloads); err != nil || !strings.HasPrefix(e.Version(), "a@") {
		t.Errorf("by looking: got %v, version %s", err, e.Version())
	}
}

// TestWatchOfADirectoryThatIsGone: it is watched once it is there again.
func TestWatchOfADirectoryThatIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close() }()
	e := &Engine{options: EngineOptions{File: filepath.Join(dir, "policy.yaml")}}
	if err := e.watchFolder(watcher); err == nil {
		t.Error("want an error")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := e.watchFolder(watcher); err != nil || len(watcher.WatchList()) != 1 {
		t.Errorf("got %v, %v", err, watcher.WatchList())
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
