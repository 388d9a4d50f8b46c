package wire

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What is asked of a socket here never waits, because the sockets do not block, so
// the scheduler is not told. Told, it takes a call that lasts longer than 20 µs for
// one that waits, as a write that wakes its reader on the same core is, and gives
// the processor to another thread, from which it must be had back.

// receive reads what is there; it is syscall.EAGAIN that there is nothing.
func receive(fd uintptr, p []byte) (int, error) {
	for {
		n, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
		switch err {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, err
		}
	}
}

// send writes what the socket takes; it is syscall.EAGAIN that it takes nothing.
func send(fd uintptr, p []byte) (int, error) {
	for {
		n, _, err := syscall.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
		switch err {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, err
		}
	}
}

// direct is a write of a batch to its socket.
type direct struct {
	push    func(fd uintptr) bool // made once, because making it takes memory
	written int
	err     error
	header  unix.Msghdr
	vector  [maxPieces]unix.Iovec
}

// writeOnce writes until the deadline what the batch holds.
func (b *Batch) writeOnce(c *Conn) (int, error) {
	if c.raw == nil || c.secure != nil {
		n, err := b.pieces.WriteTo(c.conn)
		return int(n), err
	}
	d := &b.direct
	if d.push == nil {
		d.push = b.push
	}
	d.written, d.err = 0, nil
	if err := c.raw.Write(d.push); err != nil {
		return d.written, err
	}
	return d.written, d.err
}

// push sends until all is sent. It is what syscall.RawConn calls again each time
// the socket takes more.
func (b *Batch) push(fd uintptr) bool {
	d := &b.direct
	for len(b.pieces) > 0 {
		var n int
		if len(b.pieces) == 1 {
			n, d.err = send(fd, b.pieces[0])
		} else {
			n, d.err = d.send(fd, b.pieces)
		}
		if d.err != nil {
			return d.err != syscall.EAGAIN
		}
		d.written += n
		b.drop(n)
	}
	return true
}

// drop lets go of the first n bytes.
func (b *Batch) drop(n int) {
	for len(b.pieces) > 0 && n >= len(b.pieces[0]) {
		n -= len(b.pieces[0])
		b.pieces[0] = nil
		b.pieces = b.pieces[1:]
	}
	if n > 0 {
		b.pieces[0] = b.pieces[0][n:]
	}
}

// send is send of many pieces.
func (d *direct) send(fd uintptr, pieces [][]byte) (int, error) {
	for i, p := range pieces {
		d.vector[i].Base = unsafe.SliceData(p)
		d.vector[i].SetLen(len(p))
	}
	d.header.Iov = &d.vector[0]
	d.header.SetIovlen(len(pieces))
	defer clear(d.vector[:len(pieces)])
	for {
		n, _, err := syscall.RawSyscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&d.header)), unix.MSG_NOSIGNAL)
		switch err {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, err
		}
	}
}
