//go:build !linux

package wire

import "syscall"

// hasRoom is true where the kernel is not asked.
func hasRoom(syscall.RawConn) bool { return true }
