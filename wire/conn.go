// Package wire reads and writes one TCP or TLS connection without holding a
// buffer while it waits: a session that is idle costs its two stacks and its two
// sockets, nothing more.
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
	secure  *unblocked      // what TLS reads from; nil where the connection is plain
	try     func(fd uintptr) bool
	pool    *Pool
	buf     *Buffer
	readErr error

	// Owned by whoever's turn it is to write.
	writeLimit time.Duration
	writeUntil time.Time

	endWrites atomic.Int64 // Unix nanoseconds after which no write may last; 0 for none
}

// New wraps a plain connection. writeLimit is the longest that a write may wait
// for the peer to read; zero is for ever.
func New(c net.Conn, writeLimit time.Duration) *Conn {
	w := &Conn{conn: c, writeLimit: writeLimit}
	w.raw = rawConn(c)
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
// nil on an error unless hold was given.
func (c *Conn) Read(pool *Pool, hold *Buffer) (*Buffer, error) {
	c.pool, c.buf, c.readErr = pool, hold, nil
	switch {
	case c.raw == nil:
		c.readHolding()
	case c.secure != nil:
		c.readTLS()
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
	return buf, c.readErr
}

// fill appends what one read gives to the buffer.
func (c *Conn) fill(read func([]byte) (int, error)) {
	if c.buf == nil {
		c.buf = c.pool.Get()
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

// Write writes all of p within the write limit.
func (c *Conn) Write(p []byte) (int, error) {
	c.renewDeadline(time.Now())
	return c.conn.Write(p)
}

// TryWrite writes p, waiting no longer than given where the socket is full.
func (c *Conn) TryWrite(p []byte, wait time.Duration) (int, error) {
	c.setWriteDeadline(time.Now().Add(wait))
	n, err := c.conn.Write(p)
	c.writeUntil = time.Time{} // the next write renews its deadline
	return n, err
}

// writev writes all of v, in one call where the
// connection can. What is not written when it fails stays in v.
func (c *Conn) writev(v *net.Buffers) error {
	if c.secure == nil {
		_, err := v.WriteTo(c.conn)
		return err
	}
	for len(*v) > 0 {
		n, err := c.conn.Write((*v)[0])
		if (*v)[0] = (*v)[0][n:]; err != nil {
			return err
		}
		(*v)[0], *v = nil, (*v)[1:]
	}
	return nil
}

// renewDeadline moves the write deadline on, but not for every write: a timer
// that is changed for each frame costs more than it is worth. The limit is kept
// to within an eighth.
func (c *Conn) renewDeadline(now time.Time) {
	if c.writeLimit == 0 || c.endWrites.Load() != 0 {
		return
	}
	if until := now.Add(c.writeLimit); until.Sub(c.writeUntil) > c.writeLimit/8 {
		c.setWriteDeadline(until)
	}
}

func (c *Conn) setWriteDeadline(t time.Time) {
	c.writeUntil = t
	_ = c.conn.SetWriteDeadline(t) // fails only on a closed connection
	if end := c.endWrites.Load(); end != 0 {
		_ = c.conn.SetWriteDeadline(time.Unix(0, end)) // the same
	}
}

// EndWrites makes writes fail that last beyond t, those in progress too. Any
// goroutine may call it; LimitWrites undoes it.
func (c *Conn) EndWrites(t time.Time) {
	c.endWrites.Store(t.UnixNano())
	_ = c.conn.SetWriteDeadline(t) // fails only on a closed connection
}

// LimitWrites replaces the write limit by one deadline, for the last words on a
// connection.
func (c *Conn) LimitWrites(until time.Time) {
	c.writeLimit = 0
	c.endWrites.Store(0)
	c.setWriteDeadline(until)
}

// SetReadDeadline ends waiting and later reads at t. Any goroutine may call it.
func (c *Conn) SetReadDeadline(t time.Time) {
	_ = c.conn.SetReadDeadline(t) // fails only on a closed connection
}

// CloseWrite tells the peer that nothing more will come, and leaves reading open.
func (c *Conn) CloseWrite() error {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.conn.Close()
}

// Close closes the connection at once.
func (c *Conn) Close() error { return c.conn.Close() }
