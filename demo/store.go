package demo

import (
	"slices"
	"sync"

	"github.com/stompgw/stompgw/frameinspect"
)

// store holds the messages and who waits for them. Its lock is never held over
// I/O: a delivery goes to an outbox.
type store struct {
	options Options // set once

	mu     sync.Mutex
	seq    int64               // of the last message
	queues map[string]*queue   // the /queue/ destinations
	topics map[string][]*queue // one for each subscription
}

func newStore(o Options) *store {
	return &store{options: o, queues: make(map[string]*queue), topics: make(map[string][]*queue)}
}

// subscribe adds a consumer, which gets what waits for it at once.
func (st *store) subscribe(k kind, c *subscription) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	s := c.session
	if s.subscriptions[c.key] != nil {
		return refuse("subscription exists", "SUBSCRIBE came a second time for %q", orDefault(c.id, c.destination))
	}
	if most := st.options.Subscriptions; len(s.subscriptions) == most {
		return refuse("too many subscriptions", "a connection may have %d subscriptions", most)
	}
	if k == topic {
		c.queue = &queue{name: c.destination, kind: topic}
		st.topics[c.destination] = append(st.topics[c.destination], c.queue)
	} else {
		q := st.queues[c.destination]
		if q == nil {
			if len(st.queues) >= st.options.Queues {
				return st.tooManyQueues()
			}
			q = st.open(c.destination)
		}
		c.queue = q
	}
	s.subscriptions[c.key] = c
	c.queue.consumers = append(c.queue.consumers, c)
	c.queue.pump()
	return nil
}

func (st *store) unsubscribe(s *session, key string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	c := s.subscriptions[key]
	if c == nil {
		return refuse("unknown subscription", "UNSUBSCRIBE is for none of the connection's subscriptions")
	}
	st.remove(c)
	return nil
}

// leave takes away all that a session has.
func (st *store) leave(s *session) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, c := range s.subscriptions {
		st.remove(c)
	}
}

func (st *store) remove(c *subscription) {
	delete(c.session.subscriptions, c.key)
	c.leave()
	if q := c.queue; q.kind == topic {
		rest := slices.DeleteFunc(st.topics[q.name], func(other *queue) bool { return other == q })
		if st.topics[q.name] = rest; len(rest) == 0 {
			delete(st.topics, q.name)
		}
	} else {
		q.pump()
		st.tidy(q)
	}
}

// resume goes on delivering to a session whose outbox had no room.
func (st *store) resume(s *session) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, c := range s.subscriptions {
		c.queue.pump()
	}
}

func (st *store) open(name string) *queue {
	q := &queue{name: name, kind: named}
	st.queues[name] = q
	return q
}

// tidy forgets a queue that holds nothing and has no consumer.
func (st *store) tidy(q *queue) {
	if q.kind == named && q.messages == 0 && len(q.consumers) == 0 {
		delete(st.queues, q.name)
	}
}

func (st *store) tooManyQueues() error {
	return refuse("too many queues", "this broker keeps %d queues at once", st.options.Queues)
}

// operation is a frame that a transaction can hold.
type operation struct {
	command      frameinspect.Command
	message      *message // of SEND
	ack          string   // of ACK and NACK: what is acknowledged
	subscription string   // the subscription that ACK and NACK name in 1.1; or ""
	drop         bool     // NACK with requeue:false
}

// apply does all of the operations, or none.
func (st *store) apply(s *session, operations []operation) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.check(s, operations); err != nil {
		return err
	}
	for _, op := range operations {
		if op.message != nil {
			st.send(op.message)
		} else if d := s.unacked[op.ack]; d != nil { // which one before may have covered
			st.acknowledge(d, op)
		}
	}
	return nil
}

// check refuses what cannot be done.
func (st *store) check(s *session, operations []operation) error {
	type need struct {
		messages int
		bytes    int64
	}
	needs := make(map[string]need)
	fresh := 0
	for _, op := range operations {
		if op.message == nil {
			d := s.unacked[op.ack]
			if d == nil || op.subscription != "" && op.subscription != d.subscription.id {
				return refuse("nothing to acknowledge", "%s names %q, which waits for no acknowledgement", op.command, op.ack)
			}
			continue
		}
		name := op.message.destination
		if k, _ := parseDestination(name); k == topic {
			continue
		}
		n, seen := needs[name]
		n = need{n.messages + 1, n.bytes + op.message.size()}
		needs[name] = n
		if q := st.queues[name]; q != nil {
			n = need{n.messages + q.messages, n.bytes + q.bytes}
		} else if !seen {
			if fresh++; len(st.queues)+fresh > st.options.Queues {
				return st.tooManyQueues()
			}
		}
		if n.messages > st.options.QueueMessages || n.bytes > st.options.QueueBytes {
			return refuse("queue is full", "%q may hold %d messages and %d bytes", name, st.options.QueueMessages, st.options.QueueBytes)
		}
	}
	return nil
}

func (st *store) send(m *message) {
	if k, _ := parseDestination(m.destination); k == topic {
		for _, q := range st.topics[m.destination] {
			if q.messages == st.options.QueueMessages || q.bytes+m.size() > st.options.QueueBytes {
				q.consumers[0].session.endSlow(refuse("slow consumer",
					"%d messages of %q wait to be read or acknowledged", q.messages, q.name))
				continue
			}
			st.seq++
			q.add(m, st.seq)
			q.pump()
		}
		return
	}
	q := st.queues[m.destination]
	if q == nil {
		q = st.open(m.destination)
	}
	st.seq++
	q.add(m, st.seq)
	q.pump()
	st.tidy(q)
}

func (st *store) acknowledge(d *delivery, op operation) {
	q := d.subscription.queue
	for _, settled := range d.subscription.settle(d) {
		if op.command == frameinspect.CmdNack && !op.drop {
			q.putBack(settled.entry)
		} else {
			q.done(settled.entry)
		}
	}
	q.pump()
	st.tidy(q)
}
