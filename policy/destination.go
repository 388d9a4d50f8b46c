package policy

import (
	"bytes"
	"slices"

	"github.com/stompgw/stompgw/broker"
)

// step is a part of a destination as a frame asks for it: literal, one or rest.
// Its text begins with the separator in front of it and aliases what it was read
// out of.
type step struct {
	kind kind
	text []byte
}

// maxDestination bounds the work that a destination may make, in bytes. Names in
// RabbitMQ end at 255.
const maxDestination = 1024

// Why a destination is refused before any rule is asked. All are safe to show.
const (
	noDestination     = "the frame names no destination"
	longDestination   = "the destination is too long"
	oddDestination    = "the destination holds a character that brokers read differently"
	emptySegment      = "the destination has an empty segment, or one that begins or ends with a blank"
	oddWildcard       = "the destination holds a wildcard where a broker may read it as something else"
	bareDestination   = "the destination does not begin with its kind, such as /queue/"
	wildcardInSending = "a destination to send to must hold no wildcard"
)

// appendCanonical appends a destination, its escapes undone, in the form that
// rules are matched with: what the dialect reads in it. A reason for refusing it
// is returned instead where brokers, or versions of one, differ.
func appendCanonical(dst, d []byte, dialect broker.Dialect) ([]byte, string) {
	switch {
	case len(d) == 0:
		return dst, noDestination
	case len(d) > maxDestination:
		return dst, longDestination
	}
	if dialect == broker.RabbitMQ {
		return appendRabbitMQ(dst, d)
	}
	// ActiveMQ splits at commas, reads options behind ?, and a scheme overrides
	// the kind; Artemis has address::queue, Apollo {regular expressions}.
	if hasOdd(d, &oddElsewhere) {
		return dst, oddDestination
	}
	scheme := schemeEnd(d)
	if colons := d[scheme:]; bytes.IndexByte(colons, ':') >= 0 && (bytes.Contains(colons, []byte("::")) || bytes.Contains(colons, []byte("://"))) {
		return dst, oddDestination
	}
	if scheme > 0 && (dialect == broker.ActiveMQ || dialect == broker.Unknown) {
		return dst, oddDestination
	}
	// RabbitMQ and ActiveMQ take a bare name for a queue, Artemis for an address.
	if (dialect == broker.Unknown || dialect == broker.ActiveMQ) && d[0] != '/' {
		return dst, bareDestination
	}
	return append(dst, d...), ""
}

// appendRabbitMQ undoes %2F in the name of a queue. Other escapes are undone by
// some versions only; in an exchange or a routing key the slash would be taken
// for the one between the two, or split a word.
func appendRabbitMQ(dst, d []byte) ([]byte, string) {
	if hasOdd(d, &oddInRabbitMQ) || schemeEnd(d) > 0 {
		return dst, oddDestination
	}
	if bytes.IndexByte(d, '/') < 0 {
		dst = append(dst, "/queue/"...)
	}
	escapable := len(dst) > 0 || bytes.HasPrefix(d, []byte("/queue/")) || bytes.HasPrefix(d, []byte("/amq/queue/"))
	for {
		i := bytes.IndexByte(d, '%')
		if i < 0 {
			return append(dst, d...), ""
		}
		if !escapable || !bytes.HasPrefix(d[i:], []byte("%2F")) {
			return dst, oddDestination
		}
		dst = append(append(dst, d[:i]...), '/')
		d = d[i+3:]
	}
}

// octets is a set of octets.
type octets [256]bool

func octetsOf(chars string) (set octets) {
	for c := range byte(' ') {
		set[c] = true
	}
	set[0x7f] = true
	for i := range len(chars) {
		set[chars[i]] = true
	}
	return set
}

// What no destination may hold: control octets and what brokers read differently.
var (
	oddInRabbitMQ = octetsOf(`\`)
	oddElsewhere  = octetsOf(`\%,?{}`)
)

func hasOdd(b []byte, odd *octets) bool {
	for _, c := range b {
		if odd[c] {
			return true
		}
	}
	return false
}

// appendSteps appends the steps of a canonical destination. What follows a rest
// is left out, which can only make the destination wider than it is.
func appendSteps(dst []step, d []byte, dialect broker.Dialect) ([]step, string) {
	ended := false
	for len(d) > 0 {
		n := segmentEnd(d)
		text := d[:n]
		d = d[n:]
		bare := text
		if separator(text) != 0 {
			bare = text[1:]
		}
		if len(bare) == 0 || bare[0] == ' ' || bare[len(bare)-1] == ' ' {
			return dst, emptySegment
		}
		k := literal
		if hasWildcard(bare) {
			var ok bool
			if k, ok = wildcardOf(bare, dialect); !ok {
				return dst, oddWildcard
			}
		}
		if !ended {
			dst = append(dst, step{k, text})
		}
		ended = ended || k == rest
	}
	return dst, ""
}

func hasWildcard(bare []byte) bool {
	for _, c := range bare {
		if c == '*' || c == '>' || c == '#' {
			return true
		}
	}
	return false
}

// wildcardOf says what a segment with a wildcard stands for in the dialect. A wildcard that is
// another dialect's, or is inside a longer segment, is not ok: it may be a
// literal, and then again it may not.
func wildcardOf(bare []byte, dialect broker.Dialect) (kind, bool) {
	unknown := dialect == broker.Unknown
	switch string(bare) {
	case "*":
		return one, true
	case "#":
		return rest, unknown || dialect == broker.RabbitMQ || dialect == broker.Artemis || dialect == broker.HornetQ
	case ">":
		return rest, unknown || dialect == broker.ActiveMQ
	case "**":
		return rest, unknown || dialect == broker.Apollo
	}
	return literal, false
}

// kinships are prefixes by which the same thing goes. A grant gives what its
// pattern says, a denial takes away the thing under each of its names.
var (
	rabbitKin = [][]string{
		{"/queue/", "/amq/queue/", "/reply-queue/"},
		{"/topic/", "/exchange/amq.topic/"},
	}
	artemisKin = [][]string{
		{"/queue/", "queue://", "anycast://", "jms.queue.", ""},
		{"/topic/", "topic://", "multicast://", "jms.topic.", ""},
	}
	activeKin = [][]string{
		{"/temp-queue/", "/remote-temp-queue/"},
		{"/temp-topic/", "/remote-temp-topic/"},
	}
	unknownKin = [][]string{
		{"/queue/", "/amq/queue/", "/reply-queue/", "queue://", "anycast://", "jms.queue.", ""},
		{"/topic/", "/exchange/amq.topic/", "topic://", "multicast://", "jms.topic.", ""},
		{"/temp-queue/", "/remote-temp-queue/"},
		{"/temp-topic/", "/remote-temp-topic/"},
	}
	kinships = map[broker.Dialect][]kin{
		broker.Unknown: kinOf(unknownKin), broker.RabbitMQ: kinOf(rabbitKin), broker.ActiveMQ: kinOf(activeKin),
		broker.Artemis: kinOf(artemisKin), broker.HornetQ: kinOf(artemisKin), broker.Apollo: kinOf(activeKin),
	}
)

// kin is a prefix and the others that it goes by.
type kin struct {
	prefix string
	others []string
}

// kinOf lists every prefix of the groups, the empty one last.
func kinOf(groups [][]string) []kin {
	var list []kin
	for _, group := range groups {
		for _, prefix := range group {
			i := slices.IndexFunc(list, func(k kin) bool { return k.prefix == prefix })
			if i < 0 {
				i = len(list)
				list = append(list, kin{prefix: prefix})
			}
			for _, other := range group {
				if other != prefix {
					list[i].others = append(list[i].others, other)
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b kin) int { return len(b.prefix) - len(a.prefix) })
	return list
}

// otherPrefixes gives what the begin of a canonical destination may be replaced
// by, and what is left behind the begin.
func otherPrefixes(d []byte, dialect broker.Dialect) (others []string, left []byte) {
	for _, k := range kinships[dialect] {
		if k.prefix == "" && (d[0] == '/' || schemeEnd(d) > 0) {
			continue
		}
		if left, ok := bytes.CutPrefix(d, []byte(k.prefix)); ok {
			return k.others, left
		}
	}
	return nil, nil
}
