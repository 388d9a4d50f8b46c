package demo

import (
	"net"
	"sync"
	"time"
)

// outbox holds the bytes that wait for one client's socket. Whoever fills it
// asks for room first, so it holds at most the mark and one frame more for each
// of those who may ask at once: the store and the session's reader.
type outbox struct {
	// set once
	mark int
	wake chan struct{} // size 1: there is something to write, or nothing will be any more
	room chan struct{} // size 1: there may be room again

	mu      sync.Mutex
	parts   net.Buffers
	size    int           // bytes in parts and in the batch that is being written
	beat    time.Duration // how often something must be written; zero for never
	starved bool          // somebody found no room
	closed  bool
}

func newOutbox(mark int) *outbox {
	return &outbox{mark: mark, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// hasRoom tells whether a frame may be pushed.
func (o *outbox) hasRoom() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.size >= o.mark {
		o.starved = true
	}
	return o.size < o.mark && !o.closed
}

// await blocks until there is room, and tells whether there is before the end.
func (o *outbox) await(ending <-chan struct{}) bool {
	for !o.hasRoom() {
		select {
		case <-o.room:
		case <-ending:
			return false
		}
	}
	return true
}

// push adds a frame, in parts that nobody may change any more.
func (o *outbox) push(parts ...[]byte) {
	o.mu.Lock()
	if !o.closed {
		o.add(parts)
	}
	o.mu.Unlock()
	signal(o.wake)
}

func (o *outbox) add(parts [][]byte) {
	for _, p := range parts {
		if len(p) > 0 {
			o.parts = append(o.parts, p)
			o.size += len(p)
		}
	}
}

// close adds a last frame, where there is one, and takes no more. It may drop
// what waits, which is always whole frames.
func (o *outbox) close(last []byte, drop bool) {
	o.mu.Lock()
	if drop {
		for _, p := range o.parts {
			o.size -= len(p)
		}
		o.parts = nil
	}
	o.add([][]byte{last})
	o.closed = true
	o.mu.Unlock()
	signal(o.wake)
}

// setBeat says how often something must be written.
func (o *outbox) setBeat(every time.Duration) {
	o.mu.Lock()
	o.beat = every
	o.mu.Unlock()
}

// take hands what waits to the writer.
func (o *outbox) take() (batch net.Buffers, size int, beat time.Duration, open bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch, o.parts = o.parts, nil
	for _, p := range batch {
		size += len(p)
	}
	return batch, size, o.beat, !o.closed
}

// wrote says that a batch is gone, and tells whether somebody waited for that.
func (o *outbox) wrote(size int) (starved bool) {
	o.mu.Lock()
	o.size -= size
	if o.size < o.mark {
		starved, o.starved = o.starved, false
	}
	o.mu.Unlock()
	if starved {
		signal(o.room)
	}
	return starved
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
