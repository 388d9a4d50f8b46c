package wire

import "golang.org/x/sys/unix"

// unconfirmed gives the bytes in the send buffer that the peer has not confirmed.
func (c *Conn) unconfirmed() int {
	n := 0
	if c.raw != nil {
		_ = c.raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }) // 0 is no news
	}
	return n
}
