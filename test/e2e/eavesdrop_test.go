package e2e

import (
	"slices"
	"testing"

	"github.com/stompgw/stompgw/test/faultproxy"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// TestSmugglingOfSubscriptionsIsReal makes the attacks on the bare brokers.
func TestSmugglingOfSubscriptionsIsReal(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		for _, a := range slices.Concat(wider, respelt) {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				if why := a.impossible(b); why != "" {
					t.Skip(why)
				}
				spy := b.openBare(t)
				want := a.fooled(b)
				if got := a.overhears(t, b, spy, newTag(), want); got != want {
					t.Errorf("the attacker reads the secret: got %t, want %t", got, want)
				}
			})
		}
	})
}

// TestSmugglingOfSubscriptions makes the attacks through the gateway: the attacker reads nothing that is not granted,
// and of a SUBSCRIBE that is refused nothing reaches the broker.
func TestSmugglingOfSubscriptions(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		for name, table := range map[string]struct {
			policy  string
			attacks []attack
		}{"wider": {onlyAllowed, wider}, "respelt": {allButDenied, respelt}} {
			t.Run(name, func(t *testing.T) {
				g, line := b.guarded(t, table.policy)
				t.Run("all", func(t *testing.T) {
					for _, a := range table.attacks {
						t.Run(a.name, func(t *testing.T) {
							t.Parallel()
							a.overhearsThrough(t, b, g, line)
						})
					}
				})
			})
		}
	})
}

// overhearsThrough makes the attack through the gateway.
func (a attack) overhearsThrough(t *testing.T, b *backend, g *gw.Gateway, line *faultproxy.Proxy) {
	if why := a.impossible(b); why != "" {
		t.Skip(why)
	}
	tag := newTag()
	code := a.codeFor(b)
	spy := stompws.Open(t, g.URL, stompws.Options{})
	if code == "" {
		if a.overhears(t, b, spy, tag, false) {
			t.Error("the attacker reads the secret")
		}
		return
	}
	a.prepare(t, b, spy, tag)
	for _, m := range a.messages(b, tag) {
		_ = spy.Write(m)
	}
	expectGatewayError(t, spy.ExpectClose(closeCodeOf(code)), code)
	expectUnheard(t, line, tag)
}

// prepare connects the attacker, shows that it receives what is allowed, and gives a session of somebody who sends to
// the victim.
func (a attack) prepare(t *testing.T, b *backend, spy *stompws.Session, tag string) (sender *stompws.Session) {
	t.Helper()
	sender = b.openBare(t)
	sender.Connect(b.login()...)
	sender.DoReceipt("SEND", "before", "destination", a.fill(b, a.target(), tag)) // a queue is there
	own := a.fill(b, "/queue/{allowed}", tag)
	spy.Connect(b.login("accept-version", a.accept())...)
	spy.Do("SUBSCRIBE", "", "id", "own", "destination", own)
	spy.Do("SEND", honest, "destination", own)
	spy.ExpectBody(honest)
	return sender
}

// overhears makes the attack and tells whether the secret comes to the attacker. Where it should, it waits.
func (a attack) overhears(t *testing.T, b *backend, spy *stompws.Session, tag string, patient bool) bool {
	t.Helper()
	sender := a.prepare(t, b, spy, tag)
	for _, m := range a.messages(b, tag) {
		_ = spy.Write(m)
	}
	own := a.fill(b, "/queue/{allowed}", tag)
	_ = spy.Send("SEND", "barrier", "destination", own) // what comes back says that the attack was read before it
	secret, alive := listen(spy, "barrier")
	if alive {
		sender.DoReceipt("SEND", "secret", "destination", a.fill(b, a.target(), tag))
		sender.DoReceipt("SEND", "sentinel", "destination", own)
		if secret, _ = listen(spy, "sentinel"); !secret && patient {
			// Apollo may have read what was sent behind a SUBSCRIBE before it has subscribed.
			sender.DoReceipt("SEND", "secret", "destination", a.fill(b, a.target(), tag))
			secret, _ = listen(spy, "secret")
		}
	}
	return secret
}

// listen reads until the message comes or the connection ends, and tells whether the secret came.
func listen(s *stompws.Session, last string) (secret, alive bool) {
	for {
		f, err := s.Read(stompws.Patience)
		if err != nil {
			return secret, false
		}
		if f.Command == "MESSAGE" {
			secret = secret || string(f.Body) == "secret"
			if string(f.Body) == last {
				return secret, true
			}
		}
	}
}
