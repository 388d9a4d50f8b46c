package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

func TestMeter(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name      string
		perSecond int
		burst     int
		at        []time.Duration
		n         int
		wait      []time.Duration
	}{
		{"a second's worth at once", 2, 0, []time.Duration{0, 0, 0, 0}, 1, []time.Duration{0, 0, 500 * ms, 1000 * ms}},
		{"a burst", 10, 3, []time.Duration{0, 0, 0, 0, 100 * ms, 300 * ms}, 1, []time.Duration{0, 0, 0, 100 * ms, 100 * ms, 0}},
		{"at the rate", 10, 1, []time.Duration{0, 100 * ms, 200 * ms, 290 * ms}, 1, []time.Duration{0, 0, 0, 10 * ms}},
		{"rest is not saved beyond the burst", 10, 1, []time.Duration{0, time.Hour, time.Hour}, 1, []time.Duration{0, 0, 100 * ms}},
		{"more than a burst", 1000, 1000, []time.Duration{0, 0}, 3000, []time.Duration{2 * time.Second, 5 * time.Second}},
		{"the debt is bounded", 1, 1, []time.Duration{0, 0}, 1 << 30, []time.Duration{time.Minute, time.Minute}},
	}
	for _, tt := range tests {
		var m meter
		for i, at := range tt.at {
			if got := m.take(tt.n, tt.perSecond, tt.burst, at); got != tt.wait[i] {
				t.Errorf("%s: at %s, the %d.: got %s, want %s", tt.name, at, i+1, got, tt.wait[i])
			}
		}
	}
}

const limited = `
grants:
  - {name: paused, send: [/queue/paused], limits: {frames_per_second: 1, frames_burst: 2}}
  - {name: closed, send: [/queue/closed], limits: {frames_per_second: 1, frames_burst: 2, over: close}}
  - {name: small, send: [/queue/small], limits: {body: 10, bytes_per_second: 100000}}
  - {name: bytes, send: [/queue/bytes], limits: {bytes_per_second: 1000, over: close}}
  - {name: open, send: [/queue/open], subscribe: ['/queue/*'], limits: {subscriptions: 2}}
  - {name: more, subscribe: ['/topic/*']}
limits:
  - {to: {principals: [bob]}, body: 5, frames_per_second: 1, frames_burst: 3, over: close, subscriptions: 3}
`

// TestTighten: of two limits the tighter counts, whichever comes first, and a rate
// keeps its own burst.
func TestTighten(t *testing.T) {
	wide := limits{framesPerSecond: 20, framesBurst: 2, bytesPerSecond: 2000, bytesBurst: 3, body: 200, subscriptions: 20, sessions: 20}
	tight := limits{framesPerSecond: 10, framesBurst: 5, bytesPerSecond: 1000, bytesBurst: 6, body: 100, subscriptions: 10, sessions: 10}
	closing := limits{closeOver: true}
	both := tight
	both.closeOver = true
	for _, tt := range []struct {
		name    string
		a, b    limits
		tighter limits
	}{
		{"wide and tight", wide, tight, tight},
		{"tight and wide", tight, wide, tight},
		{"tight and none", tight, limits{}, tight},
		{"none and tight", limits{}, tight, tight},
		{"closing first", closing, tight, both},
		{"closing last", tight, closing, both},
	} {
		got := tt.a
		if got.tighten(tt.b); got != tt.tighter {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.tighter)
		}
	}
}

func TestRates(t *testing.T) {
	p := mustParse(t, limited)
	ann := mustOpen(t, engineOf(p), named("ann", nil), broker.RabbitMQ)
	send := frame(t, "SEND /queue/paused")
	for i, want := range []bool{false, false, true, true} {
		if v := ann.Judge(send); !v.Allow || (v.Wait > 0) != want {
			t.Errorf("paused, the %d.: got %v", i+1, v)
		}
	}
	send = frame(t, "SEND /queue/closed")
	for i, want := range []bool{true, true, false} {
		if v := ann.Judge(send); v.Allow != want || !want && v.Code != CodeRateLimited {
			t.Errorf("closed, the %d.: got %v", i+1, v)
		}
	}
	ann.Judge(frame(t, "SEND /queue/bytes"))
	if v := ann.Body(900); !v.Allow {
		t.Errorf("within the rate: %v", v)
	}
	if v := ann.Body(200); v.Allow || v.Code != CodeRateLimited {
		t.Errorf("over the rate: %v", v)
	}
	if v := mustOpen(t, engineOf(p), named("ann", nil), broker.RabbitMQ).Judge(send); !v.Allow {
		t.Errorf("another session has a grant's rate of its own: got %v", v)
	}

	// A principal's rate is over all of its sessions and grants.
	e := engineOf(p)
	one, two := mustOpen(t, e, named("bob", nil), broker.RabbitMQ), mustOpen(t, e, named("bob", nil), broker.RabbitMQ)
	other := mustOpen(t, e, named("bob2", nil), broker.RabbitMQ)
	open := frame(t, "SEND /queue/open")
	for i, g := range []*Guard{one, two, one} {
		if v := g.Judge(open); !v.Allow {
			t.Errorf("bob, the %d.: got %v", i+1, v)
		}
	}
	if v := two.Judge(open); v.Allow || v.Code != CodeRateLimited {
		t.Errorf("bob, the fourth: got %v", v)
	}
	if v := two.Judge(frame(t, "BEGIN transaction:1")); v.Allow {
		t.Errorf("bob's BEGIN: got %v", v)
	}
	if v := two.Judge(frame(t, "ACK id:1")); !v.Allow {
		t.Errorf("ACK has no rate: got %v", v)
	}
	if v := other.Judge(open); !v.Allow {
		t.Errorf("somebody else: got %v", v)
	}
}

// TestRatesOutliveSessions: a session more is no burst more, and what is paid for is
// forgotten.
func TestRatesOutliveSessions(t *testing.T) {
	e := engineOf(mustParse(t, "grants: [{name: a, send: ['/queue/>']}]\nlimits: [{frames_per_second: 1, frames_burst: 5, bytes_per_second: 1000}]"))
	var now time.Duration
	e.now = func() time.Duration { return now }
	send := frame(t, "SEND /queue/a")
	free := func(name string, most int) (n int) {
		t.Helper()
		g, err := e.Open("s", named(name, nil), broker.RabbitMQ, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		for n < most && g.Judge(send).Wait == 0 {
			n++
		}
		return n
	}
	now = time.Hour
	for i, want := range []int{5, 0, 0} {
		if got := free("ann", 10); got != want {
			t.Errorf("session %d: %d free frames, want %d", i+1, got, want)
		}
	}
	if got := free("bob", 10); got != 5 {
		t.Errorf("somebody else: %d free frames, want 5", got)
	}
	now += time.Minute // by far: what waits is one frame a session
	if got := free("ann", 10); got != 5 {
		t.Errorf("after a rest: %d free frames, want 5", got)
	}

	// Whoever comes but once is not kept for ever, nor does one who comes often
	// stand in the list more than once.
	for i := range 1000 {
		now += time.Second
		free(fmt.Sprint("n", i), 1)
		free("often", 1)
		if len(e.accounts) > 30 || len(e.resting) > 30 {
			t.Fatalf("after %d: %d accounts, %d rest", i+1, len(e.accounts), len(e.resting))
		}
	}
	now += time.Hour
	for range 30 {
		now += time.Hour
		free("last", 0)
	}
	if len(e.accounts) != 0 || len(e.resting) != 0 {
		t.Errorf("%d accounts, %d rest", len(e.accounts), len(e.resting))
	}
}

func TestBodies(t *testing.T) {
	p := mustParse(t, limited)
	ann := mustOpen(t, engineOf(p), named("ann", nil), broker.RabbitMQ)
	if v := ann.Judge(frame(t, "SEND /queue/small content-length:10")); !v.Allow {
		t.Errorf("at the limit: %v", v)
	}
	if v := ann.Body(10); !v.Allow {
		t.Errorf("at the limit: %v", v)
	}
	if v := ann.Body(1); v.Allow || v.Code != frameinspect.CodeBodyTooBig || v.Keep {
		t.Errorf("one more: %v", v)
	}
	if v := ann.Judge(frame(t, "SEND /queue/small content-length:11")); v.Allow || v.Code != frameinspect.CodeBodyTooBig {
		t.Errorf("announced: %v", v)
	}
	ann.Judge(frame(t, "SEND /queue/small"))
	for i, want := range []bool{true, true, false} {
		if v := ann.Body(5); v.Allow != want {
			t.Errorf("in parts, the %d.: %v", i+1, v)
		}
	}
	ann.Judge(frame(t, "SEND /queue/open"))
	if v := ann.Body(1 << 30); !v.Allow {
		t.Errorf("no limit: %v", v)
	}
	bob := mustOpen(t, engineOf(p), named("bob", nil), broker.RabbitMQ)
	for _, words := range []string{"SEND /queue/small content-length:6", "SEND /queue/open content-length:6"} {
		if v := bob.Judge(frame(t, words)); v.Allow {
			t.Errorf("%s: the principal's limit is the tighter: %v", words, v)
		}
	}
}

// TestRatesTogether: the rates of the principal and the grant count both, in frames and
// in bytes.
func TestRatesTogether(t *testing.T) {
	e := engineOf(mustParse(t, `
on_denied: keep
grants:
  - {name: loose, send: [/queue/loose], limits: {frames_per_second: 100}}
  - {name: tight, send: [/queue/tight], limits: {frames_per_second: 1, frames_burst: 1}}
  - {name: body, send: [/queue/body], limits: {frames_per_second: 1, frames_burst: 1, bytes_per_second: 1000, over: close}}
limits:
  - {to: {principals: [paused]}, frames_per_second: 1, frames_burst: 2}
  - {to: {principals: [closed]}, frames_per_second: 1, frames_burst: 2, over: close}
`))
	open := func(name string) *Guard { return mustOpen(t, e, named(name, nil), broker.RabbitMQ) }
	paused, closed, free := open("paused"), open("closed"), open("free")
	loose, tight := frame(t, "SEND /queue/loose"), frame(t, "SEND /queue/tight")
	for i, want := range []bool{false, false, true} {
		if v := paused.Judge(loose); !v.Allow || (v.Wait > 0) != want {
			t.Errorf("the principal waits, the %d.: got %v", i+1, v)
		}
	}
	for i, want := range []bool{true, true, false} {
		if v := closed.Judge(tight); v.Allow != want || v.Keep {
			t.Errorf("the principal is closed, the grant only waits, the %d.: got %v", i+1, v)
		}
	}
	if v := free.Judge(frame(t, "SEND /queue/body")); !v.Allow {
		t.Errorf("one frame: %v", v)
	}
	if v := free.Body(10); !v.Allow {
		t.Errorf("a body is no frame: %v", v)
	}
	if v := free.Judge(frame(t, "SEND /queue/body")); v.Allow || v.Code != CodeRateLimited {
		t.Errorf("the second frame, of few bytes: %v", v)
	}
	if v := open("head").Judge(frame(t, "SEND /queue/body x:"+strings.Repeat("x", 1000))); v.Allow || v.Code != CodeRateLimited {
		t.Errorf("a head has bytes: %v", v)
	}
}

// TestRefusedFramesCount: on_denied: keep is no way to send for nothing.
func TestRefusedFramesCount(t *testing.T) {
	const text = `
on_denied: keep
grants:
  - {name: a, send: [/queue/a], subscribe: [/queue/a], headers: {deny: [x-no]}, limits: {body: 10}}
  - {name: b, send: [/queue/b], headers: {deny: [x-no]}, limits: {frames_per_second: 1, frames_burst: 3, over: close}}
limits:
  - {to: {principals: [closed]}, frames_per_second: 1, frames_burst: 3, over: close}
  - {to: {principals: [paused]}, frames_per_second: 1, frames_burst: 3}
  - {to: {principals: [bytes]}, bytes_per_second: 1000, over: close}
`
	const free = 3
	for _, tt := range []struct {
		name, words string
		free        int
	}{
		{"closed", "SEND /queue/other", free},
		{"closed", "SEND /queue/*", free},
		{"closed", "SEND /queue/a x-no:1", free},
		{"closed", "SEND /queue/a content-length:11", free},
		{"closed", "SEND /queue/a reply-to:/temp-queue/r", free},
		{"closed", "SUBSCRIBE /queue/other id:1", free},
		{"closed", "SUBSCRIBE /queue/a id:1", free}, // the first is none of those that are refused
		{"closed", "UNSUBSCRIBE id:9", free},
		{"bytes", "SEND /queue/other x:" + strings.Repeat("x", 280), free},
		{"bytes", "SEND /queue/other content-length:280", free},
		{"nobody's", "SEND /queue/b x-no:1", free},
	} {
		g := mustOpen(t, engineOf(mustParse(t, text)), named(tt.name, nil), broker.RabbitMQ)
		h := frame(t, tt.words)
		for i := range 10_000 {
			v := g.Judge(h)
			if v.Code == CodeRateLimited && !v.Keep {
				if i != tt.free {
					t.Errorf("%s, %.50s: %d frames went before, want %d", tt.name, tt.words, i, tt.free)
				}
				break
			}
			if i > tt.free {
				t.Fatalf("%s, %.50s: the %d. got %+v", tt.name, tt.words, i+1, v)
			}
		}
	}
	// What waits is dropped all the same, and what ends the session need not wait.
	for keep, want := range map[string]bool{"on_denied: keep": true, "on_denied: close": false} {
		g := mustOpen(t, engineOf(mustParse(t, strings.Replace(text, "on_denied: keep", keep, 1))), named("paused", nil), broker.RabbitMQ)
		var v Verdict
		for range free + 1 {
			v = g.Judge(frame(t, "SEND /queue/other"))
		}
		if v.Allow || v.Code != CodeDenied || v.Keep != want || (v.Wait > 0) != want {
			t.Errorf("%s: got %+v", keep, v)
		}
	}
}

func TestSubscriptionLimits(t *testing.T) {
	e := engineOf(mustParse(t, limited))
	ann := mustOpen(t, e, named("ann", nil), broker.RabbitMQ)
	steps := []struct {
		words string
		code  string
	}{
		{"SUBSCRIBE /queue/a id:1", ""},
		{"SUBSCRIBE /queue/b id:2", ""},
		{"SUBSCRIBE /queue/c id:3", "too_many_subscriptions"},
		{"SUBSCRIBE /topic/c id:3", ""},
		{"SUBSCRIBE /queue/a id:1", "duplicate_subscription"},
		{"SUBSCRIBE /queue/b id:1", "duplicate_subscription"},
		{"UNSUBSCRIBE id:9", "unknown_subscription"},
		{"UNSUBSCRIBE id:1 durable:true", "denied"},
		{"UNSUBSCRIBE id:1", ""},
		{"UNSUBSCRIBE id:1", "unknown_subscription"},
		{"SUBSCRIBE /queue/c id:3.1", ""},
	}
	for _, s := range steps {
		if v := ann.Judge(frame(t, s.words)); string(v.Code) != s.code || v.Allow != (s.code == "") {
			t.Errorf("%s: got %q, want %q", s.words, v.Code, s.code)
		}
	}

	// STOMP 1.0 may leave the id out.
	old := mustOpen(t, e, named("old", nil), broker.RabbitMQ)
	for _, text := range []string{"SUBSCRIBE\ndestination:/queue/a\n\n", "UNSUBSCRIBE\ndestination:/queue/a\n\n"} {
		if v := old.Judge(rawFrame(t, text, frameinspect.V10)); !v.Allow {
			t.Errorf("%q: got %v", text, v)
		}
	}
}

func TestPrincipalSubscriptions(t *testing.T) {
	e := engineOf(mustParse(t, "grants: [{name: a, subscribe: ['>']}]\nlimits: [{subscriptions: 2}]"))
	one, two := mustOpen(t, e, named("bob", nil), broker.RabbitMQ), mustOpen(t, e, named("bob", nil), broker.RabbitMQ)
	subscribe := func(g *Guard, id string) bool { return g.Judge(frame(t, "SUBSCRIBE /queue/a id:"+id)).Allow }
	if !subscribe(one, "1") || !subscribe(two, "1") || subscribe(two, "2") {
		t.Error("want two subscriptions of both sessions together, and no third")
	}
	one.Close()
	if !subscribe(two, "2") || subscribe(two, "3") {
		t.Error("want the closed session's subscription to be free")
	}
}

// Without a limit, what a session keeps of its subscriptions is bounded all the
// same.
func TestSubscriptionsAreBounded(t *testing.T) {
	e := engineOf(mustParse(t, "grants: [{name: a, subscribe: ['>']}]"))
	g := mustOpen(t, e, named("bob", nil), broker.RabbitMQ)
	for i := range maxSubscriptions + 1 {
		id := make([]byte, 0, 8)
		for n := i; ; n /= 26 {
			if id = append(id, byte('a'+n%26)); n < 26 {
				break
			}
		}
		if v := g.Judge(frame(t, "SUBSCRIBE /queue/a id:"+string(id))); v.Allow != (i < maxSubscriptions) {
			t.Fatalf("the %d.: got %v", i+1, v)
		}
	}
	g = mustOpen(t, e, named("bob", nil), broker.RabbitMQ)
	long := make([]byte, maxSubscriptionHead)
	for i := range long {
		long[i] = 'x'
	}
	if v := g.Judge(frame(t, "SUBSCRIBE /queue/a id:"+string(long))); v.Allow {
		t.Error("a long id is kept")
	}
}
