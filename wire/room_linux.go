package wire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// hasRoom tells whether the socket takes something now. To the kernel that is so
// as long as a third of the send buffer is free, however much before it the peer
// has not confirmed.
func hasRoom(raw syscall.RawConn) bool {
	room := true // where the connection is closed, writing says so
	_ = raw.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(poll, 0)
		room = err != nil || n > 0
	})
	return room
}
