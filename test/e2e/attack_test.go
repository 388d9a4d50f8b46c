package e2e

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stompgw/stompgw/test/stompws"
)

// attack is an attempt to get the message "stolen" into a queue that the policy denies. In its octets {allowed} and
// {denied} stand for the names of two queues that nobody else uses, and {length} for the number of octets between the
// first blank line and the last NUL.
type attack struct {
	name    string
	version string // of STOMP, 1.2 where it is empty
	octets  string
	// cuts are where the octets are cut into WebSocket messages; nil is one message. To TCP it makes no difference.
	cuts func(octets string) []string
	// victim is the destination that the message should get into, /queue/{denied} where it is empty.
	victim string
	// late says that brokers move the message by themselves, when they come to it.
	late bool
	// fools are the brokers that fall for the attack when there is no gateway, as RabbitMQ 3.10, ActiveMQ 5.17 and
	// Artemis 2.40 do.
	fools []string
	// byChance says that ActiveMQ falls for it now and then: it answers ERROR and ends the connection in one thread,
	// and reads on in another.
	byChance bool
	// garbles says that Artemis hands the frame on so that whoever consumes it cannot tell where it ends.
	garbles bool
	// code is the gateway's, in its ERROR; empty where it passes the frames on in a form that fools nobody.
	code string
	// codes replace it for some brokers, by their names: what one reads in a destination or a header, another does not.
	codes map[string]string
}

// codeFor is the gateway's code in front of a broker.
func (a attack) codeFor(b *backend) string {
	if code, ok := a.codes[b.name]; ok {
		return code
	}
	if code, ok := oldCodes[b.name][a.name]; ok {
		return code
	}
	if code, ok := a.codes["Artemis"]; ok && b.old() {
		return code
	}
	return a.code
}

// unfinished is the code of an attack that leaves the gateway waiting for the rest of a frame.
const unfinished = "(unfinished)"

// The names of the backends, for tables.
var (
	nobody           = []string(nil)
	rabbit           = []string{"RabbitMQ"}
	active           = []string{"ActiveMQ"}
	artemis          = []string{"Artemis"}
	rabbitAndActive  = []string{"RabbitMQ", "ActiveMQ"}
	rabbitAndArtemis = []string{"RabbitMQ", "Artemis"}
	activeAndArtemis = []string{"ActiveMQ", "Artemis"}
	everyone         = []string{"RabbitMQ", "ActiveMQ", "Artemis"}
)

// closeCodes are the WebSocket close codes of refusals; the others are 1002.
var closeCodes = map[string]int{
	"denied": 1008, "ambiguous_destination": 1008, "unknown_subscription": 1008, "duplicate_subscription": 1008, "line_break_in_header": 1008,
	"bad_utf8": 1007, "head_too_big": 1009, "too_many_headers": 1009, "body_too_big": 1009,
}

func closeCodeOf(code string) int {
	if c, ok := closeCodes[code]; ok {
		return c
	}
	return 1002
}

func (a attack) accept() string {
	if a.version == "" {
		return "1.2"
	}
	return a.version
}

// fill puts names and lengths into a text.
func (a attack) fill(b *backend, text, tag string) string {
	text = b.spell(strings.NewReplacer("{allowed}", "allowed."+tag, "{denied}", "denied."+tag, "{tag}", tag).Replace(text))
	if !strings.Contains(text, "{length}") {
		return text
	}
	_, body, _ := strings.Cut(text, "\n\n")
	return strings.ReplaceAll(text, "{length}", strconv.Itoa(strings.LastIndexByte(body, 0)))
}

// messages are the attack as WebSocket messages: text where it is UTF-8.
func (a attack) messages(b *backend, tag string) []stompws.Message {
	octets := a.fill(b, a.octets, tag)
	parts := []string{octets}
	if a.cuts != nil {
		parts = a.cuts(octets)
	}
	var all []stompws.Message
	for _, p := range parts {
		all = append(all, stompws.Message{Data: []byte(p), Binary: !utf8.ValidString(octets)})
	}
	return all
}

// newTag is the part of a queue's name that nobody else uses; all are of one length.
func newTag() string { return fmt.Sprintf("t%06d", names.Add(1)) }

// target is where the victim's messages are.
func (a attack) target() string { return cmp.Or(a.victim, "/queue/{denied}") }
