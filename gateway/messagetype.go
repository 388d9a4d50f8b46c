package gateway

import (
	"errors"

	"github.com/stompgw/stompgw/websocket"
)

// MessageType says which WebSocket messages carry the frames for a client.
type MessageType uint8

const (
	// AutoMessages are text where the frame is UTF-8, binary where it is not.
	AutoMessages MessageType = iota
	// TextMessages are always text; a frame that is not UTF-8 ends the session.
	TextMessages
	// BinaryMessages are always binary.
	BinaryMessages
)

// opcode picks the kind of message for a whole STOMP frame.
func (t MessageType) opcode(frame []byte) websocket.Opcode {
	if t == BinaryMessages || t == AutoMessages && !websocket.ValidText(frame) {
		return websocket.Binary
	}
	return websocket.Text
}

// nextOpcode picks the kind of message for a frame, or says that p goes on with
// one.
func (s *session) nextOpcode(p []byte, last bool) (websocket.Opcode, error) {
	f, messages := &s.frames, s.client.messageType
	if f.streaming {
		if f.text && (!f.check.Write(p) || last && !f.check.Complete()) {
			return 0, errNotText
		}
		return websocket.Continuation, nil
	}
	if last {
		op := messages.opcode(p)
		if messages == TextMessages && !websocket.ValidText(p) {
			return 0, errNotText
		}
		return op, nil
	}
	f.check = websocket.TextCheck{}
	valid := f.check.Write(p)
	f.text = messages == TextMessages || messages == AutoMessages && valid && !hasControls(p)
	switch {
	case f.text && !valid:
		return 0, errNotText
	case f.text:
		return websocket.Text, nil
	}
	return websocket.Binary, nil
}

// errNotText ends a session whose browser was promised text.
var errNotText = errors.New("a frame that goes out as text is not UTF-8; STOMPGW_MESSAGE_TYPE=binary lets it pass")

// notText is the ending of such a session.
func notText(err error) ending {
	const message = "a frame of the broker is not UTF-8 and cannot go out as text"
	return endBy(BadUTF8, message, err).withError(errorFrame{code: codeBadUTF8, message: message})
}

// hasControls tells whether the begin of p holds octets that texts do not. Of a
// frame that is too big to be looked at whole, the begin must tell text from
// binary: text because many clients cannot read large binary messages, binary
// because a browser ends a connection on which text turns out not to be UTF-8.
func hasControls(p []byte) bool {
	const enough = 4 << 10
	for _, c := range p[:min(len(p), enough)] {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return true
		}
	}
	return false
}
