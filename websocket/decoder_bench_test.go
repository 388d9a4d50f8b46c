package websocket

import (
	"strings"
	"testing"
)

const payload150 = "SEND\ndestination:/topic/prices\ncontent-type:text/plain\n\n"

// Decode150B is the WebSocket's part in a frame of 150 bytes. The figure to hold
// it against is in the performance page of the docs.
func BenchmarkDecode150B(b *testing.B) {
	frame := clientFrame(text, payload150+strings.Repeat("x", 150-len(payload150)))
	p := make([]byte, len(frame))
	var d Decoder
	b.SetBytes(150)
	b.ReportAllocs()
	for b.Loop() {
		copy(p, frame)
		_, n, err := d.Whole(p)
		if err != nil || n != len(p) {
			b.Fatal(n, err)
		}
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	frames := join(clientFrame(text, strings.Repeat("y", 150)), clientFrame(ping, "p"), clientFrame(0x02, "a"), clientFrame(last, "b"))
	p := make([]byte, len(frames))
	var d Decoder
	got := testing.AllocsPerRun(100, func() {
		copy(p, frames)
		for q := p; len(q) > 0; {
			_, n, err := d.Next(q)
			if err != nil {
				t.Fatal(err)
			}
			q = q[n:]
		}
	})
	if got != 0 {
		t.Errorf("decoding whole frames takes %v allocations, want none", got)
	}
}
