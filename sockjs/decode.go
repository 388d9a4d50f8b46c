package sockjs

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Errors of Decode. The protocol has their texts, which are the answers.
var (
	//lint:ignore ST1005 the protocol's words
	ErrNoPayload = errors.New("Payload expected.")
	//lint:ignore ST1005 the protocol's words
	ErrBadJSON = errors.New("Broken JSON encoding.")
)

// Decode reads the messages that a client sends at a time: a JSON array of
// strings. It gives them one behind the other, in the memory of p, which it
// overwrites. Text that UTF-8 cannot hold is refused like any broken JSON.
func Decode(p []byte) ([]byte, error) {
	d := decoder{in: p, out: p[:0]}
	d.space()
	if d.at == len(d.in) {
		return nil, ErrNoPayload
	}
	if !d.take('[') {
		return nil, notAnArray(p)
	}
	d.space()
	if !d.take(']') {
		for {
			if !d.str() {
				return nil, ErrBadJSON
			}
			d.space()
			if d.take(']') {
				break
			}
			if !d.take(',') {
				return nil, ErrBadJSON
			}
			d.space()
		}
	}
	d.space()
	if d.at != len(d.in) {
		return nil, ErrBadJSON
	}
	return d.out, nil
}

// decoder goes through JSON in place: what it writes is never longer than what
// it has read.
type decoder struct {
	in  []byte
	at  int
	out []byte
}

func (d *decoder) space() {
	for d.at < len(d.in) && (d.in[d.at] == ' ' || d.in[d.at] == '\n' || d.in[d.at] == '\r' || d.in[d.at] == '\t') {
		d.at++
	}
}

func (d *decoder) take(c byte) bool {
	if d.at < len(d.in) && d.in[d.at] == c {
		d.at++
		return true
	}
	return false
}

// str reads one string.
func (d *decoder) str() bool {
	if !d.take('"') {
		return false
	}
	for begin := d.at; d.at < len(d.in); {
		switch c := d.in[d.at]; {
		case c == '"' || c == '\\':
			if !utf8.Valid(d.in[begin:d.at]) {
				return false
			}
			d.out = append(d.out, d.in[begin:d.at]...)
			d.at++
			if c == '"' {
				return true
			}
			if !d.escape() {
				return false
			}
			begin = d.at
		case c < ' ':
			return false
		default:
			d.at++
		}
	}
	return false
}

// escape reads what follows a backslash.
func (d *decoder) escape() bool {
	if d.at == len(d.in) {
		return false
	}
	c := d.in[d.at]
	d.at++
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return d.codePoint()
	default:
		return false
	}
	d.out = append(d.out, c)
	return true
}

// codePoint reads four digits, and the other half of a pair.
func (d *decoder) codePoint() bool {
	r, ok := d.digits()
	if !ok || r >= 0xdc00 && r < 0xe000 {
		return false
	}
	if r >= 0xd800 && r < 0xdc00 {
		if !d.take('\\') || !d.take('u') {
			return false
		}
		low, ok := d.digits()
		if !ok || low < 0xdc00 || low >= 0xe000 {
			return false
		}
		r = 0x10000 + (r-0xd800)<<10 + low - 0xdc00
	}
	d.out = utf8.AppendRune(d.out, r)
	return true
}

func (d *decoder) digits() (rune, bool) {
	if len(d.in)-d.at < 4 {
		return 0, false
	}
	var r rune
	for _, c := range d.in[d.at : d.at+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	d.at += 4
	return r, true
}

// notAnArray tells JSON that is no array from what is no JSON.
func notAnArray(p []byte) error {
	if json.Valid(p) {
		return ErrNoPayload
	}
	return ErrBadJSON
}
