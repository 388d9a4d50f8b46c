package wire

import (
	"cmp"
	"errors"
	"math"
	"os"
	"syscall"
	"time"
)

// A write that waits is looked at in steps, each a quarter of the write limit:
// as long as the peer takes something, it goes on. A connection that makes one
// step more than the limit without any progress has failed.
const (
	stepsInLimit = 4
	mostStill    = stepsInLimit + 1
)

// Write writes all of p. It fails when the peer has taken nothing for the write
// limit.
func (c *Conn) Write(p []byte) (n int, err error) {
	c.beginWrite(Now())
	for {
		m, err := c.conn.Write(p[n:])
		if n += m; err == nil || !c.goOn(m, err) {
			return n, err
		}
	}
}

// ErrFull is the error of a TryWrite that would have had to wait.
var ErrFull = errors.New("the socket takes no more now")

// TryWrite writes as much of p as can be written without waiting. Nothing at all
// is ErrFull. It sets no deadline, whose timer would cost more than a heart-beat,
// and none that has passed keeps it from writing, but that of EndWrites.
func (c *Conn) TryWrite(p []byte) (n int, err error) {
	if c.raw == nil || c.secure != nil {
		return c.tryWriteBriefly(p)
	}
	if end := c.endWrites.Load(); end != 0 && time.Now().UnixNano() >= end {
		return 0, os.ErrDeadlineExceeded
	}
	ctlErr := c.raw.Control(func(fd uintptr) { n, err = writeNow(fd, p) })
	return n, cmp.Or(ctlErr, err)
}

// tryFor is how long a write may wait where not to wait cannot be had.
const tryFor = time.Millisecond

// lastWordFor is how long closing may wait for a full socket to take TLS's last
// word, and how long a heart-beat under TLS may take although the socket has room.
// It must be enough for a busy machine to get to writing at all.
const lastWordFor = 100 * time.Millisecond

// tryWriteBriefly is TryWrite where the socket is not at hand, or under TLS, which
// a write that times out breaks: so the socket is asked first.
func (c *Conn) tryWriteBriefly(p []byte) (int, error) {
	if c.secure != nil {
		if !hasRoom(c.raw) {
			return 0, ErrFull
		}
		c.secure.brief.Store(true)
		defer c.secure.brief.Store(false)
		return c.conn.Write(p)
	}
	c.setWriteDeadline(time.Now().Add(tryFor))
	defer c.setWriteDeadline(time.Time{}) // the next write sets its own
	n, err := c.conn.Write(p)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrFull
	}
	return n, err
}

// beginWrite sets the deadline of the first step, but not for every write: a
// timer that is changed for each frame costs more than it is worth. The step is
// kept to within an eighth. TLS's transport has steps of its own.
func (c *Conn) beginWrite(now int64) {
	if c.secure != nil || c.writeLimit == 0 || c.endWrites.Load() != 0 {
		return
	}
	c.pace = pace{}
	step := int64(c.writeLimit / stepsInLimit)
	if until := now + step; until-c.writeUntil > step/8 {
		c.setWriteDeadline(At(until))
	}
}

// goOn tells whether a write that wrote n bytes and then failed may go on,
// because only a step has passed and the peer takes bytes, if slowly.
func (c *Conn) goOn(n int, err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || c.secure != nil || c.writeLimit == 0 || c.endWrites.Load() != 0 {
		return false
	}
	if !c.pace.goesOn(n, c.raw) {
		return false
	}
	c.setWriteDeadline(time.Now().Add(c.writeLimit / stepsInLimit))
	return true
}

// pace is how a peer has taken what one write gave it.
type pace struct {
	still  int32 // steps in which it took nothing
	queued int32 // bytes that it had not confirmed at the last look
}

// goesOn takes in a step that ended after n bytes, and tells whether another may
// follow. The kernel lets a writer wait until a good part of its buffer is free,
// which may be megabytes, so what was written alone does not tell.
func (p *pace) goesOn(n int, raw syscall.RawConn) bool {
	queued := int32(min(unconfirmed(raw), math.MaxInt32))
	if p.still++; n > 0 || queued < p.queued {
		p.still = 0
	}
	p.queued = queued
	return p.still < mostStill
}

func (c *Conn) setWriteDeadline(t time.Time) {
	c.writeUntil = 0
	if !t.IsZero() {
		c.writeUntil = int64(t.Sub(epoch))
	}
	_ = c.conn.SetWriteDeadline(t) // fails only on a closed connection
	if end := c.endWrites.Load(); end != 0 {
		_ = c.conn.SetWriteDeadline(time.Unix(0, end)) // the same
	}
}

// EndWrites makes writes fail that last beyond t, those in progress too. Any
// goroutine may call it; LimitWrites undoes it.
func (c *Conn) EndWrites(t time.Time) {
	c.endWrites.Store(t.UnixNano())
	if c.secure != nil {
		c.secure.last.Store(t.UnixNano())
	}
	_ = c.conn.SetWriteDeadline(t) // fails only on a closed connection
}

// LimitWrites replaces the write limit by one deadline, for the last words on a
// connection.
func (c *Conn) LimitWrites(until time.Time) {
	c.writeLimit = 0
	c.endWrites.Store(0)
	if c.secure != nil {
		c.secure.limit = 0
		c.secure.last.Store(until.UnixNano())
	}
	c.setWriteDeadline(until)
}
