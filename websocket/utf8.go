package websocket

import (
	"encoding/binary"
	"unicode/utf8"
)

// ValidText tells whether p is UTF-8, sooner than utf8.Valid where it is ASCII.
func ValidText(p []byte) bool {
	n, i := len(p), 0
	for i <= n-asciiStep && isASCII((*[asciiStep]byte)(p[i:i+asciiStep])) {
		i += asciiStep
	}
	if i > n-asciiStep && i > 0 && isASCII((*[asciiStep]byte)(p[n-asciiStep:])) {
		return true // the last step overlaps the one before
	}
	return utf8.Valid(p[i:])
}

const asciiStep = 32

func isASCII(p *[asciiStep]byte) bool {
	a, b := binary.LittleEndian.Uint64(p[:]), binary.LittleEndian.Uint64(p[8:])
	c, d := binary.LittleEndian.Uint64(p[16:]), binary.LittleEndian.Uint64(p[24:])
	return (a|b|c|d)&0x8080808080808080 == 0
}

// TextCheck judges a text that comes in parts. It keeps at most the begin of one
// character.
type TextCheck struct {
	part [utf8.UTFMax]byte
	n    uint8
}

// Write takes the next part and tells whether the text can still be UTF-8.
func (u *TextCheck) Write(p []byte) bool {
	if n := len(p); u.n == 0 && n > 0 && p[n-1] < utf8.RuneSelf {
		return ValidText(p) // it ends with a whole character
	}
	for u.n > 0 && len(p) > 0 {
		u.part[u.n] = p[0]
		u.n++
		p = p[1:]
		if part := u.part[:u.n]; utf8.FullRune(part) {
			if r, size := utf8.DecodeRune(part); r == utf8.RuneError && size <= 1 {
				return false
			}
			u.n = 0
		}
	}
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		tail := p[len(p)-i:]
		if !utf8.RuneStart(tail[0]) {
			continue
		}
		if !utf8.FullRune(tail) {
			u.n = uint8(copy(u.part[:], tail))
			p = p[:len(p)-i]
		}
		break
	}
	return ValidText(p)
}

// Complete tells whether the text does not end inside a character.
func (u *TextCheck) Complete() bool { return u.n == 0 }
