package websocket

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Whole takes a message that lies whole at the front of p as one unfragmented
// frame in the form that browsers send: text or binary, masked, of up to 64 KiB. It
// gives the payload, unmasked where it stands, and the bytes it took. It gives 0,
// and nothing is consumed, where Next must look: Whole takes nothing that Next would
// refuse, but for text that is not UTF-8, for which it gives ErrUTF8 as Next does.
func (d *Decoder) Whole(p []byte) (payload []byte, used int, err error) {
	if len(p) < 8 || p[0] != 0x80|byte(ws.OpText) && p[0] != 0x80|byte(ws.OpBinary) || p[1] <= 0x80 || !d.Between() {
		return nil, 0, nil
	}
	head, n := 6, int(p[1]&0x7f)
	switch {
	case n == 126:
		head, n = 8, int(binary.BigEndian.Uint16(p[2:]))
		if n < 126 {
			return nil, 0, nil
		}
	case n == 127:
		return nil, 0, nil
	}
	if len(p) < head+n {
		return nil, 0, nil
	}
	payload = p[head : head+n]
	ascii := unmask(payload, [4]byte(p[head-4:head]))
	if p[0] == 0x80|byte(ws.OpText) && !ascii && !utf8.Valid(payload) {
		err = ErrUTF8
	}
	return payload, head + n, err
}

// unmask undoes the mask and tells, of short payloads, whether all of it is
// ASCII: one pass does for both.
func unmask(p []byte, mask [4]byte) (ascii bool) {
	if len(p) > 1<<10 {
		ws.Cipher(p, mask, 0)
		return false
	}
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
