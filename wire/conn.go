// Package wire reads and writes TCP and TLS connections that hold no buffer while
// they wait, and no goroutine while they are quiet: a session that is idle costs
// its two sockets and a little state.
package wire

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is a connection that takes its read buffer only when there is something
// to read. One goroutine may read while others write; writers must take turns.
type Conn struct {
	conn net.Conn // plain or TLS: what is written to and closed

	// Owned by the reader.
	raw     syscall.RawConn // of the TCP connection; nil where there is none
	fd      int             // its descriptor
	secure  *unblocked      // what TLS reads from; nil where the connection is plain
	try     func(fd uintptr) bool
	pool    *Pool
	buf     *Buffer
	spare   *Buffer // given back, for the next attempt to read
	readErr error

	// Owned by whoever's turn it is to write.
	writeLimit time.Duration
	writeUntil int64 // the deadline, in nanoseconds since epoch; 0 for none
	still      int32 // steps in which the peer took nothing
	queued     int32 // bytes that the peer had not confirmed at the last look

	endWrites atomic.Int64 // Unix nanoseconds after which no write may last; 0 for none

	parking parking
}

// epoch is what deadlines are kept since.
var epoch = time.Now()

// New wraps a plain connection. writeLimit is the longest that a write may wait
// for a peer that reads nothing; zero is for ever.
func New(c net.Conn, writeLimit time.Duration) *Conn {
	w := &Conn{conn: c, writeLimit: writeLimit}
	if w.raw = rawConn(c); w.raw != nil {
		_ = w.raw.Control(func(fd uintptr) { w.fd = int(fd) }) // fails only on a closed connection
	}
	w.try = w.tryRead
	return w
}

// NewTLS wraps a connection whose TLS handshake is still to be done, by make,
// over the transport it is given.
func NewTLS(c net.Conn, writeLimit time.Duration, make func(net.Conn) *tls.Conn) (*Conn, *tls.Conn) {
	w := New(c, writeLimit)
	if w.raw == nil {
		t := make(c)
		w.conn = t
		return w, t
	}
	w.secure = &unblocked{Conn: c, raw: w.raw}
	t := make(w.secure)
	w.conn = t
	return w, t
}

// Read waits until bytes have come and appends them to hold, or to a buffer of
// the pool where hold is nil. The caller owns the buffer it gets back, which is
// nil on an error unless hold was given. There must be room in hold. See ParkIn
// for ErrParked.
func (c *Conn) Read(pool *Pool, hold *Buffer) (*Buffer, error) {
	c.pool, c.buf, c.readErr = pool, hold, nil
	switch {
	case c.raw == nil:
		c.readHolding()
	case c.secure != nil:
		if parked := c.readTLS(); parked {
			return nil, ErrParked
		}
	case hold == nil && c.park():
		return nil, ErrParked
	default:
		if err := c.raw.Read(c.try); err != nil {
			c.readErr = err
		}
	}
	buf := c.buf
	c.buf = nil
	if c.readErr != nil && buf != hold {
		pool.Put(buf)
		buf = nil
	}
	c.parking.noteCame()
	return buf, c.readErr
}

// Done gives a buffer back that came from Read, when all in it is dealt with.
// It serves the next attempt to read and goes to the pool before the wait.
func (c *Conn) Done(pool *Pool, b *Buffer) {
	if b == nil || c.secure != nil || c.raw == nil || c.spare != nil {
		pool.Put(b)
		return
	}
	b.clear()
	c.spare = b
}

// take gives the buffer to read into.
func (c *Conn) take() *Buffer {
	if b := c.spare; b != nil {
		c.spare = nil
		if b.pool == c.pool {
			return b
		}
		b.pool.Put(b)
	}
	return c.pool.Get()
}

// fill appends what one read gives to the buffer.
func (c *Conn) fill(read func([]byte) (int, error)) {
	if c.buf == nil {
		c.buf = c.take()
	}
	b := c.buf.B
	n, err := read(b[len(b):cap(b)])
	c.buf.B = b[:len(b)+n]
	if n == 0 && err == nil {
		err = io.EOF
	}
	if n > 0 {
		err = nil // it comes again with the next read
	}
	c.readErr = err
}

// readHolding reads where waiting without a buffer is not to be had.
func (c *Conn) readHolding() { c.fill(c.conn.Read) }

// SetReadDeadline ends waiting and later reads at t. Any goroutine may call it.
func (c *Conn) SetReadDeadline(t time.Time) {
	c.parking.mu.Lock()
	c.parking.deadline = !t.IsZero()
	_ = c.conn.SetReadDeadline(t) // fails only on a closed connection
	c.parking.mu.Unlock()
	c.unpark()
}

// CloseWrite tells the peer that nothing more will come, and leaves reading open.
func (c *Conn) CloseWrite() error {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.conn.Close()
}

// Close closes the connection at once. Any goroutine may call it, and again.
func (c *Conn) Close() error {
	c.leavePoller()
	err := c.conn.Close()
	c.unpark()
	return err
}
