package e2e

import (
	"testing"
)

func TestUnsubscribe(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		q := b.queue(t)
		s := b.connect(t)
		s.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", q)
		s.DoReceipt("UNSUBSCRIBE", "", "id", "1")
		s.DoReceipt("SEND", "x", "destination", q)
		s.Do("SUBSCRIBE", "", "id", "2", "destination", q)
		if got := s.ExpectBody("x").Get("subscription"); got != "2" {
			t.Errorf("subscription: got %q, want 2", got)
		}
	})
}

func TestSeveralSubscriptionsOnOneConnection(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		first, second := b.queue(t), b.queue(t)
		s := b.connect(t)
		s.DoReceipt("SUBSCRIBE", "", "id", "first", "destination", first)
		s.DoReceipt("SUBSCRIBE", "", "id", "second", "destination", second)
		s.Do("SEND", "to second", "destination", second)
		if got := s.ExpectBody("to second").Get("subscription"); got != "second" {
			t.Errorf("subscription: got %q, want second", got)
		}
		s.Do("SEND", "to first", "destination", first)
		if got := s.ExpectBody("to first").Get("subscription"); got != "first" {
			t.Errorf("subscription: got %q, want first", got)
		}
	})
}

// A durable subscription keeps what is published while the browser is away.
func TestDurableSubscription(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		dest, name := b.topic(t), unique(t)
		var connect []string // header of CONNECT
		subscribe := []string{"id", name, "destination", dest}
		unsubscribe := []string{"id", name}
		switch b.name {
		case "RabbitMQ":
			subscribe = append(subscribe, "durable", "true", "auto-delete", "false")
			unsubscribe = append(unsubscribe, "durable", "true")
		case "HornetQ":
			connect = []string{"client-id", name}
			subscribe = append(subscribe, "durable-subscriber-name", name)
			unsubscribe = append(unsubscribe, "durable-subscriber-name", name)
		case "Apollo":
			subscribe = append(subscribe, "persistent", "true")
			unsubscribe = append(unsubscribe, "persistent", "true")
		default:
			connect = []string{"client-id", name}
			subscribe = append(subscribe, "activemq.subscriptionName", name)
			unsubscribe = append(unsubscribe, "activemq.subscriptionName", name)
		}
		s := b.connect(t, connect...)
		s.DoReceipt("SUBSCRIBE", "", subscribe...)
		s.DoReceipt("DISCONNECT", "")
		s.Close()

		b.connect(t).DoReceipt("SEND", "while away", "destination", dest, "persistent", "true")

		s = b.connect(t, connect...)
		s.Do("SUBSCRIBE", "", subscribe...)
		s.ExpectBody("while away")
		if b.name == "ActiveMQ" { // which ends a durable subscription only while it is not in use
			s.DoReceipt("DISCONNECT", "")
			s.Close()
			s = b.connect(t, connect...)
		}
		s.DoReceipt("UNSUBSCRIBE", "", unsubscribe...)
	})
}

// RabbitMQ makes a queue for each connection; its messages come under a subscription that nobody made.
func TestTemporaryQueueOnRabbitMQ(t *testing.T) {
	t.Parallel()
	b := rabbitMQ(t)
	q := b.queue(t)
	service, client := b.connect(t), b.connect(t)
	service.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", q)
	client.Do("SEND", "question", "destination", q, "reply-to", "/temp-queue/answers")
	replyTo := service.ExpectBody("question").Get("reply-to")
	service.Do("SEND", "answer", "destination", replyTo)
	f := client.ExpectBody("answer")
	if got := f.Get("subscription"); got != "/temp-queue/answers" {
		t.Errorf("subscription: got %q, want /temp-queue/answers", got)
	}
}

func TestTemporaryQueueOnActiveMQ(t *testing.T) {
	t.Parallel()
	b := activeMQ(t)
	q := b.queue(t)
	service, client := b.connect(t), b.connect(t)
	service.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", q)
	client.DoReceipt("SUBSCRIBE", "", "id", "answers", "destination", "/temp-queue/answers")
	client.Do("SEND", "question", "destination", q, "reply-to", "/temp-queue/answers")
	// The broker gives the queue a name that others can send to, with colons in it.
	replyTo := service.ExpectBody("question").Get("reply-to")
	service.Do("SEND", "answer", "destination", replyTo)
	if got := client.ExpectBody("answer").Get("subscription"); got != "answers" {
		t.Errorf("subscription: got %q, want answers", got)
	}
}

func TestSelectorOnActiveMQ(t *testing.T) {
	t.Parallel()
	b := activeMQ(t)
	dest := b.topic(t)
	s := b.connect(t)
	s.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", dest, "selector", "colour = 'grün' AND size > 10")
	s.Do("SEND", "red", "destination", dest, "colour", "red", "size", "20")
	s.Do("SEND", "small", "destination", dest, "colour", "grün", "size", "5")
	s.Do("SEND", "green", "destination", dest, "colour", "grün", "size", "20")
	s.ExpectBody("green")
}

// A message that was refused by a broker's rule is the broker's answer, and RabbitMQ stays open after it.
func TestErrorOfTheBrokerIsDelivered(t *testing.T) {
	t.Parallel()
	b := rabbitMQ(t)
	s := b.connect(t)
	s.Do("SUBSCRIBE", "", "id", "1", "destination", "/nowhere/x")
	f := s.Expect("ERROR")
	if f.Has("code") {
		t.Errorf("an ERROR of the broker has the gateway's code header: %v", f)
	}
}
