//go:build !linux

package wire

// direct is Linux's: elsewhere package net writes.
type direct struct{}

// writeOnce writes until the deadline what the batch holds.
func (b *Batch) writeOnce(c *Conn) (int, error) {
	n, err := b.pieces.WriteTo(c.conn)
	return int(n), err
}
