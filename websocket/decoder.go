package websocket

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gobwas/ws"
)

// Kind is what a piece of the stream is.
type Kind uint8

const (
	// None: the input is used up.
	None Kind = iota
	// Data is a part of a message's payload, maybe empty.
	Data
	// Ping and Pong carry up to 125 bytes.
	Ping
	Pong
	// Close ends the stream. Its payload is CloseCode's to read.
	Close
)

// Piece is one step of decoding.
type Piece struct {
	Kind Kind
	// Payload is unmasked. It aliases the input, or the decoder until its next
	// step.
	Payload []byte
	// Final tells that a message ends with this piece of Data.
	Final bool
}

// Errors that end the stream; CodeOf gives their close codes.
var (
	ErrProtocol = errors.New("websocket protocol violated")
	ErrUTF8     = errors.New("text message is not UTF-8")
)

const maxHeader = 14

// Decoder takes the frames of a client out of bytes as they come. It holds no
// payload but that of a control frame in parts.
type Decoder struct {
	header  [maxHeader]byte // of the frame in progress, as far as it came
	nHeader uint8
	op      ws.OpCode // of the frame in progress
	message ws.OpCode // of the message in progress; 0 between messages
	fin     bool
	inFrame bool
	mask    [4]byte
	left    uint64 // payload of the frame still to come
	offset  int    // payload seen, for the mask
	control []byte // payload of a control frame in parts
	text    TextCheck
}

// Between tells whether the input so far ended between two messages.
func (d *Decoder) Between() bool { return d.message == 0 && !d.inFrame && d.nHeader == 0 }

// Next takes the next piece from the front of p, unmasking it in place, and says
// how many bytes it consumed. An error wraps ErrProtocol or ErrUTF8 and is final.
func (d *Decoder) Next(p []byte) (Piece, int, error) {
	used := 0
	if !d.inFrame {
		n, complete, err := d.readHeader(p)
		if err != nil || !complete {
			return Piece{}, n, err
		}
		used = n
		d.inFrame = true
	}
	n := int(min(d.left, uint64(len(p)-used)))
	if n == 0 && d.left > 0 {
		return Piece{}, used, nil
	}
	payload := p[used : used+n]
	ws.Cipher(payload, d.mask, d.offset)
	d.offset = (d.offset + n) & 3
	d.left -= uint64(n)
	d.inFrame = d.left > 0
	used += n
	if d.op.IsControl() {
		return d.controlPiece(payload), used, nil
	}
	final := d.fin && d.left == 0
	if d.message == ws.OpText && (!d.text.Write(payload) || final && !d.text.Complete()) {
		return Piece{}, used, ErrUTF8
	}
	if final {
		d.message = 0
	}
	return Piece{Kind: Data, Payload: payload, Final: final}, used, nil
}

func (d *Decoder) controlPiece(payload []byte) Piece {
	if d.left > 0 || len(d.control) > 0 {
		d.control = append(d.control, payload...) // at most 125 bytes: the header was checked
		payload = d.control
	}
	if d.left > 0 {
		return Piece{}
	}
	d.control = nil
	switch d.op {
	case ws.OpPing:
		return Piece{Kind: Ping, Payload: payload}
	case ws.OpPong:
		return Piece{Kind: Pong, Payload: payload}
	}
	return Piece{Kind: Close, Payload: payload}
}

// readHeader takes a frame's header from the front of p (RFC 6455, section 5.2).
func (d *Decoder) readHeader(p []byte) (used int, complete bool, err error) {
	h := p
	if d.nHeader > 0 || len(p) < maxHeader {
		used = copy(d.header[d.nHeader:], p)
		h = d.header[:int(d.nHeader)+used]
	}
	if len(h) < 2 || len(h) < headerSize(h[1]) {
		d.nHeader = uint8(len(h))
		return used, false, nil
	}
	size := headerSize(h[1])
	used = size - int(d.nHeader)
	d.nHeader = 0
	return used, true, d.begin(h[:size])
}

func headerSize(second byte) int {
	size := 2
	switch second & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if second&0x80 != 0 {
		size += 4
	}
	return size
}

// begin starts the frame of a complete header.
func (d *Decoder) begin(h []byte) error {
	header := ws.Header{
		Fin:    h[0]&0x80 != 0,
		Rsv:    h[0] & 0x70 >> 4,
		OpCode: ws.OpCode(h[0] & 0x0f),
		Masked: h[1]&0x80 != 0,
	}
	var length, least uint64
	switch n := h[1] & 0x7f; n {
	case 126:
		length, least = uint64(binary.BigEndian.Uint16(h[2:])), 126
	case 127:
		length, least = binary.BigEndian.Uint64(h[2:]), 1<<16
	default:
		length = uint64(n)
	}
	if length < least || length > 1<<63-1 {
		return fmt.Errorf("%w: the payload length is not in its shortest form", ErrProtocol)
	}
	header.Length = int64(length)
	state := ws.StateServerSide
	if d.message != 0 {
		state |= ws.StateFragmented
	}
	if err := ws.CheckHeader(header, state); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	d.op, d.fin, d.left, d.offset = header.OpCode, header.Fin, length, 0
	copy(d.mask[:], h[len(h)-4:])
	if !d.op.IsControl() && d.op != ws.OpContinuation {
		d.message = d.op
		d.text = TextCheck{}
	}
	return nil
}
