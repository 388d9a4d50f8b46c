package wire

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// ErrParked is the error of a Read that would have had to wait, on a connection
// that is quiet: the poller waits in its place. It is no end.
var ErrParked = errors.New("parked until there is something to read")

// What makes a connection quiet: so long a time before the bytes that came last.
// To come back for a frame costs more than waking up. Under TLS that is so for
// heart-beats too, because the poller cannot read them: there one on which
// something comes every ten seconds keeps its goroutine.
const (
	parkAfter    = 2 * time.Second
	parkAfterTLS = 15 * time.Second
)

// Sleeper is a reader that gives its goroutine up.
type Sleeper interface {
	// Doze deals with what came on a parked connection, if that can be done without
	// waiting and leaves the connection quiet, such as with a heart-beat, and tells
	// whether it was. It runs in the poller's goroutine, which is the reader
	// meanwhile, and must neither close the connection nor set its read deadline. p is
	// lent for the call.
	Doze(p []byte) bool
	// Resume is the reader, in a goroutine of its own. It calls Serve or Read, which
	// begin with what Doze would not have.
	Resume()
}

// parking is how a connection waits without a goroutine.
type parking struct {
	poller  *Poller // set once, under mu; nil where the connection does not park
	sleeper Sleeper

	// Owned by the reader.
	came  int64   // when bytes came last
	ahead *[]byte // what the poller has read and not dealt with; nil for nothing
	quiet bool    // it need not look before it parks: if there is more, it is called at once

	parked bool       // guarded by mu
	closed bool       // guarded by mu
	mu     sync.Mutex // held over system calls, but none that waits
	// urgent tells a reader that it must look at the connection's state before it
	// goes on: a read deadline is set, or the connection is closed. Changed under mu.
	urgent atomic.Bool
}

// ParkIn lets a reader give its goroutine up: on a quiet connection Serve and Read
// return ErrParked, and no buffer, instead of waiting. From then on nothing belongs
// to the reader any more, so it must return without touching it. Once there is
// something to read that Doze leaves, a read deadline is set, or the connection is
// closed, Resume is called, once; that is the reader now, and may park again.
//
// A reader calls it before its first Read, or whoever starts the reader does. The
// connection must be closed by Close, and not otherwise.
func (c *Conn) ParkIn(p *Poller, s Sleeper) {
	c.parking.mu.Lock()
	defer c.parking.mu.Unlock()
	c.parking.poller, c.parking.sleeper = p, s
	c.parking.quiet, c.parking.came = true, -int64(parkAfterTLS)
}

// noteCame notes that bytes came.
func (c *Conn) noteCame(now int64) {
	p := &c.parking
	p.quiet = p.poller != nil && now-p.came >= c.parkAfter()
	p.came = now
}

func (c *Conn) parkAfter() int64 {
	switch {
	case c.parking.poller.ParkAfter > 0:
		return int64(c.parking.poller.ParkAfter)
	case c.secure != nil:
		return int64(parkAfterTLS)
	}
	return int64(parkAfter)
}

// park hands the waiting of a quiet connection over to the poller. When it tells
// that it did, the connection may belong to another goroutine already.
func (c *Conn) park() bool {
	p := &c.parking
	if !p.quiet {
		return false
	}
	p.quiet = false // whoever is called back looks first
	c.pool.Put(c.spare)
	c.spare = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.urgent.Load() || p.poller.arm(c) != nil {
		return false // the reader waits itself, as it does where nothing can be armed
	}
	p.parked = true
	return true
}

// unpark brings the reader back, if it is gone. It may be for nothing.
func (c *Conn) unpark() {
	if c.claim() {
		go c.parking.sleeper.Resume()
	}
}

// claim makes the caller the reader of a parked connection, once.
func (c *Conn) claim() bool {
	p := &c.parking
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.parked
	if was {
		c.endParking()
	}
	return was
}

// endParking ends the poller's waiting; the caller has mu.
func (c *Conn) endParking() {
	p := &c.parking
	p.parked = false
	if !p.closed {
		p.poller.disarm(c)
	}
}

// leavePoller comes before closing, after which the descriptor may be another's.
func (c *Conn) leavePoller() {
	p := &c.parking
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parked && !p.closed {
		p.poller.disarm(c)
	}
	p.closed = true
	p.urgent.Store(true)
	if p.poller != nil {
		p.poller.forget(c)
	}
}
