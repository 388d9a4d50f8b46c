package gateway

import (
	"errors"
	"unicode/utf8"

	"github.com/stompgw/stompgw/sockjs"
	"github.com/stompgw/stompgw/websocket"
	"github.com/stompgw/stompgw/wire"
)

// framed is SockJS's framing of a client whose WebSocket carries it: to the
// client a STOMP frame is an array of one message, from it come arrays of any
// number.
type framed struct {
	// Owned by the reader.
	most int    // bytes of a WebSocket message of the client
	in   []byte // a message in part

	// Owned by the writer.
	cut  [utf8.UTFMax]byte // the begin of a character at the end of a fragment
	nCut int
}

// take gathers a WebSocket message, of which p is a part, the last one if final, and
// delivers the messages in it.
func (f *framed) take(p []byte, final bool, out *wire.Batch, deliver func([]byte, *wire.Batch) error) error {
	if len(f.in)+len(p) > f.most {
		const message = "the message is larger than this server takes"
		return &endingError{endBy(TooBig, message, nil).withError(errorFrame{code: codeMessageTooBig, message: message})}
	}
	text := p
	if !final || len(f.in) > 0 {
		f.in = append(f.in, p...)
		text = f.in
	}
	if !final {
		return nil
	}
	f.in = nil // the batch may refer to it
	if len(text) == 0 {
		return nil
	}
	messages, err := sockjs.Decode(text)
	if err != nil {
		return &endingError{endBy(ProtocolError, err.Error(), err).withError(errorFrame{code: codeBadSockJS,
			message: "the message is not a JSON array of strings"})}
	}
	return deliver(messages, out)
}

// escapedSize is the least room for p in a batch, which is enough where hardly
// anything in p needs an escape.
func escapedSize(p []byte) int {
	return websocket.MaxHeader + len(sockjs.MessageBegin) + len(sockjs.MessageEnd) + len(p) + len(p)/8 + 64
}

func (f *framed) fits(out *wire.Batch, p []byte) bool { return out.Room() >= escapedSize(p) }

// gather adds a message, or a fragment of one.
func (f *framed) gather(out *wire.Batch, op websocket.Opcode, last bool, p []byte) {
	out.Extend(f.append(out.Tail(), op, last, p))
}

// append appends the WebSocket frame. The length stands before what it counts,
// so a header of the size that is likely is left room for.
func (f *framed) append(dst []byte, op websocket.Opcode, last bool, p []byte) []byte {
	start := len(dst)
	head := len(websocket.AppendHeader(nil, op, last, escapedSize(p)))
	dst = append(dst, make([]byte, head)...)
	if op != websocket.Continuation {
		dst = append(dst, sockjs.MessageBegin...)
	}
	dst = f.appendEscaped(dst, p)
	if last {
		dst = append(dst, sockjs.MessageEnd...)
	}
	n := len(dst) - start - head
	header := websocket.AppendHeader(nil, op, last, n)
	switch d := len(header) - head; {
	case d > 0:
		dst = append(dst, header[:d]...)
		copy(dst[start+len(header):], dst[start+head:start+head+n])
	case d < 0:
		copy(dst[start+len(header):], dst[start+head:])
		dst = dst[:len(dst)+d]
	}
	copy(dst[start:], header)
	return dst
}

// appendEscaped escapes a part of a message, whose last character may go on in
// the next.
func (f *framed) appendEscaped(dst, p []byte) []byte {
	for f.nCut > 0 && len(p) > 0 {
		f.cut[f.nCut] = p[0]
		f.nCut++
		p = p[1:]
		if utf8.FullRune(f.cut[:f.nCut]) {
			dst = sockjs.AppendEscaped(dst, f.cut[:f.nCut])
			f.nCut = 0
		}
	}
	end := len(p)
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if tail := p[len(p)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				f.nCut = copy(f.cut[:], tail)
				end -= i
			}
			break
		}
	}
	return sockjs.AppendEscaped(dst, p[:end])
}

// appendFramed appends a STOMP frame in a message of its own.
func appendFramed(dst, frame []byte) []byte {
	return (&framed{}).append(dst, websocket.Text, true, frame)
}

// appendText appends a SockJS frame in a message of its own.
func appendText(dst, frame []byte) []byte {
	return append(websocket.AppendHeader(dst, websocket.Text, true, len(frame)), frame...)
}

// appendFramedLast appends the last words and SockJS's close frame.
func appendFramedLast(dst []byte, e ending) []byte {
	if last := lastText(e); last != nil {
		dst = appendFramed(dst, last)
	}
	if errors.As(e.cause, &clientClose{}) {
		return dst // the client has closed
	}
	return appendText(dst, sockjs.AppendClose(nil, e.code, e.text))
}

// framedLineFeed is how clients write a heart-beat.
const framedLineFeed = `["\n"]`

// Frames that are always the same. SockJS's own heart-beat comes with each ping.
var (
	framedOpen = appendText(nil, []byte(sockjs.OpenFrame))
	framedBeat = appendFramed(nil, []byte{'\n'})
	framedPing = websocket.AppendPing(appendText(nil, []byte(sockjs.HeartBeatFrame)))
)
