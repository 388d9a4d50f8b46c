package wire

import (
	"errors"
	"sync"
	"time"
)

// ErrParked is the error of a Read that would have had to wait, on a connection
// that is quiet: the poller waits in its place. It is no end.
var ErrParked = errors.New("parked until there is something to read")

// parkAfter is what makes a connection quiet: so much time between two waits. A
// connection on which frames follow each other keeps its goroutine, because
// coming back costs more than waking up.
const parkAfter = time.Second

// parking is how a connection waits without a goroutine.
type parking struct {
	poller *Poller // set once, with resume; nil where the connection does not park
	resume func()
	waited int64 // owned by the reader: when it last had to wait, in nanoseconds since epoch

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
	c.parking.waited = -int64(parkAfter)
}

// quiet is asked each time there is nothing to read. It tells whether the
// connection may park.
func (c *Conn) quiet() bool {
	p := &c.parking
	if p.poller == nil {
		return false
	}
	before := p.waited
	p.waited = int64(time.Since(epoch))
	return p.waited-before >= int64(parkAfter)
}

// park hands the waiting over to the poller. When it tells that it did, the
// connection may belong to another goroutine already.
func (c *Conn) park() bool {
	p := &c.parking
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
