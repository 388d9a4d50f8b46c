package policy

import (
	"testing"

	"github.com/stompgw/stompgw/broker"
)

// The queue that a virtual topic is copied into is denied with the topic.
func TestVirtualTopics(t *testing.T) {
	const file = `

grants:
  - { name: all, send: ["/queue/>", "/topic/>"], subscribe: ["/queue/>", "/topic/>"] }
denials:
  - { name: orders, subscribe: ["/topic/VirtualTopic.orders.>"] }
`
	for _, c := range []struct {
		frame   string
		allowed bool // in ActiveMQ, and where the broker may be one; RabbitMQ has no virtual topics
	}{
		{"SUBSCRIBE /queue/Consumer.spy.VirtualTopic.orders id:1", false},
		{"SUBSCRIBE /queue/Consumer.spy.VirtualTopic.orders.new id:1", false},
		{"SUBSCRIBE /queue/Consumer.*.VirtualTopic.orders.new id:1", false},
		{"SUBSCRIBE /queue/*.spy.*.orders id:1", false},
		{"SUBSCRIBE /queue/Consumer.spy.VirtualTopic.*.new id:1", false},
		{"SUBSCRIBE /queue/Consumer.spy.> id:1", false},
		{"SUBSCRIBE /queue/> id:1", false},
		{"SUBSCRIBE /queue/Consumer.a/b.VirtualTopic.orders id:1", false}, // words end at dots only
		{"SUBSCRIBE /queue/Consumer.a/b/c.VirtualTopic.orders.new id:1", false},
		{"SUBSCRIBE /queue/Consumer.*/b.VirtualTopic.orders id:1", false},
		{"SUBSCRIBE /queue/Consumer.a/b.VirtualTopic.other id:1", true},
		{"SUBSCRIBE /queue/Consumer.a/VirtualTopic.orders id:1", true},
		{"SUBSCRIBE /queue/Consumer.a/b id:1", true},
		{"SUBSCRIBE /queue/Consumer.spy.VirtualTopic.other id:1", true},
		{"SUBSCRIBE /queue/Consumer.spy.Topic.orders id:1", true},
		{"SUBSCRIBE /queue/Consumer.spy id:1", true},
		{"SUBSCRIBE /queue/Consumers.spy.VirtualTopic.orders id:1", true},
		{"SEND /queue/Consumer.spy.VirtualTopic.orders", true},
	} {
		for _, d := range []broker.Dialect{broker.Unknown, broker.ActiveMQ, broker.RabbitMQ} {
			want := c.allowed || d == broker.RabbitMQ
			if d == broker.RabbitMQ && c.frame == "SUBSCRIBE /queue/> id:1" || c.frame == "SUBSCRIBE /queue/Consumer.spy.> id:1" && d == broker.RabbitMQ {
				continue // > is no wildcard there, and refused for that
			}
			g := mustOpen(t, engineOf(mustParse(t, file)), named("n", nil), d)
			if got := g.Judge(frame(t, c.frame)); got.Allow != want {
				t.Errorf("%s, dialect %d: got %+v, want allowed %t", c.frame, d, got, want)
			}
			x, err := mustParse(t, file).Explain(named("n", nil), d, frame(t, c.frame))
			if err != nil || x.Verdict.Allow != want {
				t.Errorf("%s, dialect %d: explained as %+v, %v, want allowed %t", c.frame, d, x.Verdict, err, want)
			}
		}
	}
}

// An escaped line break would become a header of its own to a consumer that speaks
// STOMP 1.0.
func TestLineBreaksInHeaders(t *testing.T) {
	const file = "grants:\n  - { name: all, send: [\"/queue/>\"] }\n"
	for value, harmless := range map[string]bool{
		"plain": true, `a\b`: true, `a\nb`: true, "a\nb": false, "\n": false, "a\rb": false, "ends with\n": false, "a:b": true,
	} {
		head, err := ParseFrame([]string{"SEND", "/queue/a", "x:" + value})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []broker.Dialect{broker.Unknown, broker.RabbitMQ, broker.ActiveMQ, broker.Artemis, broker.HornetQ, broker.Apollo} {
			g := mustOpen(t, engineOf(mustParse(t, file)), named("n", nil), d)
			want := harmless || d == broker.RabbitMQ
			if got := g.Judge(head); got.Allow != want || !want && got.Code != CodeLineBreak {
				t.Errorf("%q, dialect %d: got %+v, want allowed %t", value, d, got, want)
			}
		}
	}
}
