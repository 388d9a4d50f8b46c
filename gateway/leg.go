package gateway

import (
	"time"

	"github.com/stompgw/stompgw/websocket"
	"github.com/stompgw/stompgw/wire"
)

// What the session asks of its client's leg, whichever carries it: a bare
// WebSocket, one with SockJS's frames, or SockJS over HTTP. The fields are looked
// at instead of a table of methods, so that a bare WebSocket pays for the others
// with a comparison only.

// send writes a whole STOMP frame in a message of its own; the caller has the
// turn, and no message is in progress.
func (c *client) send(frame []byte) error {
	switch {
	case c.polled != nil:
		return c.polled.end(c.polled.conn.Send([][]byte{frame}, false))
	case c.framed != nil:
		return c.write(appendFramed(nil, frame))
	}
	return c.write(append(websocket.AppendHeader(nil, c.messageType.opcode(frame), true, len(frame)), frame...))
}

// beat writes a STOMP heart-beat if it can be written at once.
func (c *client) beat() error {
	frame := framedBeat
	if c.framed == nil {
		frame = c.messageType.heartBeat()
	}
	sent, err := c.tryControl(frame, nil)
	if sent {
		c.written.set(c.gw.clock())
	}
	return err
}

// ping asks for a sign of life if that can be written at once, and tells whether it
// was.
func (c *client) ping() (sent bool, err error) {
	if c.framed != nil {
		return c.tryControl(framedPing, pingFrame)
	}
	return c.tryControl(pingFrame, pingFrame)
}

// keepsItself tells whether the leg needs no pings and no heart-beats of the
// session's: SockJS over HTTP has its own, and notices when its client is gone.
func (c *client) keepsItself() bool { return c.polled != nil }

// setMaxPost bounds what a client of SockJS sends at a time, which is held in
// memory. Only the reader may.
func (c *client) setMaxPost(bytes int) {
	if c.framed != nil {
		c.framed.most = bytes
	}
	if c.polled != nil {
		c.polled.conn.SetMaxPost(bytes)
	}
}

// left tells whether the client is gone, without reading. Any goroutine may ask.
func (c *client) left() bool {
	if c.polled != nil {
		return c.polled.conn.Left()
	}
	return c.conn.Left()
}

// fits tells whether a part of a message can be gathered. Where not, flush
// first.
func (c *client) fits(out *wire.Batch, p []byte) bool {
	switch {
	case c.polled != nil:
		return c.polled.fits()
	case c.framed != nil:
		return c.framed.fits(out, p)
	}
	return out.Fits(websocket.MaxHeader + len(p))
}

// gather adds a message, or a part of one, to what flush writes. p must stay as
// it is until then.
func (c *client) gather(out *wire.Batch, op websocket.Opcode, last bool, p []byte) {
	switch {
	case c.polled != nil:
		c.polled.gather(p)
	case c.framed != nil:
		c.framed.gather(out, op, last, p)
	default:
		out.Extend(websocket.AppendHeader(out.Tail(), op, last, len(p)))
		out.Add(p)
	}
}

// gathered tells whether there is something to flush.
func (c *client) gathered(out *wire.Batch) bool {
	return out.Len() > 0 || c.polled != nil && c.polled.gathered()
}

// interrupt makes waiting and later reads fail, and writes that last beyond t.
func (c *client) interrupt(t time.Time) {
	if c.polled != nil {
		c.polled.conn.Interrupt(t)
		return
	}
	c.conn.SetReadDeadline(longAgo)
	c.conn.EndWrites(t)
}

// close cuts the leg off at once.
func (c *client) close() {
	if c.polled != nil {
		c.polled.conn.Abort()
		return
	}
	_ = c.conn.Close() // closing twice is harmless
}
