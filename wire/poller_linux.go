package wire

import (
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Poller waits for many quiet connections with one goroutine, and answers for them
// to what needs no more. It lives as long as there is a connection that has parked
// and is not closed. The zero Poller is ready.
//
// It is an epoll of its own, for which the runtime's waits. A connection is armed
// each time it parks, for one event, by level: bytes that came before make an
// event too, so none are missed. An event of a descriptor that has changed hands
// meanwhile wakes a connection for nothing, at worst.
type Poller struct {
	// ParkAfter is how long nothing must have come, before the bytes that came
	// last, for a connection to be quiet; 0 is 2 s, and 15 s under TLS. Set it before
	// use.
	ParkAfter time.Duration

	mu    sync.Mutex // held over system calls, but none that waits
	file  *os.File   // the epoll; nil while there is no connection
	fd    int        // its descriptor
	conns map[int]*Conn
}

// arm makes the poller unpark the connection once, when there is something to
// read.
func (p *Poller) arm(c *Conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		if err := p.open(); err != nil {
			return err
		}
	}
	known := p.conns[c.fd] == c
	op := unix.EPOLL_CTL_MOD
	if !known {
		op = unix.EPOLL_CTL_ADD
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT, Fd: int32(c.fd)}
	if err := unix.EpollCtl(p.fd, op, c.fd, &event); err != nil {
		return err
	}
	if !known {
		p.conns[c.fd] = c
	}
	return nil
}

// forget must be called before the connection is closed.
func (p *Poller) forget(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[c.fd] != c {
		return
	}
	if delete(p.conns, c.fd); len(p.conns) == 0 {
		_ = p.file.SetReadDeadline(time.Unix(1, 0)) // ends run; an epoll takes deadlines
		p.file = nil
	}
}

func (p *Poller) open() error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	_ = unix.SetNonblock(fd, true) // makes os.NewFile hand it to the runtime's poller
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err != nil {
		_ = file.Close() // it holds nothing
		return err
	}
	p.file, p.fd, p.conns = file, fd, map[int]*Conn{}
	go func() {
		p.run(raw)
		_ = file.Close() // it holds nothing
	}()
	return nil
}

// run brings connections back that have something to read, until the deadline is
// set.
func (p *Poller) run(raw syscall.RawConn) {
	events, g := make([]unix.EpollEvent, 128), newGlance()
	_ = raw.Read(func(fd uintptr) bool { // fails for the deadline
		for {
			n, err := unix.EpollWait(int(fd), events, 0)
			for _, e := range events[:max(n, 0)] {
				if c := p.conn(int(e.Fd)); c != nil {
					c.wake(g)
				}
			}
			if n <= 0 && err != unix.EINTR {
				return false
			}
		}
	})
}

// conn gives the connection that has a descriptor.
func (p *Poller) conn(fd int) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns[fd]
}
