package policy

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// Every powerful header is denied where its brokers know it, in any case, and
// passes where a grant allows it or no broker makes anything of it.
func TestPowerfulHeaders(t *testing.T) {
	deny := mustParse(t, "grants: [{name: a, send: [/queue/a], subscribe: [/queue/a]}]")
	for _, p := range powerfulHeaders {
		if p.name != strings.ToLower(p.name) || p.why == "" || p.in == 0 {
			t.Errorf("%s: the entry is wrong", p.name)
		}
		name := strings.ReplaceAll(p.name, "*", "some")
		granted := mustParse(t, "grants: [{name: a, send: [/queue/a], subscribe: [/queue/a], headers: {allow: ['"+p.name+"']}}]")
		for _, d := range every6 {
			known := d == broker.Unknown || p.in&(1<<d) != 0
			for _, words := range []string{"SEND /queue/a ", "SUBSCRIBE /queue/a id:1 "} {
				for _, spelt := range []string{name, strings.ToUpper(name)} {
					h := frame(t, words+spelt+":1")
					if v := mustOpen(t, engineOf(deny), named("n", nil), d).Judge(h); v.Allow == known || known && v.Message != "the header "+spelt+" is not allowed here" {
						t.Errorf("%s%s in dialect %d: got %v", words, spelt, d, v)
					}
					if v := mustOpen(t, engineOf(granted), named("n", nil), d).Judge(h); !v.Allow {
						t.Errorf("%s%s in dialect %d, allowed: got %v", words, spelt, d, v)
					}
				}
			}
		}
	}
	if !slices.IsSortedFunc(every6, func(a, b broker.Dialect) int { return int(a) - int(b) }) {
		t.Error("a dialect is missing here")
	}
}

// TestHeadersBrokersKnow has what was found in the code of brokers, apart from the
// table.
func TestHeadersBrokersKnow(t *testing.T) {
	p := mustParse(t, "grants: [{name: a, send: [/queue/a], subscribe: [/queue/a]}]")
	for _, tt := range []struct {
		words string
		d     broker.Dialect
		allow bool
	}{
		{"SUBSCRIBE /queue/a id:1 browser:true", broker.ActiveMQ, false},
		{"SUBSCRIBE /queue/a id:1 browser:true", broker.Apollo, false},
		{"SUBSCRIBE /queue/a id:1 browser:true", broker.RabbitMQ, true},
		{"SUBSCRIBE /queue/a id:1 activemq.subscriptionName:x", broker.Artemis, false},
		{"SUBSCRIBE /queue/a id:1 activemq.subscriptionName:x", broker.HornetQ, false},
		{"SUBSCRIBE /queue/a id:1 activemq.prefetchSize:1", broker.ActiveMQ, false},
		{"SEND /queue/a AMQ_SCHEDULED_DELAY:1000", broker.Artemis, false},
		{"SEND /queue/a AMQ_SCHEDULED_TIME:1", broker.Artemis, false},
		{"SEND /queue/a AMQ_SCHEDULED_DELAY:1000", broker.RabbitMQ, true},
	} {
		if v := mustOpen(t, engineOf(p), named("n", nil), tt.d).Judge(frame(t, tt.words)); v.Allow != tt.allow {
			t.Errorf("%s in dialect %d: got %v", tt.words, tt.d, v)
		}
	}
}

func TestOrdinaryHeadersPass(t *testing.T) {
	p := mustParse(t, "grants: [{name: a, send: [/queue/a], subscribe: [/queue/a]}]")
	for _, d := range every6 {
		g := mustOpen(t, engineOf(p), named("n", nil), d)
		h := frame(t, "SEND /queue/a content-type:text/plain content-length:3 x-tenant:acme app:7 receipt:r1 transaction:t correlation-id:c priority:4 expires:0")
		if v := g.Judge(h); !v.Allow {
			t.Errorf("dialect %d: got %v", d, v)
		}
	}
}

// The table of the docs is the table of the code.
func TestHeaderTableInDocs(t *testing.T) {
	doc, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []struct {
		in   brokers
		text string
	}{{every, "all"}, {jms, "ActiveMQ, Artemis, Apollo"}, {rabbit | apollo, "RabbitMQ, Apollo"}, {rabbit, "RabbitMQ"}, {active | artemis, "ActiveMQ, Artemis"}, {active | apollo, "ActiveMQ, Apollo"}, {active, "ActiveMQ"}, {artemis, "Artemis"}, {apollo, "Apollo"}}
	var table strings.Builder
	for _, p := range powerfulHeaders {
		for _, n := range names {
			if n.in == p.in {
				table.WriteString("| `" + p.name + "` | " + n.text + " | " + p.why + " |\n")
			}
		}
	}
	if !strings.Contains(string(doc), table.String()) {
		t.Errorf("docs/policy.md lacks this table:\n%s", table.String())
	}
}

func TestRewrite(t *testing.T) {
	p := mustParse(t, "grants: [{name: a, send: [/queue/a], subscribe: [/queue/a]}]\nset_headers: {x-user: '{name}', X-Tenant: 't:{claims.tenant}', x-none: '{claims.none}'}")
	claims := map[string]any{"tenant": `a\b`}
	tests := []struct {
		version    frameinspect.Version
		name       string
		head, want string
	}{
		{frameinspect.V12, "ann", "SEND\ndestination:/queue/a\n\n", "SEND\ndestination:/queue/a\nx-user:ann\nX-Tenant:t\\ca\\\\b\n\n"},
		// 1.0 has no escapes, and brokers undo them all the same.
		{frameinspect.V10, "ann", "SEND\nx-tenant:z\ndestination:/queue/a\n\n", "SEND\ndestination:/queue/a\nx-user:ann\n\n"},
		{frameinspect.V10, "a:b", "SEND\ndestination:/queue/a\n\n", "SEND\ndestination:/queue/a\nx-user:a:b\n\n"},
		{frameinspect.V10, `bob\nx-role:admin`, "SEND\nx-user:eve\ndestination:/queue/a\n\n", "SEND\ndestination:/queue/a\n\n"},
		{frameinspect.V11, `a\nb`, "SEND\ndestination:/queue/a\n\n", "SEND\ndestination:/queue/a\nx-user:a\\\\nb\nX-Tenant:t\\ca\\\\b\n\n"},
		{frameinspect.V12, "ann", "SEND\r\nx-user:eve\r\ndestination:/queue/a\r\nX-USER:eve\r\nx-tenant:z\r\nx-none:z\r\nx-users:ok\r\n\r\n",
			"SEND\ndestination:/queue/a\nx-users:ok\nx-user:ann\nX-Tenant:t\\ca\\\\b\n\n"},
		{frameinspect.V11, "a\nb", "SEND\nx-user:eve\ndestination:/queue/a\n\n", "SEND\ndestination:/queue/a\nX-Tenant:t\\ca\\\\b\n\n"},
	}
	for _, tt := range tests {
		id := &auth.Identity{Principal: auth.Principal{Name: tt.name, Claims: claims}}
		g := mustOpen(t, engineOf(p), id, broker.RabbitMQ)
		h := rawFrame(t, tt.head, tt.version)
		v := g.Judge(h)
		if !v.Allow || v.Rewrite == nil {
			t.Fatalf("%q: got %v", tt.head, v)
		}
		if got := string(v.Rewrite.AppendHead([]byte("before"), h)); got != "before"+tt.want {
			t.Errorf("%q: got %q, want %q", tt.head, got, tt.want)
		}
	}
	g := mustOpen(t, engineOf(p), named("ann", nil), broker.RabbitMQ)
	if v := g.Judge(frame(t, "SUBSCRIBE /queue/a id:1")); !v.Allow || v.Rewrite != nil {
		t.Errorf("SUBSCRIBE: got %v", v)
	}
}

// TestNoClientSetsWhatThePolicySets: clients in JavaScript trim the names of headers,
// by more than ASCII's blanks.
func TestNoClientSetsWhatThePolicySets(t *testing.T) {
	p := mustParse(t, "grants: [{name: a, send: [/queue/a]}]\nset_headers: {x-user: '{name}'}")
	blanks := []rune{0xfeff, 0x180e} // the second in engines before Unicode 6.3
	for r := rune(0x80); r < 0x10000; r++ {
		if unicode.IsSpace(r) {
			blanks = append(blanks, r)
		}
	}
	for _, who := range []struct{ name, set string }{{"ann", "x-user:ann\n"}, {"", ""}} {
		for _, version := range []frameinspect.Version{frameinspect.V10, frameinspect.V12} {
			for _, blank := range blanks {
				for _, name := range []string{"x-user" + string(blank), string(blank) + "X-User", string([]rune{blank, blank}) + "x-user" + string([]rune{0xa0, blank})} {
					h := rawFrame(t, "SEND\n"+name+":admin\ndestination:/queue/a\n\n", version)
					v := mustOpen(t, engineOf(p), named(who.name, nil), broker.RabbitMQ).Judge(h)
					if got, want := string(v.Rewrite.AppendHead(nil, h)), "SEND\ndestination:/queue/a\n"+who.set+"\n"; got != want {
						t.Errorf("%q: got %q, want %q", name, got, want)
					}
				}
			}
		}
	}
	h := rawFrame(t, "SEND\nx-\u00a0user:1\nx-user\u200b:2\n\u00a0:3\ndestination:/queue/a\n\n", frameinspect.V12)
	v := mustOpen(t, engineOf(p), named("ann", nil), broker.RabbitMQ).Judge(h)
	if got, want := string(v.Rewrite.AppendHead(nil, h)), "SEND\nx-\u00a0user:1\nx-user\u200b:2\n\u00a0:3\ndestination:/queue/a\nx-user:ann\n\n"; got != want {
		t.Errorf("other names: got %q, want %q", got, want)
	}
}

// One header more leaves the rewrite that it was added to as it is, and what that
// one sets stands.
func TestRewriteWith(t *testing.T) {
	h := rawFrame(t, "SEND\nX-A:1\nx-b:1\nX-B:2\ndestination:/queue/a\n\n", frameinspect.V12)
	var none *Rewrite
	a := none.With("x-a", "own")
	for _, tt := range []struct {
		rewrite *Rewrite
		want    string
	}{
		{a, "SEND\nx-b:1\nX-B:2\ndestination:/queue/a\nx-a:own\n\n"},
		{a.With("X-B", "b:c"), "SEND\ndestination:/queue/a\nx-a:own\nX-B:b\\cc\n\n"},
		{a.With("x-b", ""), "SEND\ndestination:/queue/a\nx-a:own\n\n"},
		{a.With("X-A", "another"), "SEND\nx-b:1\nX-B:2\ndestination:/queue/a\nx-a:own\n\n"},
		{a.With("x-b", "1").With("x-c", "2"), "SEND\ndestination:/queue/a\nx-a:own\nx-b:1\nx-c:2\n\n"},
	} {
		if got := string(tt.rewrite.AppendHead(nil, h)); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestKeep(t *testing.T) {
	for text, want := range map[string]bool{"": false, "on_denied: close\n": false, "on_denied: keep\n": true} {
		g := mustOpen(t, engineOf(mustParse(t, text+"grants: [{name: a, send: [/queue/a]}]")), named("n", nil), broker.RabbitMQ)
		if v := g.Judge(frame(t, "SEND /queue/b")); v.Allow || v.Keep != want {
			t.Errorf("%q: got %v", text, v)
		}
	}
}
