package wire

import "golang.org/x/sys/unix"

// Left tells whether the peer has closed the connection, without reading what it
// may have sent before. Any goroutine may ask.
func (c *Conn) Left() bool {
	if c.raw == nil {
		return false
	}
	left := false
	err := c.raw.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(poll, 0)
		left = err == nil && n > 0
	})
	return left || err != nil // closed on this side
}
