package sockjs

import (
	"strconv"
	"unicode/utf8"
)

// Frames to a client that are always the same.
const (
	OpenFrame      = "o"
	HeartBeatFrame = "h"
)

// The begin and the end of a frame of one message. The message between them is
// AppendEscaped's; in a frame of several there is Separator between them.
const (
	MessageBegin = `a["`
	Separator    = `","`
	MessageEnd   = `"]`
)

// AppendClose appends the frame that ends a session.
func AppendClose(dst []byte, code int, reason string) []byte {
	dst = append(dst, "c["...)
	dst = strconv.AppendInt(dst, int64(code), 10)
	dst = append(dst, `,"`...)
	dst = AppendEscaped(dst, []byte(reason))
	return append(dst, MessageEnd...)
}

const hex = "0123456789abcdef"

// AppendEscaped appends p as the inside of a JSON string. Beside what JSON asks
// for, it escapes the code points that browsers used to break on. p must be
// UTF-8; a message may be cut anywhere between two characters.
func AppendEscaped(dst, p []byte) []byte {
	done := 0
	for i := 0; i < len(p); {
		c := p[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, p[done:i]...)
			dst = appendControl(dst, c)
			i++
			done = i
			continue
		}
		// What is escaped begins with E2 80, E2 81 or EF BF.
		if c != 0xe2 && c != 0xef {
			i++
			continue
		}
		r, size := utf8.DecodeRune(p[i:])
		if !mustEscape(r) || size == 1 {
			i += size
			continue
		}
		dst = append(dst, p[done:i]...)
		dst = append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		i += size
		done = i
	}
	return append(dst, p[done:]...)
}

// mustEscape names the code points above ASCII that the protocol escapes. Lone
// surrogates are among them too, but UTF-8 has none.
func mustEscape(r rune) bool {
	return r >= 0x200c && r <= 0x200f || r >= 0x2028 && r <= 0x202f || r >= 0x2060 && r <= 0x206f || r >= 0xfff0 && r <= 0xffff
}

func appendControl(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendQuoted appends what AppendEscaped and its like gave as the inside of a
// JavaScript string inside HTML.
func appendQuoted(dst, p []byte) []byte {
	for _, c := range p {
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '<':
			dst = append(dst, `\u003c`...) // no </script> may end the script
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
