package demo

import (
	"fmt"
	"strings"
	"testing"
)

func TestBodies(t *testing.T) {
	bodies := map[string]struct {
		body    string
		counted bool
	}{
		"empty":             {"", false},
		"empty, counted":    {"", true},
		"text":              {"häh? ☃", false},
		"line ends":         {"\n\r\n\n", false},
		"NULs":              {"\x00a\x00\x00b\x00", true},
		"not UTF-8":         {"\xff\xfe\x80", false},
		"like a frame":      {"\x00SEND\ndestination:/queue/q\n\nx\x00", true},
		"larger than reads": {strings.Repeat("0123456789", 20_000), false},
	}
	for name, tc := range bodies {
		for _, version := range allVersions {
			t.Run(name+"/"+version, func(t *testing.T) {
				c := connect(t, start(t, Options{}).addr, version)
				c.tell("SUBSCRIBE\nid:x\ndestination:/topic/t\n\n\x00")
				length := ""
				if tc.counted {
					length = fmt.Sprintf("content-length:%d\n", len(tc.body))
				}
				c.tell("SEND\ndestination:/topic/t\n" + length + "\n" + tc.body + "\x00")
				g := c.want(fmt.Sprintf("MESSAGE; content-length:%d", len(tc.body)))
				if g.body != tc.body {
					t.Errorf("body: got %.40q, want %.40q", g.body, tc.body)
				}
			})
		}
	}
}

// Frames mean the same however their bytes arrive.
func TestDrip(t *testing.T) {
	for _, version := range allVersions {
		c := connect(t, start(t, Options{}).addr, version)
		for _, b := range []byte("SUBSCRIBE\nid:x\ndestination:/topic/t\n\n\x00\nSEND\ndestination:/topic/t\ncontent-length:3\n\na\x00b\x00") {
			c.tell(string(b))
		}
		c.want("MESSAGE; destination:/topic/t; subscription:x | a\x00b")
	}
}

// A header means the same to whoever reads it, in whatever version.
func TestEscapes(t *testing.T) {
	tests := []struct{ from, sent, to, want string }{
		{"1.2", `k:a\cb\\c\nd\re`, "1.2", `k:a\cb\\c\nd\re`},
		{"1.2", `k:a\cb\\c\nd`, "1.1", `k:a\cb\\c\nd`},
		{"1.2", `k:a\cb\\c`, "1.0", `k:a:b\c`},
		{"1.2", `k:12:30`, "1.2", `k:12\c30`},
		{"1.1", `k:a\cb\\c\nd`, "1.2", `k:a\cb\\c\nd`},
		{"1.1", `k:a\cb\\c\nd`, "1.1", `k:a\cb\\c\nd`},
		{"1.1", `k:a\cb\\c`, "1.0", `k:a:b\c`},
		{"1.0", `k:a:b`, "1.2", `k:a\cb`},
		{"1.0", `k:a:b`, "1.1", `k:a\cb`},
		{"1.0", `k:a:b`, "1.0", `k:a:b`},
		{"1.2", `a\cb:c`, "1.1", `a\cb:c`},
		{"1.2", `k:ü☃`, "1.0", `k:ü☃`},
		// What a version has no way to say is left out.
		{"1.2", `k:a\nb`, "1.0", `-k`},
		{"1.2", `k:a\rb`, "1.0", `-k`},
		{"1.2", `k:a\rb`, "1.1", `-k`},
		{"1.2", `a\cb:c`, "1.0", `-a`},
		{"1.1", `k:a\nb`, "1.0", `-k`},
	}
	for _, tc := range tests {
		t.Run(tc.from+" "+tc.sent+" "+tc.to, func(t *testing.T) {
			r := start(t, Options{})
			reader, writer := connect(t, r.addr, tc.to), connect(t, r.addr, tc.from)
			writer.tell("SEND\ndestination:/queue/q\n" + tc.sent + "\nlast:1\n\n\x00")
			reader.tell("SUBSCRIBE\nid:x\ndestination:/queue/q\n\n\x00")
			// The escaped name holds no colon, so the line can be cut at the first.
			reader.want("MESSAGE; last:1; " + tc.want)
		})
	}
}

// A message that is delivered again is the same message, and another delivery.
func TestRedeliveryKeepsMessageID(t *testing.T) {
	c := connect(t, start(t, Options{}).addr, "1.2")
	c.tell("SUBSCRIBE\nid:x\ndestination:/queue/q\nack:client\n\n\x00SEND\ndestination:/queue/q\n\n\x00")
	first := c.want("MESSAGE; -redelivered")
	c.tell("NACK\nid:" + first.headers["ack"] + "\n\n\x00")
	second := c.want("MESSAGE; redelivered:true; message-id:" + first.headers["message-id"])
	if first.headers["ack"] == second.headers["ack"] {
		t.Errorf("ack %s stands for two deliveries", first.headers["ack"])
	}
}

// Two subscriptions of one session to one topic get each their own.
func TestMessageIDsAreUnique(t *testing.T) {
	for _, version := range allVersions {
		play(t, start(t, Options{}).addr, version, `
			a > SUBSCRIBE; id:x; destination:/topic/t; ack:client
			a > SUBSCRIBE; id:y; destination:/topic/t; ack:client
			a > SEND; destination:/topic/t
			a < MESSAGE; subscription:x; as:1
			a < MESSAGE; subscription:y; as:2
			a > ACK; of:2
			a > ACK; of:1
			a sync`)
	}
}
