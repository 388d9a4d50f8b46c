package frameinspect

import "bytes"

// Whole takes a frame in one step where it lies whole at the front of p and
// nothing about it is special; such frames are canonical as they are. It gives
// the frame's length, its NUL included, and Head is valid until the next call.
// It gives 0, and nothing is consumed, where Next must look: Whole never judges
// a frame illegal, and takes none that Next would refuse or rewrite.
func (s *Scanner) Whole(p []byte) int {
	if s.state != between || s.sawCR || len(p) == 0 || p[0] < 'A' {
		return 0
	}
	head := p
	if most := s.limits.Head; most > 0 && most < len(p) {
		head = p[:most]
	}
	if s.sender == Client && !s.quickHead(head) || s.sender == Broker && !s.quickBrokerHead(head) {
		return 0
	}
	end, size := len(s.head.raw), s.head.ContentLength
	if size < 0 {
		size = int64(bytes.IndexByte(p[end:], 0))
	}
	if size < 0 || size >= int64(len(p)-end) || !s.mayHaveBody(size) {
		return 0
	}
	if end += int(size); p[end] != 0 {
		return 0
	}
	return end + 1
}

// mayHaveBody tells whether the frame may have a body of that size.
func (s *Scanner) mayHaveBody(size int64) bool {
	allowed := size == 0 || s.sender == Broker || s.head.Command == CmdSend
	return allowed && (s.limits.Body == 0 || size <= s.limits.Body)
}
