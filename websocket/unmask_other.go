//go:build !amd64 || purego

package websocket

// unmask undoes the mask and tells whether all of the payload is ASCII: one pass
// does for both.
func unmask(p []byte, mask [4]byte) (ascii bool) { return unmaskWords(p, mask) }
