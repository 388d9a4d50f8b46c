package websocket

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// plain takes a message that lies whole at the front of p as one unfragmented
// frame in the form that browsers send: text or binary, masked, of up to 64 KiB.
// It gives 0 where Next must look closer. Nothing that ws.CheckHeader objects to
// gets through.
func plain(p []byte) (piece Piece, used int, err error) {
	if len(p) < 8 || p[0] != 0x80|byte(ws.OpText) && p[0] != 0x80|byte(ws.OpBinary) || p[1] <= 0x80 {
		return Piece{}, 0, nil
	}
	head, n := 6, int(p[1]&0x7f)
	switch {
	case n == 126:
		head, n = 8, int(binary.BigEndian.Uint16(p[2:]))
		if n < 126 {
			return Piece{}, 0, nil
		}
	case n == 127:
		return Piece{}, 0, nil
	}
	if len(p) < head+n {
		return Piece{}, 0, nil
	}
	payload := p[head : head+n]
	ascii := unmask(payload, [4]byte(p[head-4:head]))
	if p[0] == 0x80|byte(ws.OpText) && !ascii && !utf8.Valid(payload) {
		return Piece{}, head + n, ErrUTF8
	}
	return Piece{Kind: Data, Payload: payload, Final: true}, head + n, nil
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
	for len(p) >= 16 {
		a := binary.LittleEndian.Uint64(p) ^ key
		b := binary.LittleEndian.Uint64(p[8:]) ^ key
		binary.LittleEndian.PutUint64(p, a)
		binary.LittleEndian.PutUint64(p[8:], b)
		seen |= a | b
		p = p[16:]
	}
	if len(p) >= 8 {
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
