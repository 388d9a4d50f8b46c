package wire

import (
	"errors"
	"sync"
	"time"
)

// ErrParked is the error of a Read that would have had to wait, on a connection
// that is quiet: the poller waits in its place. It is no end.
var ErrParked = errors.New("parked until there is something to read")

// parkAfter is what makes a connection quiet: so long a time before the bytes that
// came last. A connection on which frames follow each other keeps its goroutine,
// because coming back costs more than waking up.
const parkAfter = time.Second

// parking is how a connection waits without a goroutine.
type parking struct {
	poller *Poller // set once, with resume; nil where the connection does not park
	resume func()

	// Owned by the reader.
	quiet bool  // it need not look before it parks: if there is more, it is called at once
	came  int64 // when bytes came last, in nanoseconds since epoch

	mu       sync.Mutex // held for moments only; guards what follows, and ParkIn's fields from others than the reader
	parked   bool
	deadline bool // a read deadline is set, which only a waiting reader keeps
	closed   bool
}

// ParkIn lets Read give its goroutine up: on a quiet connection it returns
// ErrParked instead of waiting, without a buffer. The reader must then return and
// touch nothing of the connection's, nor anything that is its own as the reader:
// resume is called, once and in a goroutine of its own, when there may be
// something to read, when a read deadline is set, or when the connection is
// closed; it may read, and park, again. It is set once, before the first Read of
// the goroutine that it takes over from.
func (c *Conn) ParkIn(p *Poller, resume func()) {
	c.parking.mu.Lock()
	defer c.parking.mu.Unlock()
	c.parking.poller, c.parking.resume = p, resume
	c.parking.quiet = true
}

// noteCame notes that bytes came.
func (p *parking) noteCame() {
	if p.poller == nil {
		return
	}
	now := int64(time.Since(epoch))
	p.quiet = now-p.came >= int64(parkAfter)
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
	if b := c.spare; b != nil {
		c.spare = nil
		b.pool.Put(b)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deadline || p.closed || p.poller.arm(c) != nil { // what cannot be armed waits as ever
		return false
	}
	p.parked = true
	return true
}

// unpark brings the reader back, if it is gone. For nothing is fine: it parks
// again.
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
	if p.poller != nil {
		p.poller.forget(c)
	}
}
