//go:build unix

package wire

import (
	"io"
	"net"
	"syscall"
)

func rawConn(c net.Conn) syscall.RawConn {
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// tryRead reads once, giving the buffer back where there was nothing to read.
// It is what syscall.RawConn calls again each time the socket gets readable.
func (c *Conn) tryRead(fd uintptr) bool {
	buf := c.buf
	if buf == nil {
		buf = c.take()
	}
	n, err := read(fd, buf.B[len(buf.B):cap(buf.B)])
	if err == syscall.EAGAIN {
		if c.buf == nil {
			c.pool.Put(buf)
		}
		return false
	}
	switch {
	case err != nil:
		c.readErr = err
	case n == 0:
		c.readErr = io.EOF
	default:
		buf.B = buf.B[:len(buf.B)+n]
	}
	c.buf = buf
	return true
}

func read(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), p)
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}

// writeNow writes what can be written without waiting.
func writeNow(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), p)
		switch err {
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, ErrFull
		default:
			return max(n, 0), err
		}
	}
}
