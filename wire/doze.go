package wire

import (
	"bytes"
	"syscall"
)

// glanceSize is room for a sign of life.
const glanceSize = 64

// wake is the poller's: there may be something to read, for which p is lent. What
// the sleeper deals with in its sleep leaves the connection parked.
func (c *Conn) wake(p []byte) {
	k := &c.parking
	k.mu.Lock()
	// Until then closing waits, so the descriptor is this connection's.
	resume := k.parked && !k.closed && (c.secure != nil || !c.doze(p))
	if resume {
		c.endParking()
	}
	k.mu.Unlock()
	if resume {
		go k.sleeper.Resume()
	}
}

// doze reads, and tells whether the sleeper may sleep on. What it did not deal
// with, and what reading failed for, is kept for the next Serve.
func (c *Conn) doze(p []byte) bool {
	n, err := receive(uintptr(c.fd), p)
	switch {
	case err == syscall.EAGAIN:
		return true
	case n == 0:
		c.readErr = err // nil at the end of the stream, which comes again
		return false
	}
	k := &c.parking
	c.noteCame(Now())
	if k.sleeper.Doze(p[:n]) {
		awake := !k.quiet
		k.quiet = false // whoever is called back looks first
		return !awake
	}
	// No buffer is taken for it yet: where many wake together, each would hold one
	// until it is its goroutine's turn.
	ahead := bytes.Clone(p[:n])
	k.ahead = &ahead
	if n == len(p) {
		k.quiet = false // there may be more
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
