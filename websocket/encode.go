package websocket

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Close codes of RFC 6455, section 7.4.1, and of its registry.
const (
	CloseNormal        = 1000
	CloseGoingAway     = 1001
	CloseProtocolError = 1002
	CloseNoStatus      = 1005 // never on the wire: the peer gave none
	CloseInvalidData   = 1007
	ClosePolicy        = 1008
	CloseTooBig        = 1009
	CloseInternal      = 1011
	CloseTryAgainLater = 1013
	CloseBadGateway    = 1014
)

// maxControl is the most payload of a control frame.
const maxControl = 125

// MaxHeader is the most bytes of a header that a server writes.
const MaxHeader = 10

// Opcode says what a data frame begins or goes on with.
type Opcode byte

// The opcodes of data frames (RFC 6455, section 5.2).
const (
	Continuation = Opcode(ws.OpContinuation)
	Text         = Opcode(ws.OpText)
	Binary       = Opcode(ws.OpBinary)
)

// AppendHeader appends the header of a data frame, unmasked as a server's are.
func AppendHeader(dst []byte, op Opcode, fin bool, length int) []byte {
	first := byte(op)
	if fin {
		first |= 0x80
	}
	switch {
	case length < 126:
		return append(dst, first, byte(length))
	case length < 1<<16:
		return append(dst, first, 126, byte(length>>8), byte(length))
	}
	return binary.BigEndian.AppendUint64(append(dst, first, 127), uint64(length))
}

// AppendPing appends a ping without payload.
func AppendPing(dst []byte) []byte { return append(dst, 0x80|byte(ws.OpPing), 0) }

// AppendPong appends the answer to a ping with this payload.
func AppendPong(dst, payload []byte) []byte {
	dst = append(dst, 0x80|byte(ws.OpPong), byte(len(payload)))
	return append(dst, payload...)
}

// AppendClose appends a close frame. CloseNoStatus makes it empty. A reason that
// is too long is cut between characters.
func AppendClose(dst []byte, code int, reason string) []byte {
	if code == CloseNoStatus {
		return append(dst, 0x80|byte(ws.OpClose), 0)
	}
	if len(reason) > maxControl-2 {
		cut := maxControl - 2
		for cut > 0 && !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut]
	}
	dst = append(dst, 0x80|byte(ws.OpClose), byte(2+len(reason)), byte(code>>8), byte(code))
	return append(dst, reason...)
}

// CloseCode reads the payload of a close frame: CloseNoStatus where it is empty,
// an error that wraps ErrProtocol or ErrUTF8 where it is not legal.
func CloseCode(payload []byte) (int, error) {
	if len(payload) == 0 {
		return CloseNoStatus, nil
	}
	if len(payload) == 1 {
		return 0, ErrProtocol
	}
	code := int(binary.BigEndian.Uint16(payload))
	switch {
	case code < 1000, code == 1004, code == 1005, code == 1006, code > 1014 && code < 3000, code >= 5000:
		return 0, ErrProtocol
	case !utf8.Valid(payload[2:]):
		return 0, ErrUTF8
	}
	return code, nil
}

// CodeOf gives the close code that answers an error of the decoder.
func CodeOf(err error) int {
	if errors.Is(err, ErrUTF8) {
		return CloseInvalidData
	}
	return CloseProtocolError
}
