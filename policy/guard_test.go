package policy

import (
	"strings"
	"testing"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// chat is the policy that most tests use.
const chat = `
grants:
  - name: chat
    to: { principals: [alice, "svc-*"], claims: { tenant: acme } }
    send: ["/topic/chat.*"]
    subscribe: ["/topic/chat.>"]
    headers: { allow: [selector], require: [x-tenant], deny: [priority] }
  - name: own
    send: ["/queue/user.{claims.sub}.>"]
    subscribe: ["/queue/user.{claims.sub}.>", "/temp-queue/*"]
  - name: open
    send: ["/topic/open.>"]
    subscribe: ["/topic/open.>", "/queue/*"]
  - name: admin
    to: { claims: { roles: admin } }
    send: [">"]
    subscribe: [">"]
denials:
  - name: no-admin
    send: ["/queue/admin.>"]
    subscribe: ["/queue/admin.>"]
  - name: no-audit
    subscribe: ["/topic/audit.log"]
`

func TestJudge(t *testing.T) {
	p := mustParse(t, chat)
	alice := map[string]any{"tenant": "acme", "sub": "a1"}
	admin := map[string]any{"roles": []any{"user", "admin"}}
	tests := []struct {
		claims  map[string]any
		frame   string
		dialect broker.Dialect
		rule    string // of an allowed frame
		code    string // of a denied one
	}{
		{alice, "SEND /topic/chat.a x-tenant:acme", broker.ActiveMQ, "chat", ""},
		{alice, "SEND /topic/chat.a", broker.ActiveMQ, "", "denied"},
		{alice, "SEND /topic/chat.a x-tenant:acme priority:9", broker.ActiveMQ, "", "denied"},
		{alice, "SEND /topic/chat.a.b x-tenant:acme", broker.ActiveMQ, "", "denied"},
		{alice, "SEND /topic/chat/a x-tenant:acme", broker.ActiveMQ, "", "denied"},
		{nil, "SEND /topic/chat.a x-tenant:acme", broker.ActiveMQ, "", "denied"},
		{alice, "SUBSCRIBE /topic/chat.> id:1 x-tenant:acme selector:a=1", broker.ActiveMQ, "chat", ""},
		{alice, "SUBSCRIBE /topic/chat.# id:1 x-tenant:acme", broker.RabbitMQ, "chat", ""},
		{alice, "SUBSCRIBE /topic/chat.# id:1 x-tenant:acme", broker.ActiveMQ, "", "ambiguous_destination"},
		{alice, "SUBSCRIBE /topic/> id:1 x-tenant:acme", broker.ActiveMQ, "", "denied"},
		{alice, "SEND /queue/user.a1.x", broker.RabbitMQ, "own", ""},
		{alice, "SEND /queue/user.a1", broker.RabbitMQ, "own", ""},
		{alice, "SEND /queue/user.a2.x", broker.RabbitMQ, "", "denied"},
		{nil, "SEND /queue/user.a1.x", broker.RabbitMQ, "", "denied"},
		{alice, "SUBSCRIBE /queue/user.* id:1", broker.RabbitMQ, "", "denied"},
		{alice, "SEND /topic/open.a selector:x", broker.RabbitMQ, "", "denied"},
		{alice, "SEND /topic/open.a x-app:x", broker.RabbitMQ, "open", ""},
		{alice, "SEND /topic/open.* x-app:x", broker.RabbitMQ, "", "ambiguous_destination"},
		{alice, "SEND /topic/open.a,/queue/admin.b", broker.ActiveMQ, "", "ambiguous_destination"},
		{alice, "SEND /topic/open.a reply-to:/temp-queue/r", broker.RabbitMQ, "open", ""},
		{alice, "SEND /topic/open.a reply-to:/temp-queue/r/s", broker.RabbitMQ, "", "denied"},
		{alice, "SEND /topic/open.a reply-to:/queue/x", broker.RabbitMQ, "", "denied"},
		{admin, "SEND /queue/any.thing", broker.RabbitMQ, "admin", ""},
		{admin, "SEND /queue/admin.x", broker.RabbitMQ, "", "denied"},
		{admin, "SEND /queue/admin", broker.RabbitMQ, "", "denied"},
		{admin, "SEND /amq/queue/admin.x", broker.RabbitMQ, "", "denied"},
		{admin, "SEND admin.x", broker.RabbitMQ, "", "denied"},
		{admin, "SEND jms.queue.admin.x", broker.Artemis, "", "denied"},
		{admin, "SEND admin.x", broker.Artemis, "", "denied"},
		{admin, "SEND anycast://admin.x", broker.Artemis, "", "denied"},
		{admin, "SEND a::admin.x", broker.Artemis, "", "ambiguous_destination"},
		{admin, "SUBSCRIBE /queue/> id:1", broker.ActiveMQ, "", "denied"},
		{admin, "SUBSCRIBE /queue/* id:1", broker.ActiveMQ, "", "denied"},
		{admin, "SUBSCRIBE /queue/*.x id:1", broker.ActiveMQ, "", "denied"},
		{admin, "SUBSCRIBE /topic/*.x id:1", broker.ActiveMQ, "admin", ""},
		{admin, "SUBSCRIBE /topic/*.log id:1", broker.ActiveMQ, "", "denied"},
		{admin, "SUBSCRIBE /exchange/amq.topic/audit.* id:1", broker.RabbitMQ, "", "denied"},
		{admin, "SUBSCRIBE /exchange/amq.topic/other.* id:1", broker.RabbitMQ, "admin", ""},
		{alice, "BEGIN transaction:1", broker.RabbitMQ, "", ""},
		{alice, "ACK id:1", broker.RabbitMQ, "", ""},
		{alice, "UNSUBSCRIBE id:1", broker.RabbitMQ, "", "unknown_subscription"},
	}
	for _, tt := range tests {
		id := named("alice", tt.claims)
		h := frame(t, tt.frame)
		got := mustOpen(t, engineOf(p), id, tt.dialect).Judge(h)
		if got.Allow != (tt.code == "") || string(got.Code) != tt.code || got.Allow && got.Rule != tt.rule {
			t.Errorf("%s: got %t, rule %q, code %q (%s), want rule %q, code %q", tt.frame, got.Allow, got.Rule, got.Code, got.Message, tt.rule, tt.code)
		}
		x, err := p.Explain(id, tt.dialect, h)
		if err != nil {
			t.Fatal(err)
		}
		if tt.code != "unknown_subscription" && (x.Verdict.Allow != got.Allow || x.Verdict.Code != got.Code) {
			t.Errorf("%s: explained as %t, %q, judged as %t, %q\n%s", tt.frame, x.Verdict.Allow, x.Verdict.Code, got.Allow, got.Code, x)
		}
	}
}

// Of a thousand rules, the right one decides.
func TestJudgeByAThousandRules(t *testing.T) {
	for _, tt := range []struct {
		p           *Policy
		words, rule string
	}{
		{thousand(t), "SEND /topic/room.63.x", "g63"},
		{thousand(t), "SEND /topic/room.64.x", "g64"},
		{thousand(t), "SEND /queue/s.998", "g998"},
		{same(t), "SEND /topic/room.1", "g999"},
		{thousand(t), "SEND /queue/admin.99.x", ""},
	} {
		v := mustOpen(t, engineOf(tt.p), named("p999", map[string]any{"sub": "s"}), broker.RabbitMQ).Judge(frame(t, tt.words))
		if v.Allow != (tt.rule != "") || v.Allow && v.Rule != tt.rule {
			t.Errorf("%s: got %v, want rule %q", tt.words, v, tt.rule)
		}
	}
}

// TestJudgeAsWritten has heads that ParseFrame does not make.
func TestJudgeAsWritten(t *testing.T) {
	e := engineOf(mustParse(t, "grants: [{name: a, send: ['/queue/a', '/queue/a:b', '/topic/>'], subscribe: ['/queue/a']}]"))
	long := "/topic/" + strings.Repeat("x", maxDestination)
	for _, tt := range []struct {
		head    string
		version frameinspect.Version
		dialect broker.Dialect
		code    string
	}{
		{"SEND\r\ndestination:/queue/a\r\n\r\n", frameinspect.V12, broker.RabbitMQ, ""},
		{"SEND\ndestination:/queue/a\\cb\n\n", frameinspect.V12, broker.ActiveMQ, ""},
		{"SEND\ndestination:/queue/a:b\n\n", frameinspect.V10, broker.ActiveMQ, ""},
		{"SEND\ndestination:" + long[:maxDestination] + "\n\n", frameinspect.V12, broker.RabbitMQ, ""},
		{"SEND\ndestination:" + long[:maxDestination+1] + "\n\n", frameinspect.V12, broker.RabbitMQ, "ambiguous_destination"},
	} {
		g := mustOpen(t, e, named("n", nil), tt.dialect)
		if v := g.Judge(rawFrame(t, tt.head, tt.version)); string(v.Code) != tt.code || v.Allow != (tt.code == "") {
			t.Errorf("%q: got %v, want %q", tt.head, v, tt.code)
		}
		if n := cap(g.memo.destination); n > 2*maxMemo {
			t.Errorf("the session keeps %d bytes of a destination", n)
		}
	}
}

// TestWhyNoGrantTakesTheHeaders: the first that holds the destination says it.
func TestWhyNoGrantTakesTheHeaders(t *testing.T) {
	g := mustOpen(t, engineOf(mustParse(t, `
grants:
  - {name: first, send: [/queue/a], headers: {require: [x-first]}}
  - {name: second, send: [/queue/a], headers: {require: [x-second]}}
`)), named("n", nil), broker.RabbitMQ)
	if v := g.Judge(frame(t, "SEND /queue/a")); v.Allow || v.Message != "the header x-first is missing" || v.Rule != "first" {
		t.Errorf("got %v", v)
	}
	if v := g.Judge(frame(t, "SEND /queue/a x-second:1")); !v.Allow || v.Rule != "second" {
		t.Errorf("got %v", v)
	}
}

// TestPrivateReplies: what the broker subscribes to for a SEND is judged and counted
// as a subscription.
func TestPrivateReplies(t *testing.T) {
	g := mustOpen(t, engineOf(mustParse(t, "grants: [{name: a, send: [/queue/a], subscribe: ['/temp-queue/>', '/temp-topic/>']}]\nlimits: [{subscriptions: 2}]")),
		named("n", nil), broker.ActiveMQ)
	for _, step := range []struct{ replyTo, code string }{
		{"/temp-queue/" + strings.Repeat("x", maxDestination), "ambiguous_destination"},
		{"/temp-queue/r", ""},
		{"/temp-queue/r", ""}, // again: nothing new
		{"/temp-topic/r", ""},
		{"/temp-queue/s", "too_many_subscriptions"},
		{"/temp-queue/r", ""},
		{"/queue/r", "denied"},
	} {
		if v := g.Judge(frame(t, "SEND /queue/a reply-to:"+step.replyTo)); string(v.Code) != step.code {
			t.Errorf("%.20s: got %v, want %q", step.replyTo, v, step.code)
		}
	}
}

// TestNoSubscriptionIsHidden: some brokers make another consumer for an id that they
// have, and an UNSUBSCRIBE ends one of them, so whatever the guard let through is
// still there when its grant is withdrawn.
func TestNoSubscriptionIsHidden(t *testing.T) {
	for _, tt := range []struct {
		name               string
		version            frameinspect.Version
		first, again, stop string
	}{
		{"by id", frameinspect.V12, "id:1\ndestination:/topic/a", "id:1\ndestination:/topic/a", "id:1"},
		{"by id in 1.0", frameinspect.V10, "id:1\ndestination:/topic/a", "id:1\ndestination:/topic/a", "id:1"},
		{"by destination", frameinspect.V10, "destination:/topic/a", "destination:/topic/a", "destination:/topic/a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := engineOf(mustParse(t, "grants: [{name: a, subscribe: [/topic/a], limits: {subscriptions: 2}}]"))
			g := mustOpen(t, e, named("ann", nil), broker.ActiveMQ)
			consumers := 0 // of the broker
			for _, headers := range []string{tt.first, tt.again} {
				if g.Judge(rawFrame(t, "SUBSCRIBE\n"+headers+"\n\n", tt.version)).Allow {
					consumers++
				}
			}
			if g.Judge(rawFrame(t, "UNSUBSCRIBE\n"+tt.stop+"\n\n", tt.version)).Allow {
				consumers--
			}
			if consumers != len(g.subscriptions) {
				t.Errorf("the broker has %d consumers, the guard knows of %d", consumers, len(g.subscriptions))
			}
			if v := g.Judge(rawFrame(t, "SUBSCRIBE\n"+tt.first+"\n\n", tt.version)); !v.Allow {
				t.Errorf("again, after the end of the one before: got %v", v)
			}
			e.policy.Store(mustParse(t, "grants: [{name: b, subscribe: [/topic/b]}]"))
			if verdict, err := g.rebind(); verdict == nil || err != nil {
				t.Errorf("withdrawn: got %v, %v", verdict, err)
			}
		})
	}
}

// An id with a blank at its edge is another's to a broker that trims it.
func TestIDsThatAreTrimmed(t *testing.T) {
	g := mustOpen(t, engineOf(mustParse(t, "grants: [{name: a, subscribe: [/topic/a]}]")), named("ann", nil), broker.ActiveMQ)
	for id, want := range map[string]bool{"1": true, "a b": true, "": true, " 1": false, "1 ": false, "1\t": false, "\x011": false} {
		if v := g.Judge(rawFrame(t, "SUBSCRIBE\nid:"+id+"\ndestination:/topic/a\n\n", frameinspect.V10)); v.Allow != want {
			t.Errorf("%q: got %v", id, v)
		}
	}
}

// The id of a subscription may not be the name of a queue where the broker removes that.
func TestIDsOfHornetQ(t *testing.T) {
	for id, want := range map[string]bool{"sub-0": true, "": true, "jms.queue.a": false, "a.b": false, "/queue/a": false, "jms.topic.a": false} {
		for _, dialect := range []broker.Dialect{broker.HornetQ, broker.Artemis} {
			g := mustOpen(t, engineOf(mustParse(t, "grants: [{name: a, subscribe: [jms.topic.a]}]")), named("ann", nil), dialect)
			if v := g.Judge(rawFrame(t, "SUBSCRIBE\nid:"+id+"\ndestination:jms.topic.a\n\n", frameinspect.V12)); v.Allow != (want || dialect == broker.Artemis) {
				t.Errorf("%q in dialect %s: got %v", id, dialect, v)
			}
		}
	}
}

// A name that holds a colon is another name to consumers of STOMP 1.0 in Artemis and HornetQ.
func TestColonInAName(t *testing.T) {
	for dialect, want := range map[broker.Dialect]bool{
		broker.HornetQ: false, broker.Artemis: false, broker.Unknown: false, broker.RabbitMQ: true, broker.ActiveMQ: true, broker.Apollo: true,
	} {
		p := mustParse(t, "grants: [{name: a, send: [/queue/a]}]")
		h := rawFrame(t, "SEND\ndestination:/queue/a\nx-user\\cadmin:\n\n", frameinspect.V12)
		if v := mustOpen(t, engineOf(p), named("ann", nil), dialect).Judge(h); v.Allow != want {
			t.Errorf("dialect %s: got %v", dialect, v)
		}
		if x, err := p.Explain(named("ann", nil), dialect, h); err != nil || x.Verdict.Allow != want {
			t.Errorf("dialect %s: Explain: got %v, %v", dialect, x, err)
		}
		h = rawFrame(t, "SEND\ndestination:/queue/a\nx:y\\cz\n\n", frameinspect.V12)
		if v := mustOpen(t, engineOf(p), named("ann", nil), dialect).Judge(h); !v.Allow {
			t.Errorf("dialect %s: a colon in a value: got %v", dialect, v)
		}
	}
}

// TestJudgeAfterClose: a frame that is judged while the session ends takes nothing of
// the principal's limits with it.
func TestJudgeAfterClose(t *testing.T) {
	e := engineOf(mustParse(t, "grants: [{name: a, subscribe: ['>']}]\nlimits: [{subscriptions: 1}]"))
	one, two := mustOpen(t, e, named("bob", nil), broker.RabbitMQ), mustOpen(t, e, named("bob", nil), broker.RabbitMQ)
	one.Close()
	one.Judge(frame(t, "SUBSCRIBE /queue/a id:1"))
	if v := two.Judge(frame(t, "SUBSCRIBE /queue/a id:1")); !v.Allow {
		t.Errorf("got %v", v)
	}
	e.policy.Store(mustParse(t, ""))
	if verdict, err := one.rebind(); verdict != nil || err != nil {
		t.Errorf("got %v, %v for a session that has ended", verdict, err)
	}
}

// TestFirstGrantDecides: in the order of the file, whatever order they are found in,
// and each once.
func TestFirstGrantDecides(t *testing.T) {
	for _, patterns := range []string{"'/queue/a' '/queue/*' '/queue/>' '>'", "'>' '/queue/>' '/queue/*' '/queue/a'"} {
		text := "grants:\n"
		for i, pattern := range strings.Fields(patterns) {
			text += "  - {name: g" + string('1'+rune(i)) + ", send: [" + pattern + ", '/*/a']}\n"
		}
		g := mustOpen(t, engineOf(mustParse(t, text)), named("n", nil), broker.RabbitMQ)
		if v := g.Judge(frame(t, "SEND /queue/a")); v.Rule != "g1" {
			t.Errorf("%s: got %v", patterns, v)
		}
		var names []string
		for _, grant := range g.memo.decision.grants {
			names = append(names, grant.name)
		}
		if got := strings.Join(names, " "); got != "g1 g2 g3 g4" {
			t.Errorf("%s: got %s", patterns, got)
		}
	}
}
