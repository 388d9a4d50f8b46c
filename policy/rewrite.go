package policy

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"github.com/stompgw/stompgw/frameinspect"
)

// Rewrite is headers that the gateway sets on a frame. Nothing changes one that is
// made, and nil sets none.
type Rewrite struct{ headers []ownHeader }

type ownHeader struct {
	name  string // as it is written
	lower string // in lower case: copies in any case are removed
	value string // "" sets none
}

// With gives a rewrite that sets one header more, unless r sets it already. An
// empty value removes the header.
func (r *Rewrite) With(name, value string) *Rewrite {
	lower := strings.ToLower(name)
	if r == nil {
		r = &Rewrite{}
	}
	if slices.ContainsFunc(r.headers, func(s ownHeader) bool { return s.lower == lower }) {
		return r
	}
	return &Rewrite{append(slices.Clip(r.headers), ownHeader{name, lower, value})}
}

// AppendHead appends the head in its canonical form, the client's copies of the
// headers that are set removed and the gateway's own at the end, escaped for the
// head's version; one that it cannot hold is left out.
func (r *Rewrite) AppendHead(dst []byte, h *frameinspect.Head) []byte {
	begin := len(dst)
	dst = h.AppendTo(dst)
	end := begin
	for at := begin; at < len(dst); {
		next := at + lineLength(dst[at:])
		if next == at+1 { // the blank line
			break
		}
		if !r.sets(dst[at:next]) {
			end += copy(dst[end:], dst[at:next])
		}
		at = next
	}
	dst = dst[:end]
	for i := range r.headers {
		if s := &r.headers[i]; s.fits(h.Version) {
			dst = frameinspect.AppendHeader(dst, s.name, s.value, h.Version)
		}
	}
	return append(dst, '\n')
}

// fits tells whether the header can be written in a version. STOMP 1.0 has no
// escapes, so a backslash would stand there as it is; ActiveMQ takes it for one all
// the same, and RabbitMQ ends the connection.
func (s *ownHeader) fits(v frameinspect.Version) bool {
	return s.value != "" && (v != frameinspect.V10 || strings.IndexByte(s.value, '\\') < 0)
}

func lineLength(b []byte) int {
	for i, c := range b {
		if c == '\n' {
			return i + 1
		}
	}
	return len(b)
}

// sets tells whether a header line has the name of one that is set, or what clients
// in JavaScript, which trim names, take for it. Blanks of ASCII no name begins or
// ends with.
func (r *Rewrite) sets(line []byte) bool {
	name := bytes.TrimFunc(nameOf(line), isTrimmed)
	for i := range r.headers {
		if equalFold(r.headers[i].lower, name) {
			return true
		}
	}
	return false
}

// isTrimmed holds what String.prototype.trim takes away, in old engines too.
func isTrimmed(c rune) bool { return unicode.IsSpace(c) || c == '\ufeff' || c == '\u180e' }
