package e2e

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/test/faultproxy"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// honest is what an attacker first sends to the allowed queue, and takes without acknowledging it.
const honest = "honest"

// TestSmugglingIsReal sends the attacks to the bare brokers.
func TestSmugglingIsReal(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		for _, a := range slices.Concat(framing, spellings, elsewhere) {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				if why := a.impossible(b); why != "" {
					t.Skip(why)
				}
				if a.garbles && b.name == "Artemis" {
					t.Skip("the witness could not read what Artemis makes of it")
				}
				tag := newTag()
				witness := a.watch(t, b, tag)
				s := b.openBare(t)
				s.Connect(b.login("accept-version", a.accept())...)
				beHonest(t, b, s, tag)
				_ = s.Write(stompws.Message{Data: []byte(a.fill(b, a.octets, tag))})
				// The broker reads to the end and then lets go of what was not acknowledged.
				if err := s.NetConn().(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				for err := error(nil); err == nil; { // until the broker has read to the end, too
					_, err = s.Read(stompws.Patience)
				}
				want := a.fooled(b)
				got := witness.sees(want && a.late)
				if a.byChance && b.name == "ActiveMQ" {
					t.Logf("by chance, the bare broker is fooled: %t", got)
				} else if got != want {
					t.Errorf("the bare broker is fooled: got %t, want %t", got, want)
				}
			})
		}
	})
}

// policies are what the gateways of the tables go by.
const (
	onlyAllowed = `version: 1
grants:
  - name: own
    send: ["/queue/allowed.>"]
    subscribe: ["/queue/allowed.>", "/topic/allowed.*"]
`
	allButDenied = `version: 1
grants:
  - name: everything
    send: ["/queue/>", "/topic/>"]
    subscribe: ["/queue/>", "/topic/>"]
denials:
  - name: secret
    send: ["/queue/denied.>"]
    subscribe: ["/queue/denied.>", "/topic/denied.>", "/topic/VirtualTopic.denied.>"]
`
)

// anyKindButDenied grants destinations of whatever kind, too.
const anyKindButDenied = `version: 1
grants:
  - name: everything
    send: [">"]
    subscribe: [">"]
denials:
  - name: secret
    send: ["/queue/denied.>"]
    subscribe: ["/queue/denied.>"]
`

// TestSmuggling sends the attacks through the gateway: none gets a message into the denied queue, and of a frame that
// is refused nothing reaches the broker.
func TestSmuggling(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		for name, table := range map[string]struct {
			policy  string
			attacks []attack
		}{"framing": {onlyAllowed, framing}, "spelling": {allButDenied, spellings}, "elsewhere": {anyKindButDenied, elsewhere}} {
			t.Run(name, func(t *testing.T) {
				g, line := b.guarded(t, table.policy)
				t.Run("all", func(t *testing.T) {
					for _, a := range table.attacks {
						t.Run(a.name, func(t *testing.T) {
							t.Parallel()
							a.through(t, b, g, line)
						})
					}
				})
			})
		}
	})
}

// guarded starts a gateway with a policy, and a relay between it and the broker that hears what it says there.
func (b *backend) guarded(t *testing.T, policy string) (*gw.Gateway, *faultproxy.Proxy) {
	t.Helper()
	line := faultproxy.Start(t, b.stomp)
	line.Record()
	dialect := "auto"
	if b.name == "HornetQ" { // which does not say who it is in STOMP 1.0
		dialect = "hornetq"
	}
	return gw.Run(t, gw.Options{Env: b.env(map[string]string{
		"STOMPGW_BROKER_DIALECT": dialect,
		"STOMPGW_BROKERS":        "tcp://" + line.Addr, "STOMPGW_POLICY_FILE": policyFile(t, b.spell(policy)),
		"STOMPGW_SOCKJS_TRANSPORTS": allTransports,
	})}), line
}

// policyFile writes a policy.
func policyFile(t *testing.T, policy string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// through makes the attack through the gateway.
func (a attack) through(t *testing.T, b *backend, g *gw.Gateway, line *faultproxy.Proxy) {
	if why := a.impossible(b); why != "" {
		t.Skip(why)
	}
	tag := newTag()
	witness := a.watch(t, b, tag)
	s := stompws.Open(t, g.URL, stompws.Options{})
	s.Connect(b.login("accept-version", a.accept())...)
	beHonest(t, b, s, tag)
	for _, m := range a.messages(b, tag) {
		_ = s.Write(m) // the gateway may have ended the session already
	}
	code := a.codeFor(b)
	switch code {
	case unfinished:
	case brokersOwn:
		s.Expect("ERROR")
	case "":
		s.Do("SEND", "after", "destination", b.spell("/queue/allowed."+tag), "receipt", "after")
		for s.Next().Get("receipt-id") != "after" {
		}
	default:
		expectGatewayError(t, s.ExpectClose(closeCodeOf(code)), code)
	}
	s.Abort()
	if witness.sees(false) {
		t.Error("the message is in the denied queue")
	}
	if code != "" && code != unfinished && code != brokersOwn {
		expectUnheard(t, line, tag)
	}
}

// expectUnheard wants nothing of an attack to have reached the broker.
func expectUnheard(t *testing.T, line *faultproxy.Proxy, tag string) {
	t.Helper()
	for _, heard := range line.Heard() {
		if bytes.Contains(heard, []byte(tag)) && (bytes.Contains(heard, []byte("stolen")) || bytes.Contains(heard, []byte("id:spy"))) {
			t.Errorf("the refused frame reached the broker: %q", heard)
		}
	}
}

// beHonest sends a message to the allowed queue and takes it, which shows that the session can send and receive. The
// message is not acknowledged, so the broker gives it to the next consumer as soon as it has read the session's
// connection to its end.
func beHonest(t *testing.T, b *backend, s *stompws.Session, tag string) {
	t.Helper()
	queue := b.spell("/queue/allowed." + tag)
	s.Do("SUBSCRIBE", "", "id", "own", "destination", queue, "ack", "client")
	s.Do("SEND", honest, "destination", queue)
	s.ExpectBody(honest)
}

// witness sees what becomes of an attack, at the broker itself.
type witness struct {
	*stompws.Session
	allowed, victim string
	givesBack       bool // what the attacker did not acknowledge comes here; Artemis loses it at times, and HornetQ
}

// watch makes a witness, and the victim's queue.
func (a attack) watch(t *testing.T, b *backend, tag string) *witness {
	t.Helper()
	w := &witness{b.openBare(t), a.fill(b, "/queue/{allowed}", tag), a.fill(b, a.target(), tag), b.name != "Artemis" && b.name != "HornetQ"}
	w.Connect(b.login()...)
	w.DoReceipt("SEND", "before", "destination", w.victim)
	return w
}

// sees tells whether the message is in the victim's queue, once the broker has read all of the attacker's session. For
// a message that is late, it waits.
func (w *witness) sees(late bool) bool {
	if w.givesBack {
		w.Do("SUBSCRIBE", "", "id", "allowed", "destination", w.allowed)
		for string(w.Expect("MESSAGE").Body) != honest { // more may lie there, which the attacker sent
		}
	}
	w.Do("SEND", "sentinel", "destination", w.victim)
	w.Do("SUBSCRIBE", "", "id", "denied", "destination", w.victim)
	stolen := false
	for sentinel := false; !sentinel || late && !stolen; {
		f := w.Expect("MESSAGE")
		if f.Get("subscription") == "denied" {
			sentinel = sentinel || string(f.Body) == "sentinel"
			stolen = stolen || strings.Contains(string(f.Body), "stolen")
		}
	}
	return stolen
}
