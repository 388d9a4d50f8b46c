package wire

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poller waits for many quiet connections with one goroutine, and answers for them
// to what needs no more. It lives as long as there is a connection that has parked
// and is not closed. The zero Poller is ready.
//
// It is an epoll of its own, for which the runtime's waits. A connection is armed
// from when it parks until it is called back, by level: bytes that came before make
// an event too, so none are missed. An event of a descriptor that has changed hands
// meanwhile makes the poller look at a connection for nothing, at worst.
type Poller struct {
	// ParkAfter is how long nothing must have come, before the bytes that came
	// last, for a connection to be quiet; 0 is 2 s, and 15 s under TLS. Set it before
	// use.
	ParkAfter time.Duration

	mu    sync.Mutex // held over system calls, but none that waits
	file  *os.File   // the epoll; nil while there is no connection
	fd    int        // its descriptor
	conns []*Conn    // by their descriptors: those that have parked and are not closed
	known int        // how many they are
}

// arm makes the poller wake the connection when there is something to read, until
// disarm.
func (p *Poller) arm(c *Conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		if err := p.open(); err != nil {
			return err
		}
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(c.fd)}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, c.fd, &event); err != nil {
		return err
	}
	if c.fd >= len(p.conns) {
		p.conns = append(p.conns, make([]*Conn, c.fd+1-len(p.conns))...)
	}
	if p.conns[c.fd] != c {
		p.conns[c.fd] = c
		p.known++
	}
	return nil
}

// disarm undoes arm.
func (p *Poller) disarm(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, c.fd, nil) // it is armed, so this cannot fail
}

// forget must be called before the connection is closed, and after disarm.
func (p *Poller) forget(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.fd >= len(p.conns) || p.conns[c.fd] != c {
		return
	}
	p.conns[c.fd] = nil
	if p.known--; p.known == 0 {
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
	p.file, p.fd = file, fd
	go func() {
		p.run(raw)
		_ = file.Close() // it holds nothing
	}()
	return nil
}

// run wakes connections that have something to read, until the deadline is set.
func (p *Poller) run(raw syscall.RawConn) {
	events, glance := make([]unix.EpollEvent, 128), make([]byte, glanceSize)
	_ = raw.Read(func(fd uintptr) bool { // fails for the deadline
		for n := 1; n > 0; {
			n = ready(fd, events)
			for _, e := range events[:n] {
				if c := p.conn(int(e.Fd)); c != nil {
					c.wake(glance)
				}
			}
		}
		return false
	})
}

// ready gives events that an epoll has now. As it does not wait, the scheduler is
// not told.
func ready(epoll uintptr, events []unix.EpollEvent) int {
	n, _, err := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, epoll,
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if err != 0 { // it does not wait, so nothing interrupts it
		return 0
	}
	return int(n)
}

// conn gives the connection that has a descriptor.
func (p *Poller) conn(fd int) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns[fd]
}
