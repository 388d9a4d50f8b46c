package e2e

import "slices"

// What the tables of attacks have not to say of HornetQ 2.4.7 and Apollo 1.7.1, which are tested only when asked for.

// oldFools names the attacks that fool them when there is no gateway. The HornetQ here has no wildcards.
var oldFools = map[string][]string{
	"HornetQ": {
		"no attack, only a denied SEND", "body of BEGIN without content-length", "content-length 0, then a body",
		"content-length negative", "content-length too short by a NUL", "content-length twice, the last short",
		"Content-Length in capitals", "content-length padded in its name", "content-length after a tab in its name",
		"content-length behind an escaped name", "destination twice, the first denied", "line ends before the frame", "CRLF",
		"CRLF mixed with LF", "overlong NUL",
		"surrogates in UTF-8", "Latin-1 in a header", "in a transaction", "behind an honest frame in one message", "octet by octet",
		"cut inside the destination", "cut between line end and blank line", "padded beyond a buffer",
		"behind heart-beats beyond a buffer", "behind a head beyond a buffer", "an honest spelling", "percent-encoded slash in a name",
		"colon escaped", "colon escaped in STOMP 1.1", "backslash at the end",
		"no attack, only a denied SUBSCRIBE", "a topic",
		"subscription id used again after UNSUBSCRIBE", "destination twice",
		"in STOMP 1.0 without an id",
		"body of CONNECT without content-length", "behind CONNECT",
		"behind CONNECT, octet by octet", "versions twice", "a second CONNECT in the same message",
	},
	"Apollo": {
		"no attack, only a denied SEND", "body of BEGIN without content-length", "content-length twice, the first short",
		"Content-Length in capitals", "content-length padded in its name", "content-length after a tab in its name",
		"content-length behind an escaped name", "destination twice, the first denied", "destination padded in its name in STOMP 1.0",
		"line ends before the frame", "CRLF", "CRLF in STOMP 1.0", "CRLF mixed with LF", "overlong NUL", "surrogates in UTF-8",
		"Latin-1 in a header", "in a transaction", "behind an honest frame in one message", "octet by octet",
		"cut inside the destination", "cut between line end and blank line", "padded beyond a buffer",
		"behind heart-beats beyond a buffer", "behind a head beyond a buffer", "an honest spelling", "composite, the denied last",
		"composite, the denied first", "composite with a topic", "wildcard for a segment", "percent-encoded letter",
		"percent-encoded slash in a name", "blank behind in STOMP 1.0", "no attack, only a denied SUBSCRIBE", "a topic",
		"wildcard for a segment of a topic", "wildcard for two segments", "ActiveMQ's wildcard in a queue",
		"subscription id used again after UNSUBSCRIBE", "destination twice", "in STOMP 1.0 without an id", "composite",
		"wildcard over a denial", "body of CONNECT without content-length", "behind CONNECT", "behind CONNECT, octet by octet",
		"line ends before CONNECT", "versions twice",
	},
}

// oldCodes are the gateway's codes in front of them, by the attack, where they are not those for Artemis.
var oldCodes = map[string]map[string]string{
	"HornetQ": {
		"two slashes in front": "denied", // //queue/ is //jms.queue. there
		"a queue of AMQP":      brokersOwn, "a reply queue": brokersOwn,
	},
	"Apollo": {
		"RabbitMQ's wildcard for everything": "ambiguous_destination", "RabbitMQ's wildcard for the rest": "ambiguous_destination",
		"RabbitMQ's wildcard in the middle": "ambiguous_destination", "RabbitMQ's exchange of topics with a wildcard": "ambiguous_destination",
		"wildcard for everything of RabbitMQ": "ambiguous_destination", "wildcard that matches no segment too": "ambiguous_destination",
		"exclusive consumer": "", "destination by reflection": "",
		"a bare name": brokersOwn, "a queue of AMQP": brokersOwn, "a reply queue": brokersOwn, "a URL": brokersOwn,
		"zero width space inside": brokersOwn, "full-width letters": brokersOwn, "name in capitals": "",
	},
}

// brokersOwn is the code of an attack that the gateway lets pass, and that the broker answers with an ERROR.
const brokersOwn = "(the broker's own)"

// old tells whether the broker is one that is tested only when asked for.
func (b *backend) old() bool { return b.name == "HornetQ" || b.name == "Apollo" }

// fooled tells whether the attack fools the bare broker.
func (a attack) fooled(b *backend) bool {
	if b.old() {
		return slices.Contains(oldFools[b.name], a.name)
	}
	return slices.Contains(a.fools, b.name)
}

// colonless are attacks on a queue with a colon in its name. Apollo does not undo the escape, and has no such queue.
var colonless = []string{"colon escaped", "colon as it is", "colon escaped in STOMP 1.1", "colon escaped in STOMP 1.0", "backslash escaped"}

// impossible tells why an attack cannot be made on a broker; mostly it can.
func (a attack) impossible(b *backend) string {
	if b.name == "Apollo" && slices.Contains(colonless, a.name) {
		return "Apollo takes no escaped colon in a destination"
	}
	return ""
}
