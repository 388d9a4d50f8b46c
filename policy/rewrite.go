package policy

import (
	"slices"
	"strings"

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

func (r *Rewrite) sets(line []byte) bool {
	for i := range r.headers {
		name := r.headers[i].lower
		if len(line) > len(name) && line[len(name)] == ':' && equalFold(name, line[:len(name)]) {
			return true
		}
	}
	return false
}
