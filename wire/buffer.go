package wire

import (
	"net"
	"sync"
)

// Buffer is what a goroutine borrows while it has bytes in hand: room to read
// into, and a batch of what it writes.
type Buffer struct {
	// B holds what was read; its capacity is the room.
	B []byte
	// Out gathers what goes out in one write.
	Out Batch
}

// Pool lends buffers of one size.
type Pool struct{ pool sync.Pool }

// NewPool makes a pool of buffers with room for so many bytes in and, of
// copies, out.
func NewPool(in, out int) *Pool {
	p := &Pool{}
	p.pool.New = func() any {
		return &Buffer{B: make([]byte, 0, in), Out: Batch{copies: make([]byte, 0, out)}}
	}
	return p
}

// Get lends a buffer.
func (p *Pool) Get() *Buffer { return p.pool.Get().(*Buffer) }

// Put takes a buffer back; nil is fine.
func (p *Pool) Put(b *Buffer) {
	if b == nil {
		return
	}
	b.clear()
	p.pool.Put(b)
}

// clear forgets what the buffer was lent for.
func (b *Buffer) clear() {
	b.B = b.B[:0]
	b.Out.reset()
}

// maxPieces is how many pieces a batch holds: well below the kernel's limit of
// 1024 for one write.
const maxPieces = 64

// copyBelow is the size from which bytes are written from where they are
// instead of being copied next to the others.
const copyBelow = 2 << 10

// Batch gathers pieces and writes them together. Pieces it only refers to must
// stay as they are until Flush.
type Batch struct {
	copies []byte // small pieces, copied; never grows beyond its capacity
	begun  int    // copies from here on are in no piece yet
	pieces net.Buffers
	array  [maxPieces][]byte // what pieces is a slice of
	size   int
	direct direct // for writing to a socket
}

// Fits tells whether n more bytes can be gathered. Where not, Flush first; an
// empty batch takes any size.
func (b *Batch) Fits(n int) bool {
	if len(b.pieces)+2 > maxPieces {
		return false
	}
	return n >= copyBelow || len(b.copies)+n <= cap(b.copies)
}

// Room tells how many bytes may be appended to Tail without memory of their own.
func (b *Batch) Room() int {
	if len(b.pieces)+2 > maxPieces {
		return 0
	}
	return cap(b.copies) - len(b.copies)
}

// Len gives the number of bytes that wait for Flush.
func (b *Batch) Len() int { return b.size }

// Add gathers p.
func (b *Batch) Add(p []byte) {
	b.size += len(p)
	if len(p) < copyBelow && len(b.copies)+len(p) <= cap(b.copies) {
		b.copies = append(b.copies, p...)
		return
	}
	b.endCopies()
	b.append(p)
}

// Tail is what the caller may append bytes of its own making to. It should stay
// within what Fits allowed, and hand the result to Extend before anything else.
func (b *Batch) Tail() []byte { return b.copies }

// Extend gathers what was appended to Tail.
func (b *Batch) Extend(tail []byte) {
	before := len(b.copies)
	b.size += len(tail) - before
	if cap(tail) == cap(b.copies) {
		b.copies = tail
		return
	}
	b.endCopies()
	b.append(tail[before:])
}

func (b *Batch) endCopies() {
	if b.begun < len(b.copies) {
		p := b.copies[b.begun:len(b.copies):len(b.copies)]
		b.begun = len(b.copies)
		b.append(p)
	}
}

func (b *Batch) append(p []byte) {
	if b.pieces == nil {
		b.pieces = b.array[:0]
	}
	b.pieces = append(b.pieces, p)
}

// Flush writes all that was gathered; now is a reading of the clock that the
// caller has already. When it fails, what was not written stays and Flush can be
// called again.
func (b *Batch) Flush(c *Conn, now int64) error {
	if b.size == 0 {
		return nil
	}
	b.endCopies()
	c.beginWrite(now)
	for {
		n, err := b.writeOnce(c)
		if err == nil {
			b.reset()
			return nil
		}
		if !c.goOn(n, err) {
			return err
		}
	}
}

func (b *Batch) reset() {
	clear(b.pieces)
	b.copies, b.pieces, b.begun, b.size = b.copies[:0], nil, 0, 0
}
