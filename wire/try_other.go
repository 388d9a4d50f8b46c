//go:build !unix

package wire

import (
	"net"
	"syscall"
)

// Elsewhere a connection holds its buffer while it waits.
func rawConn(net.Conn) syscall.RawConn { return nil }

func (c *Conn) tryRead(uintptr) bool { return true }

func receive(uintptr, []byte) (int, error) { return 0, syscall.EINVAL }

func send(uintptr, []byte) (int, error) { return 0, syscall.EINVAL }

func writeNow(uintptr, []byte) (int, error) { return 0, syscall.EINVAL }
