//go:build !purego

package frameinspect

// markBlock gives the marks of a block.
//
//go:noescape
func markBlock(p *[block]byte) marks

// lineBlock gives the line feeds of a block.
//
//go:noescape
func lineBlock(p *[block]byte) uint64
