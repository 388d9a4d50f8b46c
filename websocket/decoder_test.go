package websocket

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func message(payload string) event { return event{Data, payload, true} }

func TestDecoderTakes(t *testing.T) {
	long := strings.Repeat("x", 125)
	tests := []struct {
		name string
		in   []byte
		want []event
	}{
		{"text", clientFrame(text, "hello"), []event{message("hello")}},
		{"binary", clientFrame(binry, "\x00\xff\xfe"), []event{message("\x00\xff\xfe")}},
		{"empty text", clientFrame(text, ""), []event{message("")}},
		{"ping", clientFrame(ping, "are you there"), []event{{Ping, "are you there", false}}},
		{"empty ping", clientFrame(ping, ""), []event{{Ping, "", false}}},
		{"longest ping", clientFrame(ping, long), []event{{Ping, long, false}}},
		{"pong", clientFrame(pong, "yes"), []event{{Pong, "yes", false}}},
		{"close", clientFrame(closes, "\x03\xe8bye"), []event{{Close, "\x03\xe8bye", false}}},
		{"empty close", clientFrame(closes, ""), []event{{Close, "", false}}},
		{"zero mask", maskedFrame(text, "plain", [4]byte{}), []event{message("plain")}},
		{"two messages", join(clientFrame(text, "a"), clientFrame(binry, "b")), []event{message("a"), message("b")}},
		{"fragments", join(clientFrame(0x01, "a"), clientFrame(more, "b"), clientFrame(last, "c")), []event{message("abc")}},
		{"empty fragments", join(clientFrame(0x02, ""), clientFrame(more, ""), clientFrame(last, "")), []event{message("")}},
		{"each fragment its own mask", join(maskedFrame(0x01, "abcde", [4]byte{1, 2, 3, 4}), maskedFrame(last, "fghij", [4]byte{9, 8, 7, 6})),
			[]event{message("abcdefghij")}},
		{"control frames between fragments", join(clientFrame(0x01, "a"), clientFrame(ping, "p"), clientFrame(more, "b"), clientFrame(pong, "q"), clientFrame(last, "c")),
			[]event{{Data, "a", false}, {Ping, "p", false}, {Data, "b", false}, {Pong, "q", false}, message("c")}},
		{"close inside a message", join(clientFrame(0x01, "a"), clientFrame(closes, "")), []event{{Data, "a", false}, {Close, "", false}}},
		{"a character over fragments", join(clientFrame(0x01, "\xf0\x9f"), clientFrame(ping, "\xff"), clientFrame(more, "\x98"), clientFrame(last, "\x80")),
			[]event{{Data, "\xf0\x9f", false}, {Ping, "\xff", false}, message("\x98\x80")}},
		{"binary need not be UTF-8, in fragments too", join(clientFrame(0x02, "\xc3"), clientFrame(last, "\x28")), []event{message("\xc3\x28")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for split := range len(tt.in) + 1 {
				var d Decoder
				got, err := decode(t, &d, tt.in[:split], tt.in[split:])
				if err != nil || !slices.Equal(got, tt.want) {
					t.Fatalf("split at %d: got %v, %v, want %v", split, got, err, tt.want)
				}
			}
			var d Decoder
			got, err := decode(t, &d, slices.Collect(slices.Chunk(tt.in, 1))...)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Fatalf("byte by byte: got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestDecoderLengths(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 5, 125, 126, 127, 65535, 65536, 65537, 200_000} {
		payload := strings.Repeat("0123456789abcdef~", n/17+1)[:n]
		in := join(clientFrame(binry, payload), clientFrame(text, "next"))
		want := []event{message(payload), message("next")}
		header := len(in) - n - len(clientFrame(text, "next"))
		splits := []int{0, 1, 2, 3, header - 1, header, header + 1, header + n/2, header + n - 1, header + n, len(in) - 1}
		for _, split := range splits {
			split = max(min(split, len(in)), 0)
			var d Decoder
			got, err := decode(t, &d, in[:split], in[split:])
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%d bytes split at %d: got %d events, %v", n, split, len(got), err)
			}
		}
	}
}

// The masking key goes round over the pieces in which a payload comes, whatever
// their lengths.
func TestDecoderMaskOverPieces(t *testing.T) {
	payload := strings.Repeat("The quick brown fox. ", 40)
	in := clientFrame(text, payload)
	for size := 1; size < 70; size++ {
		var d Decoder
		got, err := decode(t, &d, slices.Collect(slices.Chunk(in, size))...)
		if err != nil || !slices.Equal(got, []event{message(payload)}) {
			t.Errorf("in pieces of %d: got %.100q, %v", size, got, err)
		}
	}
}

func TestDecoderRefuses(t *testing.T) {
	unmasked := []byte{text, 2, 'h', 'i'}
	tests := []struct {
		name string
		in   []byte
		want error
	}{
		{"unmasked", unmasked, ErrProtocol},
		{"unmasked ping", []byte{ping, 0}, ErrProtocol},
		{"unmasked inside a message", join(clientFrame(0x01, "a"), []byte{last, 1, 'b'}), ErrProtocol},
		{"RSV1", clientFrame(text|0x40, "a"), ErrProtocol},
		{"RSV2", clientFrame(text|0x20, "a"), ErrProtocol},
		{"RSV3", clientFrame(binry|0x10, "a"), ErrProtocol},
		{"RSV1 on a ping", clientFrame(ping|0x40, ""), ErrProtocol},
		{"opcode 3", clientFrame(0x83, "a"), ErrProtocol},
		{"opcode 7", clientFrame(0x87, "a"), ErrProtocol},
		{"opcode 11", clientFrame(0x8b, ""), ErrProtocol},
		{"opcode 15", clientFrame(0x8f, ""), ErrProtocol},
		{"fragmented ping", clientFrame(0x09, "a"), ErrProtocol},
		{"fragmented close", clientFrame(0x08, ""), ErrProtocol},
		{"ping of 126", clientFrame(ping, strings.Repeat("x", 126)), ErrProtocol},
		{"close of 65536", clientFrame(closes, strings.Repeat("x", 65536)), ErrProtocol},
		{"continuation of nothing", clientFrame(last, "a"), ErrProtocol},
		{"continuation after the end", join(clientFrame(text, "a"), clientFrame(last, "b")), ErrProtocol},
		{"message inside a message", join(clientFrame(0x01, "a"), clientFrame(text, "b")), ErrProtocol},
		{"fragmented message inside a message", join(clientFrame(0x02, "a"), clientFrame(0x02, "b")), ErrProtocol},
		{"125 in two bytes", []byte{text, 0x80 | 126, 0, 125, 1, 2, 3, 4}, ErrProtocol},
		{"65535 in eight bytes", []byte{text, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}, ErrProtocol},
		{"the highest bit of the length", []byte{text, 0x80 | 127, 0x80, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4}, ErrProtocol},
		{"text not UTF-8", clientFrame(text, "a\xffb"), ErrUTF8},
		{"text cut inside a character", clientFrame(text, "a\xe2\x82"), ErrUTF8},
		{"overlong", clientFrame(text, "\xc0\xaf"), ErrUTF8},
		{"surrogate", clientFrame(text, "\xed\xa0\x80"), ErrUTF8},
		{"beyond the last character", clientFrame(text, "\xf4\x90\x80\x80"), ErrUTF8},
		{"bad across fragments", join(clientFrame(0x01, "\xe2"), clientFrame(last, "a")), ErrUTF8},
		{"cut in the last fragment", join(clientFrame(0x01, "a\xe2"), clientFrame(last, "\x82")), ErrUTF8},
		{"cut, and the last fragment is empty", join(clientFrame(0x01, "\xe2\x82"), clientFrame(last, "")), ErrUTF8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var whole Decoder
			if got, err := decode(t, &whole, tt.in); !errors.Is(err, tt.want) {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
			var bytewise Decoder
			if got, err := decode(t, &bytewise, slices.Collect(slices.Chunk(tt.in, 1))...); !errors.Is(err, tt.want) {
				t.Errorf("byte by byte: got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// A text that cannot become UTF-8 is refused before the rest of it has come.
func TestDecoderRefusesTextEarly(t *testing.T) {
	in := clientFrame(text, "\xff"+strings.Repeat("x", 1000))
	var d Decoder
	if _, err := decode(t, &d, in[:20]); !errors.Is(err, ErrUTF8) {
		t.Errorf("got %v after the first bytes, want ErrUTF8", err)
	}
}

// A length that nobody could send takes no memory.
func TestDecoderHugeFrame(t *testing.T) {
	in := []byte{binry, 0x80 | 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}
	var d Decoder
	got, err := decode(t, &d, in, []byte("abc"), []byte("def"))
	if want := []event{{Data, "abcdef", false}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestDecoderBetween(t *testing.T) {
	in := join(clientFrame(0x01, "ab"), clientFrame(ping, "p"), clientFrame(last, ""))
	var d Decoder
	if !d.Between() {
		t.Error("a fresh decoder is not between messages")
	}
	for i, c := range in {
		if _, err := decode(t, &d, []byte{c}); err != nil {
			t.Fatal(err)
		}
		if want := i == len(in)-1; d.Between() != want {
			t.Errorf("after byte %d of %d: got between %t, want %t", i+1, len(in), d.Between(), want)
		}
	}
}
