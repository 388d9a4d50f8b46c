package policy

import "github.com/stompgw/stompgw/broker"

// appendVirtualTopic appends the steps of the virtual topic that subscribing to a
// destination reads. ActiveMQ puts what is sent to /topic/VirtualTopic.x into each
// queue /queue/Consumer.<name>.VirtualTopic.x, so a denial of the topic is one of
// those queues. ok is false for what is no such queue, and in dialects of other
// brokers.
func appendVirtualTopic(dst []step, d []step, dialect broker.Dialect) (steps []step, ok bool) {
	if dialect != broker.ActiveMQ && dialect != broker.Unknown || len(d) == 0 || string(d[0].text) != "/queue" {
		return dst, false
	}
	d = d[1:]
	for i, part := range [][]byte{consumer, nil, virtual} {
		for i == 2 && len(d) > 0 && d[0].kind != rest && separator(d[0].text) == '/' {
			d = d[1:] // the consumer's name goes on: for ActiveMQ, words end at dots only
		}
		if len(d) == 0 {
			return dst, false // too short, and without a rest that would stand for what is missing
		}
		switch s := d[0]; {
		case s.kind == rest:
			return append(dst, topicStep, virtualStep, step{kind: rest, text: dotRest}), true
		case part != nil && s.kind == literal && string(s.text) != string(part):
			return dst, false
		}
		d = d[1:]
	}
	return append(append(dst, topicStep, virtualStep), d...), true
}

// The parts of those names, as steps have them.
var (
	consumer    = []byte("/Consumer")
	virtual     = []byte(".VirtualTopic")
	dotRest     = []byte(".>")
	topicStep   = step{kind: literal, text: []byte("/topic")}
	virtualStep = step{kind: literal, text: []byte("/VirtualTopic")}
)
