package websocket

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// For every short text and every split, TextCheck says what utf8.Valid says of
// the whole.
func TestTextCheckAgreesWithUTF8(t *testing.T) {
	units := []string{"a", "\x00", "\x7f", "é", "€", "😀", "\U0010ffff", "\ufffd", "\x80", "\xbf", "\xc0", "\xc2", "\xe0\x80", "\xe2",
		"\xe2\x82", "\xed\xa0", "\xf0", "\xf0\x9f", "\xf0\x9f\x98", "\xf4\x90", "\xf5", "\xff"}
	for _, a := range units {
		for _, b := range units {
			for _, c := range units {
				text := a + b + c
				for i := range len(text) + 1 {
					for j := i; j <= len(text); j++ {
						checkParts(t, text, text[:i], text[i:j], text[j:])
					}
				}
			}
		}
	}
}

func checkParts(t *testing.T, text string, parts ...string) {
	t.Helper()
	var u TextCheck
	good := true
	for _, p := range parts {
		good = good && u.Write([]byte(p))
	}
	if got, want := good && u.Complete(), utf8.ValidString(text); got != want {
		t.Fatalf("%q: got %t, want %t", parts, got, want)
	}
}

func FuzzTextCheck(f *testing.F) {
	f.Add([]byte("h\u00e9llo \u20ac"), uint8(1), uint8(2))
	f.Add([]byte("\xf0\x9f\x98\x80\xf0\x9f"), uint8(3), uint8(4))
	f.Fuzz(func(t *testing.T, text []byte, a, b uint8) {
		i := min(int(a), len(text))
		j := min(i+int(b), len(text))
		checkParts(t, string(text), string(text[:i]), string(text[i:j]), string(text[j:]))
	})
}

// ValidText says what utf8.Valid does, wherever in a text of any length a character
// is whole, cut or none.
func TestValidText(t *testing.T) {
	for n := range 3*asciiStep + 2 {
		for at := range n + 1 {
			for _, unit := range []string{"", "é", "\x80", "\xf0\x9f\x98\x80", "\xe2\x82"} {
				text := append([]byte(strings.Repeat("a", at)+unit), strings.Repeat("b", n-at)...)
				if got, want := ValidText(text), utf8.Valid(text); got != want {
					t.Fatalf("%q: got %t, want %t", text, got, want)
				}
			}
		}
	}
}
