//go:build !linux

package wire

import "syscall"

// unconfirmed gives nothing where the kernel is not asked.
func unconfirmed(syscall.RawConn) int { return 0 }
