package gateway

import (
	"strings"
	"testing"
)

func TestOneFrameIsOneMessage(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("", "")
	// RabbitMQ writes a line feed after each NUL.
	p.write("MESSAGE\na:1\n\none\x00\nMESSAGE\ncontent-length:3\n\n\x00\x01\x02\x00\nMESSAGE\n\nthr")
	b.wantMessage("MESSAGE\na:1\n\none")
	b.wantMessage("MESSAGE\ncontent-length:3\n\n\x00\x01\x02")
	p.write("ee\x00")
	b.wantMessage("MESSAGE\n\nthree")
}

func TestMessageTypes(t *testing.T) {
	text, bin := "MESSAGE\ncontent-length:3\n\n☃\x00", "MESSAGE\ncontent-length:1\n\n\xff\x00"
	bigText := "MESSAGE\ncontent-length:300000\n\n" + repeat("☃", 100_000) + "\x00"
	bigControl := "MESSAGE\n\n" + repeat("\x01", 300_000) + "\x00"
	bigBin := "MESSAGE\n\n" + repeat("\xff", 300_000) + "\x00"
	late := "MESSAGE\n\n" + repeat("x", 300_000) + "\xff\x00"
	const textOp, binaryOp, closed = 1, 2, 8
	tests := map[string]struct {
		messages MessageType
		frame    string
		op       byte
	}{
		"auto, text":                {AutoMessages, text, textOp},
		"auto, not UTF-8":           {AutoMessages, bin, binaryOp},
		"auto, big":                 {AutoMessages, bigText, textOp},
		"auto, big, control octets": {AutoMessages, bigControl, binaryOp},
		"auto, big, not UTF-8":      {AutoMessages, bigBin, binaryOp},
		"auto, big, not to the end": {AutoMessages, late, closed},
		"text":                      {TextMessages, text, textOp},
		"text, big":                 {TextMessages, bigText, textOp},
		"text, not UTF-8":           {TextMessages, bin, closed},
		"text, big, not UTF-8":      {TextMessages, bigBin, closed},
		"binary":                    {BinaryMessages, text, binaryOp},
		"binary, big":               {BinaryMessages, bigText, binaryOp},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, func(o *Options) { o.MessageType = tc.messages })
			b, p := g.connect("", "")
			go p.Write([]byte(tc.frame))
			if tc.op == closed {
				for {
					m, err := b.next()
					if err != nil {
						t.Fatal(err)
					}
					if m.op == closed || strings.HasPrefix(m.payload, "\x03\xef") {
						break
					}
				}
				g.ended(BadUTF8, 1)
				return
			}
			m, err := b.next()
			if err != nil {
				t.Fatal(err)
			}
			if m.op != tc.op || m.payload != tc.frame {
				t.Errorf("got opcode %d and %d bytes, want %d and %d", m.op, len(m.payload), tc.op, len(tc.frame))
			}
			if big := len(tc.frame) > 100_000; big != (m.frames > 1) {
				t.Errorf("got %d fragments for %d bytes", m.frames, len(tc.frame))
			}
		})
	}
}

// However the broker's bytes are cut, the same messages come out.
func TestBrokersBytesMayBeCutAnywhere(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("", "")
	in := "MESSAGE\na:1\n\none\x00\n\nRECEIPT\nreceipt-id:1\n\n\x00MESSAGE\ncontent-length:3\n\n\x00\n\x00\x00"
	before := int64(len("CONNECTED\nversion:1.2\n\n\x00\n"))
	for cut := 1; cut < len(in); cut++ {
		p.write(in[:cut])
		g.eventually("the first part to be read", func() bool {
			return g.sessions.census().down.bytes.Load() == before+int64(cut)
		})
		before += int64(len(in))
		p.write(in[cut:])
		b.wantMessage("MESSAGE\na:1\n\none")
		b.wantMessage("RECEIPT\nreceipt-id:1\n\n")
		b.wantMessage("MESSAGE\ncontent-length:3\n\n\x00\n\x00")
	}
}
