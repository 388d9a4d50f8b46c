package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// unmask turns client frames into what a server would send, so that the
// decoder can be fed what appendMasked wrote.
func unmask(op byte, payload []byte) []byte {
	b := appendMasked(nil, op, payload)
	head := len(b) - len(payload) - 4
	b[1] &= 0x7f
	return append(b[:head:head], payload...)
}

func TestDecoderSplitAnywhere(t *testing.T) {
	var wire, want, pings []byte
	for _, n := range []int{0, 1, 125, 126, 200, 1 << 16, 70000} {
		p := []byte(strings.Repeat("x", n))
		wire = append(wire, unmask(opText, p)...)
		wire = append(wire, unmask(opPing, []byte("hi"))...)
		want = append(want, p...)
		pings = append(pings, "hi"...)
	}
	for _, step := range []int{1, 2, 3, 7, 100, 4096, len(wire)} {
		var d wsDecoder
		var got, pinged []byte
		for rest := wire; len(rest) > 0; {
			n := min(step, len(rest))
			err := d.feed(rest[:n], func(p []byte) { got = append(got, p...) }, func(p []byte) { pinged = append(pinged, p...) })
			if err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			rest = rest[n:]
		}
		if !bytes.Equal(got, want) || !bytes.Equal(pinged, pings) {
			t.Errorf("step %d: got %d bytes of data and pings %q, want %d and %q", step, len(got), pinged, len(want), pings)
		}
	}
}

func TestDecoderReportsClose(t *testing.T) {
	var d wsDecoder
	err := d.feed(unmask(opClose, []byte{0x03, 0xf1}), nil, nil)
	if want := (errClosed{1009}); !errors.As(err, &want) || want.code != 1009 {
		t.Errorf("got %v, want close code 1009", err)
	}
}

func TestMaskedFrameIsMasked(t *testing.T) {
	payload := []byte("SEND\n\n\x00")
	b := appendMasked(nil, opText, payload)
	if b[0] != 0x81 || b[1] != 0x80|byte(len(payload)) {
		t.Fatalf("got head % x", b[:2])
	}
	for i := range payload {
		if got := b[6+i] ^ b[2+i&3]; got != payload[i] {
			t.Fatalf("byte %d: got %q, want %q", i, got, payload[i])
		}
	}
}
