package e2e

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stompgw/stompgw/test/stompws"
)

// Attacks on what belongs to another session.

// intruders are the ways in which an attacker comes: to the bare broker, and through a gateway with a policy that
// grants everything below /queue/ and /topic/ but the denied.
func intruders(t *testing.T, test func(t *testing.T, b *backend, intruder func(header ...string) *stompws.Session, guarded bool)) {
	eachBackend(t, func(t *testing.T, b *backend) {
		t.Run("bare", func(t *testing.T) {
			t.Parallel()
			test(t, b, func(header ...string) *stompws.Session {
				s := b.openBare(t)
				s.Connect(b.login(header...)...)
				return s
			}, false)
		})
		t.Run("gateway", func(t *testing.T) {
			t.Parallel()
			onlyGateway(t)
			g, _ := b.guarded(t, allButDenied)
			test(t, b, func(header ...string) *stompws.Session {
				s := stompws.Open(t, g.URL, stompws.Options{})
				s.Connect(b.login(header...)...)
				return s
			}, true)
		})
	})
}

// An ACK of a message that another session holds leaves it there.
func TestSmugglingAcksOfOthers(t *testing.T) {
	intruders(t, func(t *testing.T, b *backend, intruder func(...string) *stompws.Session, _ bool) {
		q := b.queue(t)
		victim := b.openBare(t)
		victim.Connect(b.login()...)
		victim.Do("SUBSCRIBE", "", "id", "1", "destination", q, "ack", "client-individual")
		victim.Do("SEND", "held", "destination", q)
		held := victim.ExpectBody("held")
		for _, version := range []string{"1.0", "1.1", "1.2"} {
			for _, command := range []string{"ACK", "NACK"} {
				s := intruder("accept-version", version)
				s.Do("SUBSCRIBE", "", "id", "1", "destination", q+"x", "ack", "client-individual")
				s.Do(command, "", "id", held.Get("ack"), "message-id", held.Get("message-id"), "subscription", "1", "destination", q)
				// The broker answers with ERROR and may end the session; or it passes over it.
				s.Do("SEND", "done", "destination", q+"x")
				for f, err := s.Read(stompws.Patience); err == nil && string(f.Body) != "done"; f, err = s.Read(stompws.Patience) {
				}
				s.Abort()
			}
		}
		victim.DoReceipt("DISCONNECT", "")
		next := b.connect(t)
		next.Do("SUBSCRIBE", "", "id", "next", "destination", q)
		next.ExpectBody("held")
	})
}

// A COMMIT of another session's transaction does nothing to it.
func TestSmugglingCommitsOfOthers(t *testing.T) {
	intruders(t, func(t *testing.T, b *backend, intruder func(...string) *stompws.Session, guarded bool) {
		q := b.queue(t)
		victim := b.openBare(t)
		victim.Connect(b.login()...)
		victim.Do("BEGIN", "", "transaction", "tx")
		victim.Do("SEND", "inside", "destination", q, "transaction", "tx")
		victim.DoReceipt("SEND", "outside", "destination", q+"x")
		s := intruder()
		s.Do("COMMIT", "", "transaction", "tx", "receipt", "done")
		for f, err := s.Read(stompws.Patience); err == nil && f.Command != "ERROR" && f.Command != "RECEIPT"; f, err = s.Read(stompws.Patience) {
		}
		want := "sentinel"
		if !guarded && b.name == "HornetQ" { // whose connections share their transactions
			want = "inside"
		}
		expectNext(t, b, q, want)
	})
}

// expectNext wants the next message of a queue, to which "sentinel" is sent now.
func expectNext(t *testing.T, b *backend, q, body string) {
	t.Helper()
	s := b.openBare(t)
	s.Connect(b.login()...)
	s.Do("SEND", "sentinel", "destination", q)
	s.Do("SUBSCRIBE", "", "id", "next", "destination", q)
	s.ExpectBody(body)
}

// A durable subscription of somebody else can be removed by who knows its name, at the bare broker.
func TestSmugglingRemovalOfADurableSubscription(t *testing.T) {
	type durable struct {
		connect, subscribe, unsubscribe []string
	}
	words := map[string]durable{
		"RabbitMQ": {
			subscribe:   []string{"durable", "true", "auto-delete", "false"},
			unsubscribe: []string{"durable", "true"},
		},
		"ActiveMQ": {
			connect:     []string{"client-id", "{name}"},
			subscribe:   []string{"activemq.subscriptionName", "{name}"},
			unsubscribe: []string{"activemq.subscriptionName", "{name}"},
		},
		"Artemis": {
			connect:     []string{"client-id", "{name}"},
			subscribe:   []string{"durable-subscription-name", "{name}"},
			unsubscribe: []string{"durable-subscription-name", "{name}"},
		},
		"HornetQ": {
			connect:     []string{"client-id", "{name}"},
			subscribe:   []string{"durable-subscriber-name", "{name}"},
			unsubscribe: []string{"durable-subscriber-name", "{name}"},
		},
		"Apollo": {
			subscribe:   []string{"persistent", "true"},
			unsubscribe: []string{"persistent", "true"},
		},
	}
	intruders(t, func(t *testing.T, b *backend, intruder func(...string) *stompws.Session, guarded bool) {
		name, dest := unique(t), b.spell("/topic/denied."+newTag())
		fill := func(header []string, more ...string) []string {
			all := append([]string{}, more...)
			for _, h := range header {
				if h == "{name}" {
					h = name
				}
				all = append(all, h)
			}
			return all
		}
		w := words[b.name]
		subscribe := func() *stompws.Session {
			s := b.openBare(t)
			s.Connect(b.login(fill(w.connect)...)...)
			s.Do("SUBSCRIBE", "", fill(w.subscribe, "id", name, "destination", dest, "receipt", "subscribed")...)
			return s
		}
		first := subscribe()
		first.Expect("RECEIPT")
		first.DoReceipt("DISCONNECT", "")
		s := intruder(fill(w.connect)...)
		s.Do("UNSUBSCRIBE", "", fill(w.unsubscribe, "id", name, "destination", dest, "receipt", "done")...)
		if f := s.Next(); guarded {
			expectGatewayError(t, []stompws.Frame{f}, "unknown_subscription")
		}
		s.Abort()
		sender := b.openBare(t)
		sender.Connect(b.login()...)
		sender.DoReceipt("SEND", "kept", "destination", dest)
		victim := subscribe()
		got := ""
		for f := victim.Next(); f.Command != "RECEIPT"; f = victim.Next() { // a message may come before it
			got = cmp.Or(got, string(f.Body))
		}
		sender.DoReceipt("SEND", "sentinel", "destination", dest)
		if got == "" {
			got = string(victim.Expect("MESSAGE").Body)
		}
		want := "kept"
		if !guarded && (b.name == "ActiveMQ" || b.name == "Apollo") { // RabbitMQ and HornetQ want the connection to have the subscription
			want = "sentinel"
		}
		if got != want && (guarded || b.name != "Artemis") { // which removes it at times
			t.Errorf("first message of the durable subscription: got %q, want %q", got, want)
		}
	})
}

// RabbitMQ deletes the queue that an UNSUBSCRIBE names, with what is in it.
func TestSmugglingDeletionOfAQueue(t *testing.T) {
	intruders(t, func(t *testing.T, b *backend, intruder func(...string) *stompws.Session, guarded bool) {
		tag := newTag()
		q := b.spell("/queue/denied." + tag)
		sender := b.openBare(t)
		sender.Connect(b.login()...)
		sender.DoReceipt("SEND", "kept", "destination", q)
		s := intruder()
		s.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", b.spell("/topic/allowed."+tag))
		s.Do("UNSUBSCRIBE", "", "id", "1", "durable", "true", "x-queue-name", "denied."+tag, "receipt", "done")
		if f := s.Next(); guarded && b.name == "RabbitMQ" {
			expectGatewayError(t, []stompws.Frame{f}, "denied")
		}
		s.Abort()
		want := "kept"
		if !guarded && b.name == "RabbitMQ" {
			want = "sentinel"
		}
		expectNext(t, b, q, want)
	})
}

// ActiveMQ, Artemis and HornetQ undo the escape of a line break and give it as it is to a consumer of STOMP 1.0, which has no
// escapes: to that consumer the rest is a header of its own.
func TestSmugglingHeadersToOlderClients(t *testing.T) {
	intruders(t, func(t *testing.T, b *backend, intruder func(...string) *stompws.Session, guarded bool) {
		q := b.queue(t)
		s := intruder()
		s.Do("SEND", "body", "destination", q, "x", "y\nforged:yes")
		if guarded && b.name != "RabbitMQ" {
			expectGatewayError(t, s.ExpectClose(1008), "line_break_in_header")
			return
		}
		reader := b.openBare(t)
		reader.Connect(b.login("accept-version", "1.0")...)
		reader.Do("SUBSCRIBE", "", "id", "1", "destination", q)
		f := reader.ExpectBody("body")
		if got, want := f.Has("forged"), slices.Contains([]string{"ActiveMQ", "Artemis", "HornetQ"}, b.name); got != want {
			t.Errorf("the header is forged: got %t, want %t: %v", got, want, f)
		}
	})
}

// HornetQ removes the queue that is called like the subscription which ends.
func TestSmugglingDeletionByASubscriptionID(t *testing.T) {
	intruders(t, func(t *testing.T, b *backend, intruder func(...string) *stompws.Session, guarded bool) {
		tag := newTag()
		q := b.spell("/queue/denied." + tag)
		sender := b.openBare(t)
		sender.Connect(b.login()...)
		sender.DoReceipt("SEND", "kept", "destination", q)
		s := intruder()
		s.Do("SUBSCRIBE", "", "id", q, "destination", b.spell("/topic/allowed."+tag), "receipt", "1")
		if guarded && b.name == "HornetQ" {
			expectGatewayError(t, s.ExpectClose(1008), "denied")
		} else {
			s.Expect("RECEIPT")
			s.DoReceipt("UNSUBSCRIBE", "", "id", q)
		}
		s.Abort()
		want := "kept"
		if !guarded && b.name == "HornetQ" {
			want = "sentinel"
		}
		expectNext(t, b, q, want)
	})
}
