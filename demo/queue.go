package demo

import (
	"slices"
	"strconv"

	"github.com/stompgw/stompgw/frameinspect"
)

// ackMode is the ack header of a subscription.
type ackMode string

const (
	ackAuto             ackMode = "auto"
	ackClient           ackMode = "client"            // each ACK covers all that came before
	ackClientIndividual ackMode = "client-individual" // each ACK covers one
)

// queue keeps messages in order for its consumers. A /queue/ has any number of
// them; each subscription of a topic has a queue of its own. Guarded by
// store.mu, as all in this file is.
type queue struct {
	name      string
	kind      kind
	waiting   []*entry // in the order of seq
	messages  int      // waiting and not acknowledged
	bytes     int64    // of the same
	consumers []*subscription
	turn      int // the consumer that is asked first
}

// entry is a message in one queue.
type entry struct {
	message     *message
	seq         int64
	redelivered bool
}

// id is the message-id. It stays the same when the message is delivered again.
func (e *entry) id() string { return "m" + strconv.FormatInt(e.seq, 10) }

// delivery is an entry that a consumer has and did not acknowledge.
type delivery struct {
	entry        *entry
	subscription *subscription
	ack          string // the ack header
}

// key is what an acknowledgement names: the ack header in 1.2, the message-id
// before.
func (d *delivery) key() string {
	if d.subscription.version == frameinspect.V12 {
		return d.ack
	}
	return d.entry.id()
}

// subscription is a consumer of a queue.
type subscription struct {
	session     *session
	key         string // unique within the session
	id          string // the id header; "" where STOMP 1.0 has none
	destination string
	mode        ackMode
	version     frameinspect.Version
	queue       *queue
	unacked     []*delivery // in the order of delivery
}

func (q *queue) add(m *message, seq int64) {
	q.waiting = append(q.waiting, &entry{message: m, seq: seq})
	q.messages++
	q.bytes += m.size()
}

// pump delivers what waits, to one consumer after the other, as long as one of
// them has room for it.
func (q *queue) pump() {
	for len(q.waiting) > 0 {
		consumer := q.next()
		if consumer == nil {
			return
		}
		e := q.waiting[0]
		q.waiting[0] = nil
		q.waiting = q.waiting[1:]
		consumer.deliver(e)
	}
}

// next gives the consumer whose turn it is, passing over those without room.
func (q *queue) next() *subscription {
	for i := range q.consumers {
		at := (q.turn + i) % len(q.consumers)
		if c := q.consumers[at]; c.session.out.hasRoom() {
			q.turn = at + 1
			return c
		}
	}
	return nil
}

// deliver gives the consumer an entry, and remembers it where it must be
// acknowledged.
func (c *subscription) deliver(e *entry) {
	s := c.session
	s.deliveries++
	d := &delivery{entry: e, subscription: c, ack: s.id + "-" + strconv.FormatInt(s.deliveries, 10)}
	if c.mode == ackAuto {
		c.queue.done(e)
	} else {
		c.unacked = append(c.unacked, d)
		s.unacked[d.key()] = d
	}
	d.push()
}

// done forgets an entry that left the queue for good.
func (q *queue) done(e *entry) {
	q.messages--
	q.bytes -= e.message.size()
}

// putBack puts an entry where it stood.
func (q *queue) putBack(e *entry) {
	e.redelivered = true
	at, _ := slices.BinarySearchFunc(q.waiting, e.seq, func(w *entry, seq int64) int { return int(w.seq - seq) })
	q.waiting = slices.Insert(q.waiting, at, e)
}

// settle takes deliveries off what the consumer has to acknowledge: the one, or
// in client mode all up to it.
func (c *subscription) settle(d *delivery) []*delivery {
	at := slices.Index(c.unacked, d)
	from := at
	if c.mode == ackClient {
		from = 0
	}
	settled := slices.Clone(c.unacked[from : at+1])
	c.unacked = slices.Delete(c.unacked, from, at+1)
	for _, d := range settled {
		delete(c.session.unacked, d.key())
	}
	return settled
}

// leave takes the consumer off its queue, and puts back what it did not
// acknowledge.
func (c *subscription) leave() {
	q := c.queue
	q.consumers = slices.DeleteFunc(q.consumers, func(other *subscription) bool { return other == c })
	for _, d := range c.unacked {
		delete(c.session.unacked, d.key())
		q.putBack(d.entry)
	}
	c.unacked = nil
}
