package gateway

import (
	"errors"
	"time"
	"unicode/utf8"

	"github.com/stompgw/stompgw/sockjs"
	"github.com/stompgw/stompgw/wire"
)

// messageConn carries whole text messages of a client that has no WebSocket. A
// sockjs.Session is one. The session that was begun with it closes it.
type messageConn interface {
	// Receive waits for messages and gives them one behind the other.
	Receive() ([]byte, error)
	// SetMaxPost bounds what the client sends at a time from now on, in bytes.
	SetMaxPost(bytes int)
	// Send takes messages; open says that the last goes on with the next call. It
	// waits while there is no room.
	Send(messages [][]byte, open bool) error
	// Left tells whether the client is gone. Any goroutine may ask.
	Left() bool
	// Interrupt makes Receive fail, and Send beyond the time. Any goroutine may.
	Interrupt(t time.Time)
	// Close says the last words and the code, and waits for the client to take them.
	Close(lastWords []byte, code int, reason string, until time.Time)
	// Abort makes everything fail at once. Any goroutine may.
	Abort()
}

// maxParts is how many messages are gathered before they are sent.
const maxParts = 64

// polled is a client over a messageConn.
type polled struct {
	conn  messageConn
	parts [][]byte // owned by the writer: gathered and not sent
}

// receivePosted is receive for a client over HTTP.
func (c *client) receivePosted(pool *wire.Pool, deliver func([]byte, *wire.Batch) error, after func(*wire.Batch) error) error {
	messages, err := c.polled.conn.Receive()
	if err != nil {
		return c.polled.end(err)
	}
	buf := pool.Get()
	c.noteRead(wire.Now())
	c.progressed = true
	err = deliver(messages, &buf.Out)
	if flushed := after(&buf.Out); err == nil {
		err = flushed
	}
	pool.Put(buf)
	return err
}

func (p *polled) fits() bool { return len(p.parts) < maxParts }

func (p *polled) gathered() bool { return len(p.parts) > 0 }

func (p *polled) gather(part []byte) { p.parts = append(p.parts, part) }

// flush sends what was gathered.
func (p *polled) flush(open bool) error {
	err := p.conn.Send(p.parts, open)
	p.parts = nil
	return p.end(err)
}

// end says in the session's words what an error of the connection means.
func (p *polled) end(err error) error {
	switch {
	case errors.Is(err, sockjs.ErrAbsent), errors.Is(err, sockjs.ErrInterrupted):
		return clientClose{code: 1002, cause: err}
	case errors.Is(err, sockjs.ErrTooBig):
		const message = "a frame of the broker is larger than may wait for a poll here"
		return &endingError{endBy(TooBig, message, err).withError(errorFrame{code: codeMessageTooBig, message: message})}
	}
	return err
}

// bye ends the connection.
func (p *polled) bye(e ending, deadline time.Time) {
	code, text := e.code, e.text
	if errors.As(e.cause, &clientClose{}) {
		code, text = 1002, "Connection interrupted" // for a late poll
	}
	p.conn.Close(lastText(e), code, text, deadline)
}

// lastText gives the last frame for a client that can read nothing but text.
func lastText(e ending) []byte {
	if e.last != nil && !utf8.Valid(e.last) {
		return errorFrame{code: codeBadUTF8, message: "the broker's last frame is not UTF-8 and cannot go out as text"}.bytes()
	}
	return e.last
}
