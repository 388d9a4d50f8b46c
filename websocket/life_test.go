package websocket

import "testing"

func TestSignOfLife(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want bool
	}{
		{"a beat", clientFrame(text, "\n"), true},
		{"a binary beat", clientFrame(binry, "\n"), true},
		{"an empty pong", clientFrame(pong, ""), true},
		{"the longest pong", clientFrame(pong, string(make([]byte, 125))), true},
		{"another octet", clientFrame(text, "\r"), false},
		{"an empty message", clientFrame(text, ""), false},
		{"two line feeds", clientFrame(text, "\n\n"), false},
		{"a ping", clientFrame(ping, ""), false},
		{"a close", clientFrame(closes, ""), false},
		{"the begin of a message", clientFrame(0x01, "\n"), false},
		{"the end of a message", clientFrame(last, "\n"), false},
		{"a reserved bit", clientFrame(text|0x40, "\n"), false},
		{"a beat and more", join(clientFrame(text, "\n"), []byte{0x81}), false},
		{"two beats", join(clientFrame(text, "\n"), clientFrame(text, "\n")), false},
		{"a beat in part", clientFrame(text, "\n")[:6], false},
		{"a header in part", clientFrame(text, "\n")[:1], false},
		{"not masked", []byte{0x81, 1, '\n'}, false},
		{"a pong that is not masked", []byte{0x8a, 4, 1, 2, 3, 4}, false},
		{"nothing", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := string(tt.in)
			if got := SignOfLife(tt.in, "\n"); got != tt.want || string(tt.in) != before {
				t.Errorf("got %t, and %q of %q", got, tt.in, before)
			}
		})
	}
	if !SignOfLife(clientFrame(text, `["\n"]`), `["\n"]`) || SignOfLife(clientFrame(text, `["\t"]`), `["\n"]`) {
		t.Error("a longer beat is not told from what it is not")
	}
}
