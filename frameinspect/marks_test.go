package frameinspect

import (
	"math/rand/v2"
	"testing"
)

// marksOf says of each octet what it is, one by one.
func marksOf(p *[block]byte) (m marks) {
	for i, c := range p {
		switch bit := uint64(1) << i; {
		case c == '\n':
			m.lines |= bit
		case c == ':':
			m.colons |= bit
		case c < ' ' || c >= 0x80 || c == '\\':
			m.others |= bit
		}
	}
	return m
}

func TestMarks(t *testing.T) {
	check := func(p *[block]byte) {
		t.Helper()
		want := marksOf(p)
		if got := markBlock(p); got != want {
			t.Fatalf("%q: got %+x, want %+x", p, got, want)
		}
		if got := markWords(p); got != want {
			t.Fatalf("%q in words: got %+x, want %+x", p, got, want)
		}
		if got := lineBlock(p); got != want.lines {
			t.Fatalf("%q: got lines %x, want %x", p, got, want.lines)
		}
		if got := lineWords(p); got != want.lines {
			t.Fatalf("%q in words: got lines %x, want %x", p, got, want.lines)
		}
	}
	for i := range block {
		for c := range 256 {
			for _, around := range []byte("x\n:\\\x80\x00") {
				var p [block]byte
				for j := range p {
					p[j] = around
				}
				p[i] = byte(c)
				check(&p)
			}
		}
	}
	for range 1000 {
		var p [block]byte
		for i := range p {
			p[i] = byte(rand.Uint32() >> (rand.Uint32() % 8))
		}
		check(&p)
	}
}
