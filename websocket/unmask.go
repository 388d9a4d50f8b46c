package websocket

import "encoding/binary"

// unmaskWords is unmask for any processor, eight octets at a time.
func unmaskWords(p []byte, mask [4]byte) (ascii bool) {
	key := uint64(binary.LittleEndian.Uint32(mask[:]))
	key |= key << 32
	var seen uint64
	for len(p) >= 32 {
		a := binary.LittleEndian.Uint64(p) ^ key
		b := binary.LittleEndian.Uint64(p[8:]) ^ key
		c := binary.LittleEndian.Uint64(p[16:]) ^ key
		d := binary.LittleEndian.Uint64(p[24:]) ^ key
		binary.LittleEndian.PutUint64(p, a)
		binary.LittleEndian.PutUint64(p[8:], b)
		binary.LittleEndian.PutUint64(p[16:], c)
		binary.LittleEndian.PutUint64(p[24:], d)
		seen |= a | b | c | d
		p = p[32:]
	}
	for len(p) >= 8 {
		a := binary.LittleEndian.Uint64(p) ^ key
		binary.LittleEndian.PutUint64(p, a)
		seen |= a
		p = p[8:]
	}
	for i := range p {
		p[i] ^= byte(key >> (8 * (i & 3)))
		seen |= uint64(p[i])
	}
	return seen&0x8080808080808080 == 0
}
