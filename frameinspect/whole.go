package frameinspect

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Whole takes a frame in one step where it lies whole at the front of p and
// nothing about it is special; such frames are canonical as they are. It gives
// the frame's length, its NUL included, and Head is valid until the next call.
// It gives 0, and nothing is consumed, where Next must look: Whole never judges
// a frame illegal, and takes none that Next would refuse or rewrite.
func (s *Scanner) Whole(p []byte) int {
	if s.state != between || s.carry != nil || s.sawCR || len(p) == 0 || p[0] < 'A' {
		return 0
	}
	s.begin()
	n := s.quickHead(p)
	if n == 0 {
		s.state = between
		return 0
	}
	end := n + int(s.body)
	if s.state == inOpen {
		size := bytes.IndexByte(p[n:], 0)
		if size < 0 || !s.mayHaveBody(int64(size)) {
			end = len(p)
		} else {
			end = n + size
		}
	}
	s.state = between
	if end >= len(p) || p[end] != 0 {
		return 0
	}
	return end + 1
}

// mayHaveBody tells whether the frame in progress may have a body of that size.
func (s *Scanner) mayHaveBody(size int64) bool {
	allowed := size == 0 || s.sender == Broker || s.head.Command == CmdSend
	return allowed && (s.limits.Body == 0 || size <= s.limits.Body)
}

// quickHead reads a head that lies whole at the front of p and has nothing
// special in it, nor is over a limit. It gives the head's length, or 0 where the
// head must be read and judged line by line.
func (s *Scanner) quickHead(p []byte) int {
	if s.limits.Head > 0 {
		p = p[:min(len(p), s.limits.Head)]
	}
	blank := 0
	if s.sender == Client {
		blank = s.quickLines(p)
	} else {
		blank = s.quickBrokerLines(p)
	}
	if blank == 0 {
		return 0
	}
	s.head.raw, s.head.linesFrom, s.head.linesTo = p[:blank+1], s.lines.commandEnd, int32(blank)
	s.head.canonical = s.sender == Client
	s.beginBody()
	return blank + 1
}

// quickBrokerLines reads the lines of a broker's head, of which nothing matters but
// the length of the body. It gives where the blank one stands, or 0.
func (s *Scanner) quickBrokerLines(p []byte) int {
	for line := 0; line < len(p); {
		size := bytes.IndexByte(p[line:], '\n')
		switch {
		case size < 0 || size > 0 && p[line+size-1] == '\r':
			return 0
		case line == 0:
			if s.command(p[:size]) != nil {
				return 0
			}
			s.lines.commandEnd = int32(size + 1)
		case size == 0:
			return line
		case !s.quickCount():
			return 0
		default:
			if value, ok := bytes.CutPrefix(p[line:line+size], contentLength); ok && !s.quickLength(value) {
				return 0
			}
		}
		line += size + 1
	}
	return 0
}

var contentLength = []byte("content-length:")

// quickLines reads the lines of a client's head that holds no octet but printable
// ASCII, no escape, no repeated name and no colon in a value. It gives where the
// blank one stands, or 0.
//
// It looks at eight octets at a time, as they were unmasked just before: the
// processor hands those over at once, and makes wider reads wait.
func (s *Scanner) quickLines(p []byte) int {
	line, cut := 0, -1 // where the line begins, where its name ends
	for i := 0; i+8 <= len(p); i += 8 {
		w := binary.LittleEndian.Uint64(p[i:])
		marks := (zeros(w^ones*':') | zeros(w^ones*'\\') | (w-ones*' ')&^w | w) & high
		for ; marks != 0; marks &= marks - 1 {
			at := i + bits.TrailingZeros64(marks)>>3
			switch c := p[at]; {
			case c == ':' && cut < 0:
				cut = at
				continue
			case c != '\n':
				return 0
			}
			switch {
			case line == 0:
				if s.command(p[:at]) != nil {
					return 0
				}
				s.lines.commandEnd = int32(at + 1)
			case at == line:
				return line
			case !s.quickHeader(p[line:at], cut-line):
				return 0
			}
			line, cut = at+1, -1
		}
	}
	return 0
}

const (
	ones = 0x0101010101010101
	high = 0x8080808080808080
)

// zeros sets the high bit of each octet of w that is zero. Behind one that is, it
// may set others too.
func zeros(w uint64) uint64 { return (w - ones) &^ w }

// quickHeader takes in a client's header line whose name ends at cut.
func (s *Scanner) quickHeader(line []byte, cut int) bool {
	if cut <= 0 || !s.quickCount() {
		return false
	}
	name, value := line[:cut], line[cut+1:]
	if string(name) == "content-length" {
		return s.quickLength(value)
	}
	if name[0] == ' ' || name[cut-1] == ' ' {
		return false
	}
	l, mask := &s.lines, nameBit(name)
	if l.seen&mask != 0 {
		return false
	}
	l.seen |= mask
	return string(name) != "destination" || len(value) == 0 || value[0] != ' ' && value[len(value)-1] != ' '
}

// quickCount counts a header line, and tells whether there may be so many.
func (s *Scanner) quickCount() bool {
	s.lines.count++
	return s.limits.Headers == 0 || int(s.lines.count) <= s.limits.Headers
}

// quickLength takes in the value of a content-length.
func (s *Scanner) quickLength(value []byte) bool {
	n := int64(0)
	for _, c := range value {
		if c -= '0'; c > 9 {
			return false
		}
		n = n*10 + int64(c)
	}
	if len(value) == 0 || len(value) > 18 || s.head.ContentLength >= 0 || !s.mayHaveBody(n) {
		return false
	}
	s.head.ContentLength = n
	return true
}

// nameBit is a bit for a hash of a header's name.
func nameBit(name []byte) uint64 {
	n := len(name)
	hash := uint(n)*7 + uint(name[0])*31 + uint(name[n-1])*17 + uint(name[n/2])
	return 1 << (hash & 63)
}
