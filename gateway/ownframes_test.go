package gateway

import (
	"strings"
	"testing"

	"github.com/stompgw/stompgw/auth"
)

// wantFrameAs reads the next message, which must begin so and come with the opcode.
func (b *browser) wantFrameAs(op byte, begin string) {
	b.t.Helper()
	m, err := b.next()
	if err != nil || m.op != op || !strings.HasPrefix(m.payload, begin) {
		b.t.Errorf("got opcode %d with %q, %v, want %d with %q", m.op, m.payload, err, op, begin)
	}
}

// What the gateway says itself goes out as what it passes on does: CONNECTED, an
// ERROR and a RECEIPT in a session that lives on, the last ERROR.
func TestOwnFramesHaveTheMessageType(t *testing.T) {
	const textOp, binaryOp = 1, 2
	for name, tc := range map[string]struct {
		messages MessageType
		op       byte
	}{
		"auto": {AutoMessages, textOp}, "text": {TextMessages, textOp}, "binary": {BinaryMessages, binaryOp},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, func(o *Options) {
				newPolicy(t, "on_denied: keep"+ownQueues).options(o)
				o.Auth = &fakeAuth{renew: func(*auth.Identity, string) (*auth.Identity, error) { return alice(), nil }}
				o.RenewDestination = "/renew"
				o.MessageType = tc.messages
			})
			b := g.open()
			b.text("CONNECT\naccept-version:1.2\n\n\x00")
			p := g.accept()
			p.frame()
			p.write("CONNECTED\nversion:1.2\n\n\x00")
			b.wantFrameAs(tc.op, "CONNECTED\n")
			b.text("SEND\ndestination:/queue/other\nreceipt:1\n\n\x00")
			b.wantFrameAs(tc.op, "ERROR\ncode:denied\n")
			b.text("SEND\ndestination:/renew\nreceipt:2\n\ntoken\x00")
			b.wantFrameAs(tc.op, "RECEIPT\nreceipt-id:2\n")
			b.text("CONNECT\naccept-version:1.2\n\n\x00")
			b.wantFrameAs(tc.op, "ERROR\ncode:second_connect\n")
			b.wantClose(1002)
		})
	}
}

// A client that was promised text gets no last words that are none, for which a
// browser would end the connection without a reason.
func TestLastWordsThatAreNotText(t *testing.T) {
	const textOp, binaryOp = 1, 2
	for name, tc := range map[string]struct {
		messages MessageType
		op       byte
		want     string
	}{
		"auto":   {AutoMessages, binaryOp, "ERROR\nmessage:\xff\n\n\x00"},
		"text":   {TextMessages, textOp, "ERROR\ncode:bad_utf8\n"},
		"binary": {BinaryMessages, binaryOp, "ERROR\nmessage:\xff\n\n\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, func(o *Options) { o.MessageType = tc.messages })
			b := g.open()
			b.text("CONNECT\naccept-version:1.2\n\n\x00")
			p := g.accept()
			p.frame()
			p.write("ERROR\nmessage:\xff\n\n\x00")
			b.wantFrameAs(tc.op, tc.want)
			b.wantClose(1002)
		})
	}
}

// What stands for a receipt and is not UTF-8 is none, and spoils no ERROR.
func TestReceiptThatIsNotText(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.MessageType = TextMessages })
	b, _ := g.connect("", "")
	b.binary("SEND\nreceipt:\xff\n\n\x00")
	b.wantFrameAs(1, "ERROR\ncode:head_not_utf8\nmessage:the head is not UTF-8\ncontent-type:")
	b.wantClose(1002)
}
