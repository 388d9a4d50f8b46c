package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// errWouldBlock is what TLS gets to see where its transport has nothing to read.
// It is temporary, so crypto/tls keeps what it has of a record and can be asked
// again.
var errWouldBlock net.Error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "nothing to read yet" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// recordHeader is the length of the header of a TLS record.
const recordHeader = 5

// unblocked is the transport under TLS. Its reads block until the handshake is
// done; then they return errWouldBlock instead, so that no buffer of TLS's
// caller is held while the connection waits.
type unblocked struct {
	net.Conn
	raw     syscall.RawConn
	started bool // the handshake is done

	ahead  [recordHeader]byte // what wait read
	nAhead int

	// For writing, which TLS does one at a time. A read may write too: it answers
	// a peer that asks for new keys.
	limit time.Duration // as Conn's writeLimit; 0 leaves deadlines to the caller
	brief atomic.Bool   // the write must not wait
	last  atomic.Int64  // Unix nanoseconds that no deadline may be beyond; 0 for none
}

// Write writes all of p, in steps as Conn.Write does it: below TLS, because TLS
// cannot go on after a write that timed out.
func (u *unblocked) Write(p []byte) (n int, err error) {
	if u.limit == 0 {
		return u.Conn.Write(p)
	}
	step, brief := u.limit/stepsInLimit, u.brief.Load()
	if brief {
		step = lastWordFor
	}
	var pace pace
	for {
		u.extend(step)
		m, err := u.push(p[n:])
		n += m
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || brief || u.last.Load() != 0 || !pace.goesOn(m, u.raw) {
			return n, err
		}
	}
}

// extend gives a write another step, or until the end of all writes.
func (u *unblocked) extend(step time.Duration) {
	if u.last.Load() == 0 {
		_ = u.Conn.SetWriteDeadline(time.Now().Add(step)) // fails only on a closed connection
	}
	if last := u.last.Load(); last != 0 {
		_ = u.Conn.SetWriteDeadline(time.Unix(0, last)) // the same
	}
}

// SetWriteDeadline keeps to the end of all writes: TLS gives its last word five
// seconds of its own accord.
func (u *unblocked) SetWriteDeadline(t time.Time) error {
	if last := u.last.Load(); last != 0 && (t.IsZero() || t.After(time.Unix(0, last))) {
		t = time.Unix(0, last)
	}
	return u.Conn.SetWriteDeadline(t)
}

func (u *unblocked) Read(p []byte) (int, error) {
	if u.nAhead > 0 {
		n := copy(p, u.ahead[:u.nAhead])
		copy(u.ahead[:], u.ahead[n:u.nAhead])
		u.nAhead -= n
		return n, nil
	}
	if !u.started {
		return u.Conn.Read(p)
	}
	var n int
	var err error
	ctlErr := u.raw.Read(func(fd uintptr) bool {
		n, err = receive(fd, p)
		return true
	})
	switch {
	case ctlErr != nil:
		return 0, ctlErr
	case errors.Is(err, syscall.EAGAIN):
		return 0, errWouldBlock
	case err == nil && n == 0:
		return 0, io.EOF
	}
	return n, err
}

// wait waits for the begin of the next record.
func (u *unblocked) wait() error {
	var err error
	ctlErr := u.raw.Read(func(fd uintptr) bool {
		u.nAhead, err = receive(fd, u.ahead[:])
		return !errors.Is(err, syscall.EAGAIN)
	})
	if ctlErr != nil {
		return ctlErr
	}
	if err == nil && u.nAhead == 0 {
		return io.EOF
	}
	return err
}

// readTLS decrypts what has come. Only when TLS has nothing left does it give
// the buffer back and wait, or tell that the poller waits in its place.
func (c *Conn) readTLS() (parked bool) {
	c.secure.started = true
	held := c.buf != nil
	for {
		c.fill(c.conn.Read)
		if c.readErr != errWouldBlock {
			return false
		}
		if !held {
			c.pool.Put(c.buf)
			c.buf = nil
			if c.park() {
				return true
			}
		}
		if c.readErr = c.secure.wait(); c.readErr != nil {
			return false
		}
	}
}
