package frameinspect

import (
	"bytes"
	"iter"
)

// Head is the command and the header lines of a frame. It aliases the bytes the
// scanner was fed, so it is valid only until the scanner's next call.
type Head struct {
	// ContentLength is the length of the body that the frame declares, in bytes;
	// -1 where it declares none and the body ends at the first NUL.
	ContentLength int64
	// Command is the frame's command.
	Command Command
	// Version is the version the frame was judged by; zero before negotiation.
	Version Version

	canonical bool // raw is what AppendTo would write
	// Where the header lines begin in raw, and where the blank line does.
	linesFrom, linesTo int32
	raw                []byte // from the command to the line feed of the blank line
}

// lines are the header lines, without the blank one.
func (h *Head) lines() []byte { return h.raw[h.linesFrom:h.linesTo] }

// Raw gives the head as it came, to the line feed of the blank line.
func (h *Head) Raw() []byte { return h.raw }

// Get returns the first value of the header as it came, escapes and all.
func (h *Head) Get(name string) ([]byte, bool) {
	for n, value := range h.All() {
		if string(n) == name {
			return value, true
		}
	}
	return nil, false
}

// Text returns the value of a header with its escapes undone, and "" where the
// header is missing.
func (h *Head) Text(name string) string {
	value, ok := h.Get(name)
	if !ok {
		return ""
	}
	if !escapes(h.Version, h.Command) {
		return string(value)
	}
	return string(AppendUnescaped(nil, value))
}

// All yields names and values in order, as they came, repeated headers too: the
// first of a name is the one that counts (STOMP 1.2, "Repeated Header Entries").
func (h *Head) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for rest := h.lines(); len(rest) > 0; {
			end := bytes.IndexByte(rest, '\n')
			line := trimCR(rest[:end])
			rest = rest[end+1:]
			name, value, _ := bytes.Cut(line, colon)
			if !yield(name, value) {
				return
			}
		}
	}
}

var colon = []byte{':'}

// AppendTo appends the head in its canonical form: line feeds only, the first
// of each repeated header, colons in values escaped where the version escapes,
// and the blank line.
func (h *Head) AppendTo(dst []byte) []byte {
	if h.canonical {
		return append(dst, h.raw...)
	}
	dst = append(dst, h.Command.String()...)
	dst = append(dst, '\n')
	first := len(dst)
	for name, value := range h.All() {
		if hasHeader(dst[first:], name) {
			continue
		}
		dst = append(dst, name...)
		dst = append(dst, ':')
		dst = appendValue(dst, value, escapes(h.Version, h.Command))
		dst = append(dst, '\n')
	}
	return append(dst, '\n')
}

// appendValue appends a value that is valid for its version, escaping only the
// colons that came unescaped.
func appendValue(dst, value []byte, escaped bool) []byte {
	for escaped {
		i := bytes.IndexByte(value, ':')
		if i < 0 {
			break
		}
		dst = append(dst, value[:i]...)
		dst = append(dst, '\\', 'c')
		value = value[i+1:]
	}
	return append(dst, value...)
}

// hasHeader tells whether one of the lines has the name.
func hasHeader(lines, name []byte) bool {
	for len(lines) > 0 {
		if len(lines) > len(name) && lines[len(name)] == ':' && bytes.HasPrefix(lines, name) {
			return true
		}
		end := bytes.IndexByte(lines, '\n')
		if end < 0 {
			return false
		}
		lines = lines[end+1:]
	}
	return false
}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// AppendHeader appends one header line, escaped for the version.
func AppendHeader(dst []byte, name, value string, v Version) []byte {
	dst = AppendEscaped(dst, name, v)
	dst = append(dst, ':')
	dst = AppendEscaped(dst, value, v)
	return append(dst, '\n')
}
