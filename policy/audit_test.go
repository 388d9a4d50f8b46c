package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/internal/eventually"
)

// lineWriter gives each line to a channel.
type lineWriter chan string

func (w lineWriter) Write(b []byte) (int, error) {
	w <- string(b)
	return len(b), nil
}

func (w lineWriter) next(t *testing.T) map[string]any {
	t.Helper()
	line := eventually.Receive(t, "a line", w)
	var fields map[string]any
	if err := json.Unmarshal([]byte(line), &fields); err != nil || !strings.HasSuffix(line, "}\n") || strings.Count(line, "\n") != 1 {
		t.Fatalf("%q is not one line of JSON: %v", line, err)
	}
	return fields
}

func TestAudit(t *testing.T) {
	for mode, actions := range map[AuditMode]string{
		"":           "deny SEND,deny SUBSCRIBE,deny CONNECT",
		AuditDenials: "deny SEND,deny SUBSCRIBE,deny CONNECT",
		AuditAll:     "allow SEND,deny SEND,allow SUBSCRIBE,deny SUBSCRIBE,deny CONNECT",
	} {
		lines := make(lineWriter, 10)
		file := filepath.Join(t.TempDir(), "policy.yaml")
		write(t, file, strings.Replace(policyA, "{name: a,", "{name: a, to: {principals: [ann]},", 1))
		e, _ := fileEngine(t, EngineOptions{File: file, Audit: mode, AuditTo: lines})
		g, err := e.Open("s7", named("ann", map[string]any{"secret": "hunter2"}), broker.RabbitMQ, nil)
		if err != nil {
			t.Fatal(err)
		}
		g.Judge(frame(t, "SEND /queue/a x-token:hunter2"))
		g.Judge(frame(t, "SEND /queue/"+strings.Repeat("é", 400)+" x-token:hunter2"))
		g.Judge(frame(t, "SUBSCRIBE /topic/a id:hunter2"))
		g.Judge(frame(t, "SUBSCRIBE /topic/> id:hunter2"))
		g.Judge(frame(t, "ACK id:1"))
		if _, err := e.Open("s8", named("eve", nil), broker.RabbitMQ, nil); err == nil {
			t.Error("eve is let in")
		}
		g.Close()
		for want := range strings.SplitSeq(actions, ",") {
			fields := lines.next(t)
			if got := fields["verdict"].(string) + " " + fields["action"].(string); got != want {
				t.Errorf("%s: got %s, want %s", mode, got, want)
			}
			if _, err := time.Parse(time.RFC3339Nano, fields["time"].(string)); err != nil {
				t.Error(err)
			}
			if fields["verdict"] == "deny" && (fields["code"] == nil || fields["reason"] == nil) {
				t.Errorf("no reason: %v", fields)
			}
			if want == "allow SEND" && (fields["rule"] != "a" || fields["destination"] != "/queue/a" || fields["session"] != "s7" || fields["principal"] != "ann" || fields["policy"] != e.Version()) {
				t.Errorf("got %v", fields)
			}
			if d, _ := fields["destination"].(string); len(d) > maxAuditDestination+len("…") {
				t.Errorf("the destination has %d bytes", len(d))
			}
			for key, value := range fields {
				if strings.Contains(value.(string), "hunter2") {
					t.Errorf("%s has the secret", key)
				}
			}
		}
	}
}

func TestAuditOff(t *testing.T) {
	e, _ := fileEngine(t, EngineOptions{Audit: AuditOff, AuditTo: make(lineWriter)})
	if v := mustOpen(t, e, named("ann", nil), broker.RabbitMQ).Judge(frame(t, "SEND /queue/x")); v.Allow {
		t.Error(v)
	}
}

// A log that takes nothing holds up no session; what is lost is counted, and the
// count stands in the log.
func TestSlowAudit(t *testing.T) {
	lines := make(lineWriter)
	var mu sync.Mutex
	lost := 0
	var cause error
	e, _ := fileEngine(t, EngineOptions{AuditTo: lines, OnAuditLost: func(n int, err error) {
		mu.Lock()
		defer mu.Unlock()
		lost += n
		cause = err
	}})
	g := mustOpen(t, e, named("ann", nil), broker.RabbitMQ)
	h := frame(t, "SEND /queue/x")
	const more = 100
	for range auditQueue + more {
		g.Judge(h)
	}
	mu.Lock()
	if lost == 0 || lost > more || !errors.Is(cause, errAuditFull) {
		t.Errorf("got %d lost (%v), want some, at most %d", lost, cause, more)
	}
	want := lost
	mu.Unlock()
	denials, noted := 0, 0
	for denials < auditQueue+more-want || noted < want {
		fields := lines.next(t)
		if n, ok := fields["lost_lines"].(float64); ok {
			noted += int(n)
		} else {
			denials++
		}
	}
	if denials != auditQueue+more-want || noted != want {
		t.Errorf("got %d denials and %d noted as lost, want %d and %d", denials, noted, auditQueue+more-want, want)
	}
}

// failingWriter fails until it is told not to.
type failingWriter struct {
	lineWriter
	fails atomic.Bool
}

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.fails.Load() {
		return 0, errors.New("disk full")
	}
	return w.lineWriter.Write(b)
}

func TestAuditThatFails(t *testing.T) {
	w := &failingWriter{lineWriter: make(lineWriter, 10)}
	w.fails.Store(true)
	lost := make(chan error, 10)
	e, _ := fileEngine(t, EngineOptions{AuditTo: w, OnAuditLost: func(_ int, err error) { lost <- err }})
	g := mustOpen(t, e, named("ann", nil), broker.RabbitMQ)
	for range 2 {
		g.Judge(frame(t, "SEND /queue/x"))
		if err := eventually.Receive(t, "the loss is told", lost); err == nil || err.Error() != "write the audit log: disk full" {
			t.Errorf("got %v", err)
		}
	}
	w.fails.Store(false)
	g.Judge(frame(t, "SEND /queue/x"))
	if fields := w.next(t); fields["verdict"] != "deny" {
		t.Errorf("got %v", fields)
	}
	if fields := w.next(t); fields["lost_lines"] != 2.0 {
		t.Errorf("got %v", fields)
	}
}

// The file is appended to, and opened again by a reload; what is in the queue when
// the engine ends is written.
func TestAuditFile(t *testing.T) {
	dir := t.TempDir()
	policyFile, file := filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "audit.jsonl")
	write(t, policyFile, policyA)
	write(t, file, "before\n")
	e, err := NewEngine(EngineOptions{File: policyFile, AuditFile: file})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { e.Run(ctx) })
	g := mustOpen(t, e, named("ann", nil), broker.RabbitMQ)
	g.Judge(frame(t, "SEND /queue/one"))
	awaitText(t, file, "/queue/one")
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	if err := e.Reload(); err != nil {
		t.Fatal(err)
	}
	awaitText(t, file, "") // the new file is there
	g.Judge(frame(t, "SEND /queue/two"))
	cancel()
	running.Wait()
	old, _ := os.ReadFile(file + ".1")
	now, _ := os.ReadFile(file)
	if !strings.HasPrefix(string(old), "before\n") || strings.Contains(string(old), "two") || !strings.Contains(string(now), "two") {
		t.Errorf("got %q and %q", old, now)
	}
}

// TestAuditLine: patterns stand in it as they are written.
func TestAuditLine(t *testing.T) {
	lines := make(lineWriter, 1)
	l := auditLog{to: lines}
	if err := l.line(auditEntry{Destination: "/topic/a.>"}); err != nil {
		t.Fatal(err)
	}
	if line := <-lines; !strings.Contains(line, `"destination":"/topic/a.>"`) {
		t.Errorf("got %s", line)
	}
}

// TestAuditLossIsNotForgotten: the count stands until it could be written.
func TestAuditLossIsNotForgotten(t *testing.T) {
	w := &failingWriter{lineWriter: make(lineWriter, 2)}
	l := auditLog{to: &onlyFirst{w}, onLost: func(int, error) {}}
	l.lost.Store(3)
	l.write(auditEntry{})
	if got := l.lost.Load(); got != 3 || len(w.lineWriter) != 1 {
		t.Errorf("got %d lost lines and %d written", got, len(w.lineWriter))
	}
}

// onlyFirst has the writer fail from the second line on.
type onlyFirst struct{ *failingWriter }

func (w *onlyFirst) Write(b []byte) (int, error) {
	defer w.fails.Store(true)
	return w.failingWriter.Write(b)
}

// TestAuditEnds: what was noted before the end is written, however late it began.
func TestAuditEnds(t *testing.T) {
	lines := make(lineWriter, 100)
	l, err := newAuditLog(EngineOptions{AuditTo: lines})
	if err != nil {
		t.Fatal(err)
	}
	for range cap(lines) {
		l.add(auditEntry{})
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	l.run(ended)
	if len(lines) != cap(lines) {
		t.Errorf("got %d lines of %d", len(lines), cap(lines))
	}
}

func TestAuditFileIsClosed(t *testing.T) {
	l, err := newAuditLog(EngineOptions{AuditFile: filepath.Join(t.TempDir(), "audit.jsonl")})
	if err != nil {
		t.Fatal(err)
	}
	first := l.file
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	second := l.file
	l.close()
	for _, file := range []*os.File{first, second} {
		if err := file.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v, want the file to be closed already", err)
		}
	}
}

// awaitText waits for the file to hold the text.
func awaitText(t *testing.T, file, text string) {
	t.Helper()
	eventually.True(t, fmt.Sprintf("%s holds %q", file, text), func() bool {
		b, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(b), text)
	})
}
