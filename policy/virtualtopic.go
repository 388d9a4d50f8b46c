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
	for i, part := range [][]byte{consumer, nil, virtual} {
		if i+1 >= len(d) {
			return dst, false // too short, and without a rest that would stand for what is missing
		}
		switch s := d[i+1]; {
		case s.kind == rest:
			return append(dst, topicStep, virtualStep, step{kind: rest, text: dotRest}), true
		case part != nil && s.kind == literal && string(s.text) != string(part):
			return dst, false
		}
	}
	return append(append(dst, topicStep, virtualStep), d[4:]...), true
}

// The parts of those names, as steps have them.
var (
	consumer    = []byte("/Consumer")
	virtual     = []byte(".VirtualTopic")
	dotRest     = []byte(".>")
	topicStep   = step{kind: literal, text: []byte("/topic")}
	virtualStep = step{kind: literal, text: []byte("/VirtualTopic")}
)
