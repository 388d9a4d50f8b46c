package frameinspect

import "math/bits"

// headShape is what a quick look at a head has found.
type headShape struct {
	first int    // where the first header line begins
	blank int    // where the blank line is
	count int    // header lines
	size  int    // where the value of content-length begins; 0 for nowhere
	seen  uint64 // a bit for a hash of each name
}

// header notes a header line. It tells whether the line is good.
func (h *headShape) header(p []byte, line, cut, end int) bool {
	if cut <= line || cut >= end || p[line] == ' ' || p[cut-1] == ' ' {
		return false
	}
	name := p[line:cut]
	bit := nameBit(name)
	if h.seen&bit != 0 {
		return false
	}
	h.seen |= bit
	h.count++
	switch string(name) {
	case "content-length":
		h.size = cut + 1
	case "destination":
		return p[cut+1] != ' ' && p[end-1] != ' '
	}
	return true
}

// quickHead reads a client's head that lies whole at the front of p, and holds no
// octet but printable ASCII, no escape, no repeated name and no colon in a value.
// Any other it leaves to Next.
func (s *Scanner) quickHead(p []byte) bool {
	var h headShape
	line, cut := 0, 0 // where a line begins, and where its name ends; 0 before that is found
	for base := 0; base+block <= cap(p); base += block {
		m := markBlock((*[block]byte)(p[base : base+block]))
		for ; m.lines != 0; m.lines &= m.lines - 1 {
			at := bits.TrailingZeros64(m.lines)
			end := base + at
			switch {
			case end >= len(p):
				return false
			case end == line:
				h.blank = end
				return cut == 0 && (m.others|m.colons)<<(63-at) == 0 && s.setHead(p, &h)
			case line == 0:
				h.first = end + 1
			default:
				if cut == 0 {
					cut = base + bits.TrailingZeros64(m.colons) // of an earlier line, if that has two
					m.colons &= m.colons - 1
				}
				if !h.header(p, line, cut, end) {
					return false
				}
			}
			line, cut = end+1, 0
		}
		if m.others != 0 {
			return false
		}
		if m.colons != 0 {
			if cut != 0 || m.colons&(m.colons-1) != 0 {
				return false
			}
			cut = base + bits.TrailingZeros64(m.colons)
		}
	}
	return false
}

// quickBrokerHead reads a broker's head that lies whole at the front of p. Nothing
// in it matters but the length of the body.
func (s *Scanner) quickBrokerHead(p []byte) bool {
	var h headShape
	for base := 0; base+block <= cap(p); base += block {
		for lines := lineBlock((*[block]byte)(p[base : base+block])); lines != 0; lines &= lines - 1 {
			line := base + bits.TrailingZeros64(lines) + 1
			if line >= len(p) {
				return false
			}
			if h.first == 0 {
				h.first = line
			}
			switch p[line] {
			case '\n':
				h.blank = line
				return s.setHead(p, &h)
			case '\r':
				return false
			case 'c':
				if value := line + len(contentLength); value < len(p) && string(p[line:value]) == contentLength {
					if h.size != 0 {
						return false
					}
					h.size = value
				}
			}
			h.count++
		}
	}
	return false
}

const contentLength = "content-length:"

// setHead takes in the head at the front of p.
func (s *Scanner) setHead(p []byte, shape *headShape) bool {
	h := &s.head
	if command := p[:shape.first-1]; s.sender == Client {
		h.Command = clientCommand(command)
	} else {
		h.Command = serverCommand(command)
	}
	if h.Command == CmdNone || s.version != 0 && h.Command.since() > s.version || s.limits.Headers > 0 && shape.count > s.limits.Headers {
		return false
	}
	h.ContentLength = -1
	if shape.size != 0 {
		if h.ContentLength = quickLength(p[shape.size:shape.blank]); h.ContentLength < 0 {
			return false
		}
	}
	h.Version = s.version
	h.canonical = s.sender == Client
	h.linesFrom, h.linesTo = int32(shape.first), int32(shape.blank)
	h.raw = p[:shape.blank+1]
	return true
}

// quickLength gives the number that stands before the first line feed in p, or -1
// where it is none or a very large one.
func quickLength(p []byte) int64 {
	n := int64(0)
	for i, c := range p {
		if c == '\n' && i > 0 && i <= 18 {
			return n
		}
		if c -= '0'; c > 9 {
			break
		}
		n = n*10 + int64(c)
	}
	return -1
}
