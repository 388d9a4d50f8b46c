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
//
// What is written lies apart from what is read, and each together: a reader and a
// writer on two cores do not wait for each other's cache lines, and a lone frame
// meets few.
type Conn struct {
	conn   net.Conn   // plain or TLS: what is written to and closed
	secure *unblocked // what TLS reads from; nil where the connection is plain

	// Owned by whoever's turn it is to write.
	writeLimit time.Duration
	writeUntil int64 // the deadline, on the clock of Now; 0 for none
	pace       pace

	endWrites atomic.Int64 // Unix nanoseconds after which no write may last; 0 for none
	fd        int          // the TCP connection's descriptor

	// Owned by the reader.
	raw     syscall.RawConn // of the TCP connection; nil where there is none
	taker   Taker
	pool    *Pool
	buf     *Buffer
	spare   *Buffer // given back, for the next attempt to read
	readErr error

	parking parking
}

// New takes over a connection that is plain, or that Secure made. writeLimit is
// the longest that a write may wait for a peer that reads nothing; zero is for
// ever. Any other TLS connection holds its buffer while it waits.
func New(c net.Conn, writeLimit time.Duration) *Conn {
	w := &Conn{conn: c, writeLimit: writeLimit}
	if t, ok := c.(*tls.Conn); ok {
		if w.secure, ok = t.NetConn().(*unblocked); ok {
			w.raw, w.secure.limit = w.secure.raw, writeLimit
		}
	} else {
		w.conn = socketOf(c)
		w.raw = rawConn(w.conn)
	}
	if w.raw != nil {
		_ = w.raw.Control(func(fd uintptr) { w.fd = int(fd) }) // fails only on a closed connection
	}
	return w
}

// Secure puts TLS, which make gives, over a connection that New may take over
// later. The handshake is still to be done. Before New, it is a connection like
// any other.
func Secure(c net.Conn, make func(net.Conn) *tls.Conn) *tls.Conn {
	raw := rawConn(socketOf(c))
	if raw == nil {
		return make(c)
	}
	return make(&unblocked{Conn: c, raw: raw})
}

// socketOf takes off a connection what has only stood in front of its socket and
// has done its work, such as the reading of a PROXY header.
func socketOf(c net.Conn) net.Conn {
	if front, ok := c.(interface{ Socket() net.Conn }); ok {
		return front.Socket()
	}
	return c
}

// Read waits until bytes have come and appends them to hold, or to a buffer of
// the pool where hold is nil. The caller owns the buffer it gets back, which is
// nil on an error unless hold was given. There must be room in hold. See ParkIn
// for ErrParked.
func (c *Conn) Read(pool *Pool, hold *Buffer) (*Buffer, error) {
	if b := c.takeAhead(pool); b != nil {
		return b, nil
	}
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
		if err := c.raw.Read(c.tryRead); err != nil {
			c.readErr = err
		}
	}
	buf := c.buf
	c.buf = nil
	if c.readErr != nil && buf != hold {
		pool.Put(buf)
		buf = nil
	}
	c.noteCame(Now())
	return buf, c.readErr
}

// ReadAt gives the time, on the clock of Now, at which Read returned last. It is
// the reader's to ask.
func (c *Conn) ReadAt() int64 { return c.parking.came }

// take gives the buffer to read into.
func (c *Conn) take() *Buffer {
	if b := c.spare; b != nil {
		c.spare = nil
		return b
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
	c.parking.urgent.Store(c.parking.closed || !t.IsZero())
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

// Close closes the connection at once. TLS says so to the peer where that needs
// no more than a moment. Any goroutine may call it, and again.
func (c *Conn) Close() error {
	c.leavePoller()
	if c.secure != nil {
		c.secure.last.Store(time.Now().Add(lastWordFor).UnixNano())
	}
	err := c.conn.Close()
	c.unpark()
	return err
}
