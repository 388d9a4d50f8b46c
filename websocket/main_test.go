package websocket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The first bytes of frames: opcode, and 0x80 for the last frame of a message.
const (
	more   = 0x00 // a continuation that is not the last
	last   = 0x80 // a continuation that is
	text   = 0x81
	binry  = 0x82
	closes = 0x88
	ping   = 0x89
	pong   = 0x8a
)

// clientFrame is the tests' own idea of a client's frame, written from RFC 6455,
// section 5.2, and not from the code under test.
func clientFrame(first byte, payload string) []byte {
	return maskedFrame(first, payload, [4]byte{0xa1, 0x02, 0xff, 0x40})
}

func maskedFrame(first byte, payload string, mask [4]byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		b = append(b, 0x80|byte(n))
	case n <= 65535:
		b = append(b, 0x80|126)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b = append(b, 0x80|127)
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

func join(frames ...[]byte) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, f...)
	}
	return b
}

// event is a piece as a reader of the whole stream sees it: parts of a message
// that nothing came between are one.
type event struct {
	kind    Kind
	payload string
	final   bool
}

func (e event) String() string { return fmt.Sprintf("%d %.200q %t", e.kind, e.payload, e.final) }

// decode gives the decoder the parts one after the other, as sessions do.
func decode(t testing.TB, d *Decoder, parts ...[]byte) (events []event, err error) {
	t.Helper()
	return decodeWith(t, d, func(p []byte) (Piece, int, error) {
		if payload, n, err := d.Whole(p); n > 0 {
			return Piece{Kind: Data, Payload: payload, Final: true}, n, err
		}
		return d.Next(p)
	}, parts...)
}

// decodeWith takes a step after the other.
func decodeWith(t testing.TB, d *Decoder, next func([]byte) (Piece, int, error), parts ...[]byte) (events []event, err error) {
	t.Helper()
	for _, part := range parts {
		p := append([]byte{}, part...) // it is unmasked where it stands
		for len(p) > 0 {
			piece, n, err := next(p)
			if n < 0 || n > len(p) {
				t.Fatalf("consumed %d of %d bytes", n, len(p))
			}
			if len(d.control) > maxControl || int(d.nHeader) > maxHeader {
				t.Fatalf("holds %d bytes of payload and %d of header", len(d.control), d.nHeader)
			}
			if err != nil {
				if !errors.Is(err, ErrProtocol) && !errors.Is(err, ErrUTF8) {
					t.Fatalf("error %v is neither ErrProtocol nor ErrUTF8", err)
				}
				return events, err
			}
			if n == 0 && piece.Kind == None {
				t.Fatalf("no step was made with %d bytes left", len(p))
			}
			p = p[n:]
			events = appendEvent(events, piece)
		}
	}
	return events, nil
}

func appendEvent(events []event, p Piece) []event {
	switch {
	case p.Kind == None, p.Kind == Data && len(p.Payload) == 0 && !p.Final:
		return events
	case p.Kind != Data:
		return append(events, event{p.Kind, string(p.Payload), false})
	}
	if n := len(events); n > 0 && events[n-1].kind == Data && !events[n-1].final {
		events[n-1].payload += string(p.Payload)
		events[n-1].final = p.Final
		return events
	}
	return append(events, event{Data, string(p.Payload), p.Final})
}
