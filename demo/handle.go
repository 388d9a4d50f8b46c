package demo

import (
	"strings"

	"github.com/stompgw/stompgw/frameinspect"
)

// handle does what a frame asks for, then gives its receipt. The error is a
// *refusal.
func (s *session) handle(f *frame) error {
	if f.command.Connects() {
		if s.version != 0 {
			return refuse("already connected", "%s came a second time", f.command)
		}
		return s.connect(f)
	}
	if s.version == 0 {
		return refuse("not connected", "%s came before CONNECT", f.command)
	}
	if err := s.obey(f); err != nil {
		return err
	}
	if receipt := f.get("receipt"); receipt != "" {
		s.out.push(serverFrame(frameinspect.CmdReceipt, s.version, header{"receipt-id", receipt}))
	}
	return nil
}

func (s *session) obey(f *frame) error {
	switch f.command {
	case frameinspect.CmdSend:
		return s.send(f)
	case frameinspect.CmdAck, frameinspect.CmdNack:
		return s.acknowledge(f)
	case frameinspect.CmdSubscribe:
		return s.subscribe(f)
	case frameinspect.CmdUnsubscribe:
		return s.unsubscribe(f)
	case frameinspect.CmdBegin:
		return s.begin(f)
	case frameinspect.CmdCommit:
		return s.commit(f)
	case frameinspect.CmdAbort:
		return s.abort(f)
	}
	return nil // DISCONNECT: its receipt is all it wants
}

func (s *session) send(f *frame) error {
	name, err := f.need("destination")
	if err != nil {
		return err
	}
	if _, err := parseDestination(name); err != nil {
		return err
	}
	return s.do(f, operation{command: f.command, message: newMessage(name, f)})
}

// acknowledge handles ACK and NACK. What they name is the ack header of the
// MESSAGE in 1.2, and its message-id before.
func (s *session) acknowledge(f *frame) error {
	idHeader := "message-id"
	if s.version == frameinspect.V12 {
		idHeader = "id"
	}
	id, err := f.need(idHeader)
	if err != nil {
		return err
	}
	op := operation{command: f.command, ack: id, drop: f.get("requeue") == "false"}
	if s.version == frameinspect.V11 {
		if op.subscription, err = f.need("subscription"); err != nil {
			return err
		}
	}
	return s.do(f, op)
}

func (s *session) subscribe(f *frame) error {
	name, err := f.need("destination")
	if err != nil {
		return err
	}
	kind, err := parseDestination(name)
	if err != nil {
		return err
	}
	if f.has("selector") {
		return refuse("no selectors", "this broker would not filter by the selector, so it does not take one")
	}
	mode := ackMode(orDefault(f.get("ack"), string(ackAuto)))
	switch {
	case mode == ackAuto, mode == ackClient:
	case mode == ackClientIndividual && s.version >= frameinspect.V11:
	default:
		return refuse("unknown ack mode", "%q is no ack mode of STOMP %s", mode, s.version)
	}
	if s.version >= frameinspect.V11 {
		if _, err := f.need("id"); err != nil {
			return err
		}
	}
	return s.broker.store.subscribe(kind, &subscription{
		session: s, key: subscriptionKey(f), id: f.get("id"), destination: name, mode: mode, version: s.version,
	})
}

func (s *session) unsubscribe(f *frame) error {
	if _, err := f.need("id"); err != nil && (s.version >= frameinspect.V11 || !f.has("destination")) {
		return err
	}
	return s.broker.store.unsubscribe(s, subscriptionKey(f))
}

// subscriptionKey names a subscription within its session. In STOMP 1.0 one
// without an id goes by its destination.
func subscriptionKey(f *frame) string {
	if id := f.get("id"); id != "" {
		return id
	}
	return "\x00" + f.get("destination") // which no id begins with
}

// kind is what a destination does with a message.
type kind int

const (
	topic kind = iota + 1 // give it to every subscription there is
	named                 // keep it until one consumer takes it
)

// parseDestination tells the kind of a destination and refuses what is none.
func parseDestination(name string) (kind, error) {
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return 0, refuse("unknown destination", "%q holds a control character", name)
	}
	switch {
	case len(name) > len("/topic/") && strings.HasPrefix(name, "/topic/"):
		return topic, nil
	case len(name) > len("/queue/") && strings.HasPrefix(name, "/queue/"):
		return named, nil
	}
	return 0, refuse("unknown destination", "%q is none: this broker has /topic/NAME and /queue/NAME only", name)
}
