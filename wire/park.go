package wire

import (
	"cmp"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// ErrParked is the error of a Read that would have had to wait, on a connection
// that is quiet: the poller waits in its place. It is no end.
var ErrParked = errors.New("parked until there is something to read")

// parkAfter is what makes a connection quiet: so long a time before the bytes that
// came last. A connection on which something comes more often, be it heart-beats,
// keeps its goroutine, because coming back costs more than waking up.
const parkAfter = 15 * time.Second

// parking is how a connection waits without a goroutine.
type parking struct {
	poller *Poller // set once, under mu; nil where the connection does not park
	resume func()

	// Owned by the reader.
	quiet bool  // it need not look before it parks: if there is more, it is called at once
	came  int64 // when bytes came last

	mu     sync.Mutex // guards what follows; held over system calls, but none that waits
	parked bool
	closed bool
	// urgent tells a reader that it must look at the connection's state before it
	// goes on: a read deadline is set, or the connection is closed. Changed under mu.
	urgent atomic.Bool
}

// ParkIn lets a reader give its goroutine up: on a quiet connection Read returns
// ErrParked, and no buffer, instead of waiting. From then on nothing belongs to the
// reader any more, so it must return without touching it. Once there may be
// something to read, a read deadline is set, or the connection is closed, resume
// is called in a new goroutine, once; that is the reader now, and may park again.
//
// A reader calls it before its first Read, or whoever starts the reader does. The
// connection must be closed by Close, and not otherwise.
func (c *Conn) ParkIn(p *Poller, resume func()) {
	c.parking.mu.Lock()
	defer c.parking.mu.Unlock()
	c.parking.poller, c.parking.resume = p, resume
	c.parking.quiet, c.parking.came = true, -int64(parkAfter)
}

// noteCame notes that bytes came.
func (p *parking) noteCame(now int64) {
	p.quiet = p.poller != nil && now-p.came >= int64(cmp.Or(p.poller.ParkAfter, parkAfter))
	p.came = now
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
	p := &c.parking
	p.mu.Lock()
	was := p.parked
	p.parked = false
	p.mu.Unlock()
	if was {
		go p.resume()
	}
}

// leavePoller comes before closing, after which the descriptor may be another's.
func (c *Conn) leavePoller() {
	p := &c.parking
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.urgent.Store(true)
	if p.poller != nil {
		p.poller.forget(c)
	}
}
