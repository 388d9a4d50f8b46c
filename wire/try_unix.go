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
	n, err := receive(fd, buf.B[len(buf.B):cap(buf.B)])
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

// writeNow writes what can be written without waiting.
func writeNow(fd uintptr, p []byte) (int, error) {
	n, err := send(fd, p)
	if err == syscall.EAGAIN {
		err = ErrFull
	}
	return n, err
}
