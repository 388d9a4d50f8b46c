package frameinspect

import (
	"bytes"
	"encoding/binary"
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
	line := bytes.IndexByte(p, '\n') + 1
	if line == 0 || s.command(p[:line-1]) != nil {
		return 0
	}
	s.lines.commandEnd = int32(line)
	for line < len(p) && p[line] != '\n' {
		size := bytes.IndexByte(p[line:], '\n')
		if size < 0 || !s.quickHeader(p[line:line+size]) {
			return 0
		}
		line += size + 1
	}
	if line >= len(p) {
		return 0
	}
	s.head.raw, s.head.linesFrom, s.head.linesTo = p[:line+1], s.lines.commandEnd, int32(line)
	s.head.canonical = s.sender == Client
	s.beginBody()
	return line + 1
}

// quickHeader takes in a header line with nothing special in it: no carriage return
// at its end and, of a client's, no octet but printable ASCII, no escape, no repeated
// name, no colon in its value. Of a broker's nothing else matters but the length of
// the body.
func (s *Scanner) quickHeader(line []byte) bool {
	if s.lines.count++; s.limits.Headers > 0 && int(s.lines.count) > s.limits.Headers {
		return false
	}
	if value, ok := bytes.CutPrefix(line, contentLength); ok {
		return s.quickLength(value)
	}
	if s.sender == Broker {
		return line[len(line)-1] != '\r'
	}
	if value, ok := bytes.CutPrefix(line, destination); ok {
		return s.quickName(destinationBit) && isPlain(value) && (len(value) == 0 || value[0] != ' ' && value[len(value)-1] != ' ')
	}
	cut := bytes.IndexByte(line, ':')
	return cut > 0 && line[0] != ' ' && line[cut-1] != ' ' && s.quickName(nameBit(line[:cut])) && isPlain(line[:cut]) && isPlain(line[cut+1:])
}

// The headers that nearly all frames have.
var (
	contentLength  = []byte("content-length:")
	destination    = []byte("destination:")
	destinationBit = nameBit(destination[:len(destination)-1])
)

// quickName notes the bit of a header's name, and tells whether it is a new one.
func (s *Scanner) quickName(bit uint64) bool {
	known := s.lines.seen&bit != 0
	s.lines.seen |= bit
	return !known
}

// isPlain tells whether all of p is printable ASCII without a colon or a backslash.
// It may say no where a colon or a backslash is not far.
func isPlain(p []byte) bool {
	var marks uint64
	if n := len(p); n >= 8 {
		for i := 0; i < n-8; i += 8 {
			marks |= special(binary.LittleEndian.Uint64(p[i:]))
		}
		return (marks|special(binary.LittleEndian.Uint64(p[n-8:])))&high == 0
	}
	for _, c := range p {
		marks |= special(uint64(c) | ones&^0xff*' ')
	}
	return marks&high == 0
}

// special sets the high bit of each octet of w that is none of those. Behind one
// that is not, it may set others too.
func special(w uint64) uint64 {
	return zeros(w^ones*':') | zeros(w^ones*'\\') | (w-ones*' ')&^w | w
}

const (
	ones = 0x0101010101010101
	high = 0x8080808080808080
)

// zeros sets the high bit of each octet of w that is zero. Behind one that is, it
// may set others too.
func zeros(w uint64) uint64 { return (w - ones) &^ w }

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
