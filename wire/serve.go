package wire

// Taker is who a connection's bytes are for.
type Taker interface {
	// Take deals with what the buffer holds, to which what came last was appended.
	// It gives the buffer back, with what the next bytes are to follow; nil where it
	// keeps the buffer. An error ends Serve.
	Take(*Buffer) (*Buffer, error)
}

// Serve reads and has the taker deal with what comes, until one of them fails,
// and gives that error. hold is what the first bytes are to follow; nil for
// nothing. The buffer that holds bytes when Serve returns is the taker's. See
// ParkIn for ErrParked.
//
// All reads are one to the runtime, because its begin and end cost about as much
// as our part of a lone frame. So the taker must not close the connection: that
// waits for the read to end.
func (c *Conn) Serve(pool *Pool, hold *Buffer, t Taker) error {
	if c.raw == nil || c.secure != nil {
		return c.serveSlowly(pool, hold, t)
	}
	c.pool, c.taker = pool, t
	c.goOnWith(hold)
	if b := c.takeAhead(pool); b != nil {
		c.buf = b
		c.deal()
	}
	for c.readErr == nil {
		if c.buf == nil && c.park() {
			return ErrParked
		}
		if err := c.raw.Read(c.serveReady); err != nil {
			c.readErr = err
		}
	}
	c.goOnWith(c.buf)
	pool.Put(c.spare)
	c.buf, c.spare = nil, nil
	err := c.readErr
	c.readErr = nil
	return err
}

// serveReady reads and has it taken as long as there is something to read. It is
// what syscall.RawConn calls again each time the socket gets readable, until it
// tells that something else is to be looked at.
func (c *Conn) serveReady(fd uintptr) bool {
	for c.tryRead(fd) {
		if c.readErr != nil {
			return true
		}
		c.noteCame(Now())
		c.deal()
		if c.readErr != nil || c.parking.urgent.Load() || c.buf == nil && c.parking.quiet {
			return true
		}
	}
	return false
}

// deal has the buffer taken.
func (c *Conn) deal() {
	buf, err := c.taker.Take(c.buf)
	c.readErr = err
	c.goOnWith(buf)
}

// goOnWith takes a buffer back. An empty one serves the next attempt to read, and
// goes to the pool before the wait.
func (c *Conn) goOnWith(b *Buffer) {
	c.buf = b
	if b != nil && len(b.B) == 0 {
		b.clear()
		c.buf, c.spare = nil, b
	}
}

// serveSlowly is Serve where reading has more to it.
func (c *Conn) serveSlowly(pool *Pool, hold *Buffer, t Taker) error {
	for {
		if hold != nil && len(hold.B) == 0 {
			pool.Put(hold)
			hold = nil
		}
		buf, err := c.Read(pool, hold)
		if err != nil {
			return err
		}
		if hold, err = t.Take(buf); err != nil {
			return err
		}
	}
}
