package frameinspect

import "encoding/binary"

// marks tells where in a block of octets those stand that matter in a head: a bit
// for each octet, the lowest for the first.
type marks struct {
	lines  uint64 // line feeds
	colons uint64
	others uint64 // backslashes, and what ASCII cannot print but line feeds
}

// block is how many octets marks tell of. Where the input ends inside a block, what
// its memory holds behind is looked at, too, and nothing is made of it; where the
// memory ends there, a head is left to Next.
const block = 64

// markWords is markBlock for any processor, eight octets at a time.
func markWords(p *[block]byte) (m marks) {
	for i := 0; i < block; i += 8 {
		w := binary.LittleEndian.Uint64(p[i:])
		m.lines |= gather(zeros(w^ones*'\n')) << i
		m.colons |= gather(zeros(w^ones*':')) << i
		m.others |= gather(zeros(w^ones*'\\')|zeros(w&(ones*0xe0))|w) << i
	}
	m.others ^= m.lines
	return m
}

// lineWords is lineBlock for any processor.
func lineWords(p *[block]byte) (lines uint64) {
	for i := 0; i < block; i += 8 {
		lines |= gather(zeros(binary.LittleEndian.Uint64(p[i:])^ones*'\n')) << i
	}
	return lines
}

const (
	ones = 0x0101010101010101
	high = 0x8080808080808080
)

// zeros sets the high bit of each octet of w that is zero, and clears the others.
func zeros(w uint64) uint64 { return ^((w&^high + ^uint64(high)) | w) & high }

// gather takes the high bits of eight octets together, the lowest first.
func gather(w uint64) uint64 { return (w & high >> 7) * 0x0102040810204080 >> 56 }
