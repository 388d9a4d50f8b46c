package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// unacknowledged subscribes with the ack mode and receives the messages "1", "2", "3" without acknowledging any.
func unacknowledged(t *testing.T, b *backend, q, ack string) (*stompws.Session, []stompws.Frame) {
	t.Helper()
	s := b.connect(t)
	s.Do("SUBSCRIBE", "", "id", "1", "destination", q, "ack", ack)
	var frames []stompws.Frame
	for _, body := range []string{"1", "2", "3"} {
		s.Do("SEND", body, "destination", q)
	}
	for _, body := range []string{"1", "2", "3"} {
		frames = append(frames, s.ExpectBody(body))
	}
	return s, frames
}

// left empties the queue with a new session and returns the bodies, with a star after those marked as redelivered.
// Artemis does not mark all that was delivered before, so its marks do not count.
func left(t *testing.T, b *backend, q string, count int) []string {
	t.Helper()
	s := b.connect(t)
	s.Do("SUBSCRIBE", "", "id", "1", "destination", q)
	var bodies []string
	for range count {
		f := s.Expect("MESSAGE")
		body := string(f.Body)
		if f.Get("redelivered") == "true" && b.marksAll() {
			body += "*"
		}
		bodies = append(bodies, body)
	}
	// Nothing else is left when the next message is one that was sent after all of them.
	s.Do("SEND", "last", "destination", q)
	s.ExpectBody("last")
	slices.Sort(bodies)
	return bodies
}

// marksAll tells whether the broker marks every message that comes again.
func (b *backend) marksAll() bool { return b.name == "RabbitMQ" || b.name == "ActiveMQ" }

// marks is what left returns of these bodies.
func (b *backend) marks(bodies []string) []string {
	if b.marksAll() {
		return bodies
	}
	var plain []string
	for _, body := range bodies {
		plain = append(plain, strings.TrimSuffix(body, "*"))
	}
	return plain
}

func TestAckModes(t *testing.T) {
	for _, c := range []struct {
		ack  string
		want []string // left in the queue after the second of three was acknowledged
	}{
		{"auto", nil},
		{"client", []string{"3*"}},
		{"client-individual", []string{"1*", "3*"}},
	} {
		t.Run(c.ack, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b *backend) {
				q := b.queue(t)
				s, frames := unacknowledged(t, b, q, c.ack)
				if c.ack != "auto" {
					s.DoReceipt("ACK", "", "id", frames[1].Get("ack"))
				} else if b.name == "Artemis" {
					// It counts a message as acknowledged a moment after it was sent: bare, too, who leaves at once
					// has it given to the next subscriber, or keeps one from him (13 of 3,700; none of 700 after
					// another receipt).
					s.DoReceipt("SEND", "x", "destination", q+".other")
				}
				s.DoReceipt("DISCONNECT", "")
				s.Close()
				if got, want := left(t, b, q, len(c.want)), b.marks(c.want); !slices.Equal(got, want) {
					t.Errorf("left in the queue: got %q, want %q", got, want)
				}
			})
		})
	}
}

// A browser that is gone without a word gives back what it did not acknowledge.
func TestUnacknowledgedComesBackAfterTheClientDied(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		if b.name == "Artemis" {
			t.Skip("Artemis 2.40 loses one in a hundred of such messages, at the bare broker too, where the next subscriber comes at once")
		}
		q := b.queue(t)
		s, _ := unacknowledged(t, b, q, "client")
		s.Abort()
		if got, want := left(t, b, q, 3), b.marks([]string{"1*", "2*", "3*"}); !slices.Equal(got, want) {
			t.Errorf("left in the queue: got %q, want %q", got, want)
		}
	})
}

func TestAckOfAnOldVersion(t *testing.T) {
	for version, ack := range map[string][]string{
		"1.0": {"message-id"},
		"1.1": {"message-id", "subscription"},
	} {
		t.Run(version, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b *backend) {
				q := b.queue(t)
				s := b.open(t)
				s.Connect(b.login("accept-version", version)...)
				s.Do("SUBSCRIBE", "", "id", "1", "destination", q, "ack", "client")
				s.Do("SEND", "x", "destination", q)
				f := s.ExpectBody("x")
				var header []string
				for _, name := range ack {
					header = append(header, name, f.Get(name))
				}
				s.DoReceipt("ACK", "", header...)
				s.DoReceipt("DISCONNECT", "")
				s.Close()
				left(t, b, q, 0)
			})
		})
	}
}

func TestNackPutsBackOnRabbitMQ(t *testing.T) {
	t.Parallel()
	b := rabbitMQ(t)
	q := b.queue(t)
	s := b.connect(t)
	s.Do("SUBSCRIBE", "", "id", "1", "destination", q, "ack", "client-individual")
	s.Do("SEND", "x", "destination", q)
	f := s.ExpectBody("x")
	s.Do("NACK", "", "id", f.Get("ack"))
	again := s.ExpectBody("x")
	if again.Get("redelivered") != "true" {
		t.Errorf("redelivered: got %q, want true", again.Get("redelivered"))
	}
	s.DoReceipt("NACK", "", "id", again.Get("ack"), "requeue", "false")
	s.DoReceipt("DISCONNECT", "")
	s.Close()
	left(t, b, q, 0)
}

// ActiveMQ does not put back what is refused, but moves it to its dead letter queue.
func TestNackOnActiveMQ(t *testing.T) {
	t.Parallel()
	b := activeMQ(t)
	q := b.queue(t)
	mark := unique(t)
	s := b.connect(t)
	s.Do("SUBSCRIBE", "", "id", "dead", "destination", "/queue/ActiveMQ.DLQ", "selector", "mark = '"+mark+"'")
	s.Do("SUBSCRIBE", "", "id", "1", "destination", q, "ack", "client-individual")
	s.Do("SEND", "x", "destination", q, "persistent", "true", "mark", mark)
	f := s.ExpectBody("x")
	s.Do("NACK", "", "id", f.Get("ack"))
	if got := s.ExpectBody("x").Get("subscription"); got != "dead" {
		t.Errorf("subscription of what came after NACK: got %q, want dead", got)
	}
}

// RabbitMQ's own count of what waits and what is out.
func TestQueueCountsOnRabbitMQ(t *testing.T) {
	t.Parallel()
	b := rabbitMQ(t)
	q := b.queue(t)
	s, frames := unacknowledged(t, b, q, "client-individual")
	counts := func(ready, unacked int) {
		t.Helper()
		gw.Eventually(t, 20*time.Second, "the queue's counts as expected", func() bool {
			r, u, err := world.rabbit.QueueMessages("/", strings.TrimPrefix(q, "/queue/"))
			return err == nil && r == ready && u == unacked
		})
	}
	counts(0, 3)
	s.DoReceipt("ACK", "", "id", frames[0].Get("ack"))
	counts(0, 2)
	s.Abort()
	counts(2, 0)
	left(t, b, q, 2)
}
