package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
)

// Opcodes of RFC 6455, section 5.2.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// appendMasked writes one final client frame with a key of its own, as
// RFC 6455, section 5.3 demands.
func appendMasked(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = append(dst, 0x80|126, byte(n>>8), byte(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|127), uint64(n))
	}
	var key [4]byte
	binary.NativeEndian.PutUint32(key[:], rand.Uint32())
	dst = append(dst, key[:]...)
	start := len(dst)
	dst = append(dst, payload...)
	for i := range dst[start:] {
		dst[start+i] ^= key[i&3]
	}
	return dst
}

// wsDecoder finds the payloads in a server's frames, however they were split.
type wsDecoder struct {
	head [14]byte // a frame header that is not complete yet
	have int
	left int // payload bytes of the frame still to come
	op   byte
	ctl  []byte // payload of a control frame
}

// errClosed carries the close code of the other side.
type errClosed struct{ code int }

func (e errClosed) Error() string { return fmt.Sprintf("closed with %d", e.code) }

// feed calls data with the pieces of data payloads in p, and pong with the
// payload of each ping.
func (d *wsDecoder) feed(p []byte, data, pong func([]byte)) error {
	for len(p) > 0 {
		if d.left == 0 {
			n, err := d.header(p)
			if err != nil {
				return err
			}
			p = p[n:]
			if d.have > 0 {
				return nil // the rest of the header is still to come
			}
		}
		n := min(d.left, len(p))
		if d.op < opClose {
			if n > 0 {
				data(p[:n])
			}
		} else {
			d.ctl = append(d.ctl, p[:n]...)
		}
		d.left -= n
		p = p[n:]
		if d.left == 0 && d.op >= opClose {
			if err := d.control(pong); err != nil {
				return err
			}
		}
	}
	return nil
}

// header takes bytes of p until one frame header is complete.
func (d *wsDecoder) header(p []byte) (int, error) {
	need := func(h []byte) int {
		switch {
		case len(h) < 2:
			return 2
		case h[1] == 126:
			return 4
		case h[1] == 127:
			return 10
		}
		return 2
	}
	h, took := p, 0
	if d.have > 0 || len(p) < 2 || len(p) < need(p) {
		for d.have < need(d.head[:d.have]) {
			if took == len(p) {
				return took, nil
			}
			d.head[d.have] = p[took]
			d.have, took = d.have+1, took+1
		}
		h, d.have = d.head[:d.have], 0
	} else {
		took = need(p)
	}
	if h[1]&0x80 != 0 {
		return 0, errors.New("masked frame from a server")
	}
	d.op = h[0] & 0x0f
	switch h[1] {
	case 126:
		d.left = int(binary.BigEndian.Uint16(h[2:]))
	case 127:
		d.left = int(binary.BigEndian.Uint64(h[2:]))
	default:
		d.left = int(h[1])
	}
	return took, nil
}

func (d *wsDecoder) control(pong func([]byte)) error {
	defer func() { d.ctl = d.ctl[:0] }()
	switch d.op {
	case opPing:
		pong(d.ctl)
	case opClose:
		if len(d.ctl) >= 2 {
			return errClosed{int(binary.BigEndian.Uint16(d.ctl))}
		}
		return errClosed{1005}
	}
	return nil
}
