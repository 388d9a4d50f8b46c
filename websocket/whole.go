package websocket

import (
	"encoding/binary"

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
	if p[0] == 0x80|byte(ws.OpText) && !ascii && !ValidText(payload) {
		err = ErrUTF8
	}
	return payload, head + n, err
}
