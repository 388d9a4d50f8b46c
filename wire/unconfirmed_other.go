//go:build !linux

package wire

// unconfirmed gives nothing where the kernel is not asked.
func (c *Conn) unconfirmed() int { return 0 }
