//go:build !amd64 || purego

package frameinspect

func markBlock(p *[block]byte) marks { return markWords(p) }

func lineBlock(p *[block]byte) uint64 { return lineWords(p) }
