package policy

import (
	"bytes"
	"strings"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// headerRules are a grant's word on headers. Names are in lower case: brokers
// differ in whether case matters.
type headerRules struct {
	allow, require, deny []string // names; in allow and deny a * may end one
}

// empty tells whether the defaults alone decide.
func (r *headerRules) empty() bool { return len(r.allow)+len(r.require)+len(r.deny) == 0 }

// brokers is a set of dialects.
type brokers uint8

const (
	rabbit  = brokers(1) << broker.RabbitMQ
	active  = brokers(1) << broker.ActiveMQ
	artemis = brokers(1)<<broker.Artemis | brokers(1)<<broker.HornetQ
	apollo  = brokers(1) << broker.Apollo
	jms     = active | artemis | apollo
	every   = rabbit | jms
)

// powerful is a header that commands the broker rather than describing the
// message, so a grant must allow it.
type powerful struct {
	name string // in lower case; a * ends one that begins so
	in   brokers
	why  string
}

// powerfulHeaders is the table of docs/policy.md. A broker that is not known has
// all of them.
var powerfulHeaders = []powerful{
	{"selector", every, "an expression that the broker evaluates for each message; it costs CPU and had its CVEs"},
	{"persistent", every, "writes the message to disk; on SUBSCRIBE it makes RabbitMQ keep a queue"},
	{"reply-to", every, "sends somebody else's answers to a destination of the sender's choice"},
	{"durable", rabbit | apollo, "keeps a queue after the session"},
	{"auto-delete", rabbit, "keeps or removes a queue after the session"},
	{"exclusive", every, "locks out the other consumers of a queue"},
	{"x-queue-name", rabbit, "subscribes to another queue than the destination says"},
	{"x-queue-type", rabbit, "decides how a queue is kept, and on how many nodes"},
	{"x-dead-letter-*", rabbit, "publishes to an exchange that no rule was asked about"},
	{"x-expires", rabbit, "removes a queue"},
	{"x-max-*", rabbit, "makes a queue drop its messages"},
	{"x-message-ttl", rabbit, "makes a queue drop its messages"},
	{"x-stream-*", rabbit, "reads a stream's past"},
	{"user-id", rabbit, "says who sent a message"},
	{"activemq.*", active | artemis, "is copied onto the broker's own consumer: priority, exclusiveness, durable name, prefetch"},
	{"transformation*", active, "picks a translator that parses the body in the broker (CVE-2026-33227)"},
	{"amq_scheduled_*", active | artemis, "has the broker send the message later, and again"},
	{"amq_scheduler_*", active, "lists and removes other people's scheduled messages"},
	{"client-id", jms, "names whose durable subscription it is"},
	{"durable-subscriber-name", jms, "keeps a queue after the session, or takes another's"},
	{"durable-subscription-name", jms, "keeps a queue after the session, or takes another's"},
	{"destination-type", artemis, "makes a queue of a topic, and a topic of a queue"},
	{"routing-type", artemis, "makes a queue of a topic, and a topic of a queue"},
	{"subscription-type", artemis, "makes a queue of a topic, and a topic of a queue"},
	{"_amq_*", artemis, "is a property of the broker's own: delay, last value, groups"},
	{"__amq_*", artemis, "is a property of the broker's own"},
	{"_hq_*", artemis, "is a property of the broker's own: delay, last value, groups"},
	{"jms*", jms, "is set by the broker as a rule: who sent a message, when, in answer to what"},
	{"browser", active | apollo, "reads a queue without emptying it"},
	{"from-seq", apollo, "reads a queue's past"},
	{"temp", apollo, "keeps a subscription apart from the queue's others"},
}

// isPlain tells whether a header is one that brokers only carry or that the
// protocol itself has, whatever the dialect. It is the fast way past the table. The
// empty name is the blank line's.
func isPlain(name []byte) bool {
	switch string(name) {
	case "", "destination", "content-length", "content-type", "content-encoding", "receipt", "id", "ack", "transaction",
		"correlation-id", "priority", "expires", "timestamp", "type", "message-id", "subscription":
		return true
	}
	return false
}

// isPowerful tells whether the header needs a grant's word in the dialect.
func isPowerful(name []byte, dialect broker.Dialect) bool {
	for i := range powerfulHeaders {
		if p := &powerfulHeaders[i]; (dialect == broker.Unknown || p.in&(1<<dialect) != 0) && nameMatches(p.name, name) {
			return true
		}
	}
	return false
}

// nameMatches tells whether a header's name is the pattern's, in any case of
// ASCII. The pattern is in lower case; a * may end it.
func nameMatches(pattern string, name []byte) bool {
	if begin, ok := strings.CutSuffix(pattern, "*"); ok {
		return len(name) >= len(begin) && equalFold(begin, name[:len(begin)])
	}
	return equalFold(pattern, name)
}

func equalFold(lower string, name []byte) bool {
	if len(lower) != len(name) {
		return false
	}
	for i := range len(lower) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func anyMatches(patterns []string, name []byte) bool {
	for _, p := range patterns {
		if nameMatches(p, name) {
			return true
		}
	}
	return false
}

// tempQueue tells whether a reply-to names a private queue of the session's own,
// which the broker makes and subscribes to for it. Right to that is a matter of
// subscribing, not of the header.
func tempQueue(replyTo string) bool {
	return strings.HasPrefix(replyTo, "/temp-queue/") || strings.HasPrefix(replyTo, "/temp-topic/")
}

// judge says what is wrong with the headers of a frame, "" for nothing. The text
// is safe to show: a name in it is the sender's own. ownReply tells that reply-to
// names a private queue.
func (r *headerRules) judge(lines []byte, ownReply bool, dialect broker.Dialect) string {
	for _, name := range r.require {
		if !hasName(lines, name) {
			return "the header " + name + " is missing"
		}
	}
	for len(lines) > 0 {
		var name []byte
		name, lines = cutLine(lines)
		switch {
		case isPlain(name) && len(r.deny) == 0:
		case anyMatches(r.deny, name):
			return notAllowedHeader(name)
		case anyMatches(r.allow, name):
		case ownReply && string(name) == "reply-to":
		case isPowerful(name, dialect):
			return notAllowedHeader(name)
		}
	}
	return ""
}

const lineBreak = "a header holds a line break, which some brokers do not escape for consumers of STOMP 1.0"

const colonInName = "the name of a header holds a colon, which some brokers do not escape for consumers of STOMP 1.0"

// escapesFromHeader tells whether a header of a SEND may be another one to a
// consumer that speaks 1.0; the code is "" where it is not. Artemis and HornetQ
// write a name as it is, so that x-user\cadmin is x-user to that consumer.
func escapesFromHeader(h *frameinspect.Head, dialect broker.Dialect) (frameinspect.Code, string) {
	switch {
	case dialect == broker.RabbitMQ || bytes.IndexByte(h.Raw(), '\\') < 0:
		return "", ""
	case hasEscapedBreak(h.Raw()):
		return CodeLineBreak, lineBreak
	case (dialect == broker.Unknown || artemis&(1<<dialect) != 0) && hasColonInName(h):
		return CodeDenied, colonInName
	}
	return "", ""
}

func hasColonInName(h *frameinspect.Head) bool {
	for lines := headerLines(h); len(lines) > 0; {
		var name []byte
		if name, lines = cutLine(lines); bytes.Contains(name, []byte(`\c`)) {
			return true
		}
	}
	return false
}

// hasEscapedBreak tells whether a head holds the escape of a line feed or carriage
// return. ActiveMQ, Artemis and HornetQ undo it and write the value as it is to a
// consumer that speaks 1.0, so that what follows is a header of its own to that
// consumer: one of those, maybe, that only the gateway may set.
func hasEscapedBreak(head []byte) bool {
	for {
		i := bytes.IndexByte(head, '\\')
		if i < 0 || i+1 == len(head) {
			return false
		}
		if c := head[i+1]; c == 'n' || c == 'r' {
			return true
		}
		head = head[i+2:]
	}
}

func notAllowedHeader(name []byte) string {
	return "the header " + clip(string(name)) + " is not allowed here"
}

func hasName(lines []byte, lower string) bool {
	for len(lines) > 0 {
		var name []byte
		if name, lines = cutLine(lines); equalFold(lower, name) {
			return true
		}
	}
	return false
}

// headerLines gives the header lines of a head, the blank one with them.
func headerLines(h *frameinspect.Head) []byte {
	raw := h.Raw()
	return raw[bytes.IndexByte(raw, '\n')+1:]
}

// cutLine takes the first of some header lines off, and gives its name: "" for
// the blank line.
func cutLine(lines []byte) (name, left []byte) {
	end := bytes.IndexByte(lines, '\n')
	return nameOf(lines[:end]), lines[end+1:]
}

// nameOf gives the name of a header line.
func nameOf(line []byte) []byte {
	for i, c := range line { // names are short
		if c == ':' {
			return line[:i]
		}
	}
	return nil
}
