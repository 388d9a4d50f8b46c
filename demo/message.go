package demo

import (
	"strconv"
	"strings"

	"github.com/stompgw/stompgw/frameinspect"
)

// message is a message as it was sent. It never changes, and queues share it.
type message struct {
	destination string
	headers     []header // those of the SEND that are passed on
	body        []byte
}

func newMessage(destination string, f *frame) *message {
	m := &message{destination: destination, body: f.body}
	for _, h := range f.headers {
		switch h.name {
		case "destination", "content-length", "receipt", "transaction":
			// these are about the SEND
		case "message-id", "subscription", "ack", "redelivered":
			// these are the broker's to say
		default:
			m.headers = append(m.headers, h)
		}
	}
	return m
}

// size is what the message counts for in QueueBytes.
func (m *message) size() int64 {
	n := len(m.destination) + len(m.body)
	for _, h := range m.headers {
		n += len(h.name) + len(h.value)
	}
	return int64(n)
}

var nul = []byte{0}

// push gives the delivery to its client as a MESSAGE.
func (d *delivery) push() {
	sub, m := d.subscription, d.entry.message
	headers := make([]header, 0, len(m.headers)+6)
	headers = append(headers, header{"destination", m.destination}, header{"message-id", d.entry.id()})
	if sub.id != "" {
		headers = append(headers, header{"subscription", sub.id})
	}
	if sub.version == frameinspect.V12 && sub.mode != ackAuto {
		headers = append(headers, header{"ack", d.ack})
	}
	if d.entry.redelivered {
		headers = append(headers, header{"redelivered", "true"})
	}
	headers = append(headers, header{"content-length", strconv.Itoa(len(m.body))})
	for _, h := range m.headers {
		if expressible(h, sub.version) {
			headers = append(headers, h)
		}
	}
	sub.session.out.push(serverHead(frameinspect.CmdMessage, sub.version, headers...), m.body, nul)
}

// expressible tells whether a version can carry a header: 1.0 has no escapes,
// and 1.1 has none for a carriage return. What it cannot carry is left out
// rather than changed.
func expressible(h header, v frameinspect.Version) bool {
	switch v {
	case frameinspect.V10:
		return !strings.ContainsAny(h.name, ":\r\n") && !strings.ContainsAny(h.value, "\r\n")
	case frameinspect.V11:
		return !strings.Contains(h.name+h.value, "\r")
	}
	return true
}
