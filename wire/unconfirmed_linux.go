package wire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// unconfirmed gives the bytes in the send buffer that the peer has not confirmed.
func unconfirmed(raw syscall.RawConn) int {
	n := 0
	if raw != nil {
		_ = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }) // 0 is no news
	}
	return n
}
