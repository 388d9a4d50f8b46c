package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/policy"
)

// policyFile is a policy that a test can change.
type policyFile struct {
	t      *testing.T
	name   string
	engine *policy.Engine
}

func newPolicy(t *testing.T, text string) *policyFile {
	t.Helper()
	f := &policyFile{t: t, name: filepath.Join(t.TempDir(), "policy.yaml")}
	f.write(text)
	var err error
	if f.engine, err = policy.NewEngine(policy.EngineOptions{File: f.name, Audit: policy.AuditOff}); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *policyFile) write(text string) {
	f.t.Helper()
	if err := os.WriteFile(f.name, []byte("version: 1\n"+text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *policyFile) options(o *Options) { o.Policy = f.engine }

const ownQueues = `
grants:
  - name: own
    send: ["/queue/own.>"]
    subscribe: ["/queue/own.>"]
`

func TestPolicyDenies(t *testing.T) {
	for name, frame := range map[string]string{
		"whole":       "SEND\ndestination:/queue/other\nreceipt:r\n\nx\x00",
		"a SUBSCRIBE": "SUBSCRIBE\nid:1\ndestination:/queue/other\nreceipt:r\n\n\x00",
		"begun":       "SEND\ndestination:/queue/other\nreceipt:r\n\nx",
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, newPolicy(t, ownQueues).options)
			b, p := g.connect("", "")
			b.text("SEND\ndestination:/queue/own.1\n\nx\x00")
			p.wantFrame("SEND\ndestination:/queue/own.1\n\nx")
			b.text(frame)
			if got := b.wantError("denied"); !strings.Contains(got, "\nreceipt-id:r\n") {
				t.Errorf("got %q, want receipt-id r", got)
			}
			b.wantClose(1008)
			g.ended(Denied, 1)
			p.wantEOF()
		})
	}
}

// A body's length counts for its own frame only: no other may hide behind it.
func TestNoFrameHidesBehindALength(t *testing.T) {
	g := newTestGateway(t, newPolicy(t, ownQueues).options)
	b, p := g.connect("", "")
	hidden := "\x00SEND\ndestination:/queue/other\n\nevil"
	first := fmt.Sprintf("SEND\ndestination:/queue/own.1\ncontent-length:%d\n\n%s\x00", len(hidden), strings.Repeat("x", len(hidden)))
	b.text(first)
	p.frame()
	b.text("SUBSCRIBE\nid:1\ndestination:/queue/own.1\ncontent-length:0\n\n" + hidden + "\x00")
	p.wantFrame("SUBSCRIBE\nid:1\ndestination:/queue/own.1\ncontent-length:0\n\n")
	b.wantError("denied")
}

// With on_denied: keep only the frame is dropped, however it comes.
func TestPolicyDropsTheFrame(t *testing.T) {
	g := newTestGateway(t, newPolicy(t, "on_denied: keep"+ownQueues).options)
	b, p := g.connect("", "")
	const denied = "SEND\ndestination:/queue/other\nreceipt:r\ncontent-length:5\n\nx\x00SEN\x00"
	b.text("SEND\ndestination:/queue/own.1\n\n1\x00" + denied + "SEND\ndestination:/queue/own.1\n\n2\x00")
	if got := b.wantError("denied"); !strings.Contains(got, "\nreceipt-id:r\n") {
		t.Errorf("got %q, want receipt-id r", got)
	}
	for i := range len(denied) {
		b.text(denied[i : i+1])
	}
	b.wantError("denied")
	b.text("SEND\ndestination:/queue/own.1\n\n3\x00DISCONNECT\n\n\x00")
	for _, body := range []string{"1", "2", "3"} {
		p.wantFrame("SEND\ndestination:/queue/own.1\n\n" + body)
	}
	p.wantFrame("DISCONNECT\n\n")
	b.wantClose(1000)
}

// What the gateway says in a header, the client cannot.
func TestPolicySetsHeaders(t *testing.T) {
	f := newPolicy(t, ownQueues+`set_headers: { x-user: "{name}" }`+"\n")
	g := newTestGateway(t, func(o *Options) { f.options(o); o.Auth = &fakeAuth{} })
	b, p := g.connect("", "")
	const frame = "SEND\ndestination:/queue/own.1\nx-user:root\nX-User:root\n\nbody\x00"
	const want = "SEND\ndestination:/queue/own.1\nx-user:alice\n\nbody"
	b.text(frame)
	p.wantFrame(want)
	b.text(frame + frame)
	p.wantFrame(want)
	p.wantFrame(want)
	b.text(frame[:30])
	b.text(frame[30:])
	p.wantFrame(want)
	b.text("SUBSCRIBE\nid:1\ndestination:/queue/own.1\n\n\x00")
	p.wantFrame("SUBSCRIBE\nid:1\ndestination:/queue/own.1\n\n")
}

func TestPolicyLimits(t *testing.T) {
	limited := func(limits string) string {
		return "grants:\n  - { name: all, send: [\"/queue/>\"], limits: {" + limits + "} }\n"
	}
	const one = "SEND\ndestination:/queue/a\n\n1\x00"
	t.Run("pause", func(t *testing.T) {
		g := newTestGateway(t, newPolicy(t, limited("frames_per_second: 20, frames_burst: 1, over: pause")).options)
		b, p := g.connect("", "")
		begin := time.Now()
		b.text(strings.Repeat(one, 5))
		for range 5 {
			p.wantFrame(strings.TrimSuffix(one, "\x00"))
		}
		if took := time.Since(begin); took < 150*time.Millisecond {
			t.Errorf("five frames at 20 a second took %v only", took)
		}
	})
	t.Run("the broker hears of a client that is paused", func(t *testing.T) {
		f := newPolicy(t, limited("frames_per_second: 1, frames_burst: 1, over: pause"))
		g := newTestGateway(t, func(o *Options) {
			f.options(o)
			o.BrokerHeartBeat = frameinspect.HeartBeat{Send: 100 * time.Millisecond}
		})
		b, p := g.connect("", "heart-beat:0,100\n")
		b.text(one + one)
		p.wantFrame(strings.TrimSuffix(one, "\x00"))
		second, err := p.r.ReadString(0)
		if beats := len(second) - len(strings.TrimLeft(second, "\n")); err != nil || beats < 3 || second[beats:] != one {
			t.Errorf("got %q, %v, want heart-beats and the second frame", second, err)
		}
	})
	t.Run("a pause ends with the session", func(t *testing.T) {
		g := newTestGateway(t, newPolicy(t, limited("frames_per_second: 1, frames_burst: 1, over: pause")).options)
		b, p := g.connect("", "")
		b.text(strings.Repeat(one, 1000))
		p.frame()
		p.Close()
		b.wantClose(1000)
	})
	t.Run("nothing slips through at the end", func(t *testing.T) {
		g := newTestGateway(t, newPolicy(t, limited("frames_per_second: 1, frames_burst: 1, over: pause")).options)
		b, p := g.connect("heart-beat:0,0\n", "heart-beat:0,0\n")
		b.text(strings.Repeat(one, 1000))
		p.frame()
		for _, s := range g.sessions.all() {
			g.eventually("the pause", s.pausing.Load)
			g.EndSession(s.id, "test")
		}
		b.wantError("operator_closed")
		rest, _ := io.ReadAll(p.r)
		if n := strings.Count(string(rest), "\x00"); n > 1 {
			t.Errorf("%d frames reached the broker after the session was ended, at one a second", n)
		}
	})
	t.Run("close", func(t *testing.T) {
		g := newTestGateway(t, newPolicy(t, "on_denied: keep\n"+limited("frames_per_second: 1, frames_burst: 2, over: close")).options)
		b, _ := g.connect("", "")
		b.text(strings.Repeat(one, 5))
		b.wantError("rate_limited")
		b.wantClose(4029)
		g.ended(RateLimited, 1)
	})
	t.Run("body", func(t *testing.T) {
		for _, frame := range []string{"SEND\ndestination:/queue/a\n\n12345\x00", "SEND\ndestination:/queue/a\n\n12345", "SEND\ndestination:/queue/a\ncontent-length:5\n\n12345\x00"} {
			g := newSerialGateway(t, newPolicy(t, limited("body: 4")).options)
			b, _ := g.connect("", "")
			b.text(frame)
			b.wantError("body_too_big")
			b.wantClose(1009)
			g.ended(TooBig, 1)
		}
	})
	t.Run("sessions", func(t *testing.T) {
		f := newPolicy(t, ownQueues+"limits:\n  - { sessions: 1 }\n")
		g := newTestGateway(t, func(o *Options) { f.options(o); o.Auth = &fakeAuth{} })
		first, p := g.connect("", "")
		b := g.open()
		b.text("CONNECT\naccept-version:1.2\n\n\x00")
		second := g.accept()
		second.frame()
		second.write("CONNECTED\nversion:1.2\n\n\x00")
		b.wantError("too_many_sessions")
		b.wantClose(1008)
		first.text("DISCONNECT\n\n\x00")
		p.wantFrame("DISCONNECT\n\n")
		first.wantClose(1000)
		g.ended(Disconnected, 1)
		g.connect("", "")
	})
}

func TestPolicyIsRevoked(t *testing.T) {
	f := newPolicy(t, ownQueues)
	g := newTestGateway(t, f.options)
	b, p := g.connect("", "")
	b.text("SUBSCRIBE\nid:1\ndestination:/queue/own.1\n\n\x00")
	p.frame()
	f.write(strings.ReplaceAll(ownQueues, "own.>", "own.2"))
	if err := f.engine.Reload(); err != nil {
		t.Fatal(err)
	}
	b.wantError("denied")
	b.wantClose(1008)
	g.ended(Denied, 1)
}

// Behind one address there may be brokers of several kinds. Each session is judged
// by what its own broker has said, before and after another's has said otherwise.
func TestPolicyGoesByTheSessionsBroker(t *testing.T) {
	g := newTestGateway(t, newPolicy(t, ownQueues).options)
	const broken = "SEND\ndestination:/queue/own.1\nx:a\\nb\n\n\x00" // RabbitMQ alone escapes it again
	rabbit, first := g.connect("", "server:RabbitMQ/4.0\n")
	active, second := g.connect("", "server:ActiveMQ/6.1\n")
	active.text(broken)
	active.wantError("line_break_in_header")
	active.wantClose(1008)
	second.wantEOF()
	rabbit.text(broken)
	first.wantFrame("SEND\ndestination:/queue/own.1\nx:a\\nb\n\n")
}

// Grants that a webhook takes back are gone with its next answer.
func TestRecheckMayTakeGrantsBack(t *testing.T) {
	const granted = `[{"name":"more","send":["/queue/more"],"subscribe":["/queue/more"]}]`
	for name, subscribed := range map[string]bool{"in use": true, "not in use": false} {
		t.Run(name, func(t *testing.T) {
			f := newPolicy(t, ownQueues)
			of := func(grants string) *auth.Identity {
				id := alice()
				id.Grants = json.RawMessage(grants)
				return id
			}
			var over atomic.Bool
			var heard atomic.Int32 // rechecks since then
			g := newTestGateway(t, func(o *Options) {
				o.RecheckInterval = 20 * time.Millisecond
				o.Auth = &fakeAuth{
					fromRequest: func(*auth.Request) (*auth.Identity, error) { return of(granted), nil },
					recheck: func(*auth.Identity) (*auth.Identity, error) {
						if !over.Load() {
							return of(granted), nil
						}
						heard.Add(1)
						return of(`[]`), nil
					},
				}
				f.options(o)
			})
			b, p := g.connect("", "")
			b.text("SEND\ndestination:/queue/more\n\nx\x00")
			p.wantFrame("SEND\ndestination:/queue/more\n\nx")
			if subscribed {
				b.text("SUBSCRIBE\nid:1\ndestination:/queue/more\n\n\x00")
				p.frame()
			}
			over.Store(true)
			if !subscribed {
				g.eventually("the answer to be taken in", func() bool { return heard.Load() > 1 })
				b.text("SEND\ndestination:/queue/more\n\nx\x00")
			}
			b.wantError("denied")
			b.wantClose(1008)
			p.wantEOF()
		})
	}
}

// A renewed identity must still have the rights that the session uses.
func TestRenewalMayLoseRights(t *testing.T) {
	f := newPolicy(t, `
grants:
  - { name: tenant, send: ["/queue/>"], subscribe: ["/queue/{claims.tenant}"] }
`)
	of := func(tenant string) *auth.Identity {
		id := alice()
		id.Claims = map[string]any{"tenant": tenant}
		return id
	}
	g := newTestGateway(t, func(o *Options) {
		withAuth(&fakeAuth{
			fromRequest: func(*auth.Request) (*auth.Identity, error) { return of("a"), nil },
			renew:       func(_ *auth.Identity, token string) (*auth.Identity, error) { return of(token), nil },
		})(o)
		f.options(o)
	})
	b, p := g.connect("", "")
	b.text("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n\x00SEND\ndestination:/stompgw/renew\nreceipt:1\n\na\x00")
	p.wantFrame("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n")
	b.wantMessage("RECEIPT\nreceipt-id:1\n\n")
	b.text("SEND\ndestination:/stompgw/renew\nreceipt:2\n\nb\x00")
	if got := b.wantError("denied"); !strings.Contains(got, "\nreceipt-id:2\n") {
		t.Errorf("got %q, want receipt-id 2", got)
	}
	b.wantClose(1008)
}
