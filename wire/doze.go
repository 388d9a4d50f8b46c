package wire

import (
	"bytes"
	"syscall"
)

// wake is the poller's: there is something to read.
func (c *Conn) wake(g *glance) {
	if !c.claim() {
		return
	}
	if c.secure == nil && c.doze(g) && c.park() {
		return
	}
	go c.parking.sleeper.Resume()
}

// doze reads, and tells whether the sleeper dealt with it and may sleep on. What
// it leaves, and what reading failed for, is kept for the next Serve.
func (c *Conn) doze(g *glance) bool {
	n, err := g.of(c, g.small[:])
	if n == 0 {
		if err != syscall.EAGAIN {
			c.readErr = err // nil at the end of the stream, which comes again
		}
		return false
	}
	c.noteCame(Now())
	if c.parking.sleeper.Doze(g.small[:n]) {
		return c.parking.quiet
	}
	// No buffer is taken for it yet: where many wake together, each would hold one
	// until it is its goroutine's turn.
	ahead := bytes.Clone(g.small[:n])
	c.parking.ahead = &ahead
	if n == len(g.small) {
		c.parking.quiet = false // there may be more
	}
	return false
}

// takeAhead gives what the poller has read, and what came behind it, in a buffer;
// nil where it has read nothing.
func (c *Conn) takeAhead(pool *Pool) *Buffer {
	ahead := c.parking.ahead
	if ahead == nil {
		return nil
	}
	c.parking.ahead = nil
	b := pool.Get()
	b.B = append(b.B, *ahead...)
	_ = c.raw.Control(func(fd uintptr) { // what it fails for, the next read does too
		n, _ := receive(fd, b.B[len(b.B):cap(b.B)])
		b.B = b.B[:len(b.B)+n]
	})
	return b
}

// glance is what the poller reads with: room for a sign of life, and a function
// that is made once.
type glance struct {
	small [64]byte
	read  func(fd uintptr)
	into  []byte
	n     int
	err   error
}

func newGlance() *glance {
	g := &glance{}
	g.read = func(fd uintptr) { g.n, g.err = receive(fd, g.into) }
	return g
}

// of reads from c what is there.
func (g *glance) of(c *Conn, into []byte) (int, error) {
	g.n, g.err, g.into = 0, nil, into
	if err := c.raw.Control(g.read); err != nil { // it is closed
		g.err = err
	}
	g.into = nil
	return g.n, g.err
}
