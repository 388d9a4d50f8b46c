//go:build !purego

package websocket

import "encoding/binary"

// unmask undoes the mask and tells whether all of the payload is ASCII: one pass
// does for both.
func unmask(p []byte, mask [4]byte) (ascii bool) {
	if len(p) < 16 {
		return unmaskWords(p, mask)
	}
	return unmaskBlocks(&p[0], len(p), binary.LittleEndian.Uint32(mask[:])) == 0
}

// unmaskBlocks undoes the mask of n octets, of which there are at least 16, and
// gives a bit for each place in a block of 16 at which one was not ASCII.
//
//go:noescape
func unmaskBlocks(p *byte, n int, key uint32) (high uint32)
