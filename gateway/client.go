package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/stompgw/stompgw/websocket"
	"github.com/stompgw/stompgw/wire"
)

// clientClose is the error of a client that closed the WebSocket, or whose
// SockJS session has lost its client for the cause.
type clientClose struct {
	code  int
	cause error
}

func (c clientClose) Error() string {
	if c.cause != nil {
		return c.cause.Error()
	}
	return fmt.Sprintf("client closed the websocket with %d", c.code)
}

// client is the browser's leg of a session: a WebSocket that carries STOMP, bare
// or in SockJS's frames, or a SockJS session over HTTP, which is in polled.go.
type client struct {
	// Set once.
	gw     *Gateway
	conn   *wire.Conn // nil for a session over HTTP
	framed *framed    // nil but for SockJS's frames in a WebSocket
	polled *polled    // nil but for a session over HTTP

	// Owned by the reader, but for what is atomic.
	read       stamp // when bytes came last
	readAt     int64 // the same, exactly
	progressed bool  // payload has come since the session looked
	// Set once; they stand here because there is room.
	messageType MessageType
	transport   transport
	decoder     websocket.Decoder
	rest        []byte // came behind the handshake

	_ [64]byte // the writer has another core's cache line

	written stamp // when a message or a heart-beat went last; STOMP hears nothing of pings and pongs
	taken   stamp // when the client last took bytes that had waited for it: a sign of life

	// mu is the turn to write: a whole frame, or a batch of them, at a time.
	mu        sync.Mutex
	inMessage bool        // a fragmented message is begun and not ended
	broken    bool        // a frame went out in part, or a close frame did: nothing may follow
	unsent    *wire.Batch // what is left of a batch that went out in part; nil for none
}

// receive waits for bytes and hands the payload in them to deliver, piece by
// piece, with a batch for what comes of it; after is called last, whatever
// happened, to write the batch. Pings are answered. Payload and batch are lent
// only for the call. The error is deliver's, after's, a clientClose, one of the
// decoder's or the connection's.
func (c *client) receive(pool *wire.Pool, deliver func(payload []byte, out *wire.Batch) error, after func(out *wire.Batch) error) error {
	if c.polled != nil {
		return c.receivePosted(pool, deliver, after)
	}
	buf, err := c.input(pool)
	if err != nil {
		return err
	}
	err = c.take(buf, deliver, after)
	pool.Put(buf)
	return err
}

func (c *client) take(buf *wire.Buffer, deliver func([]byte, *wire.Batch) error, after func(*wire.Batch) error) error {
	err := c.decode(buf, deliver)
	if flushed := after(&buf.Out); err == nil {
		err = flushed
	}
	return err
}

// noteRead notes when bytes came.
func (c *client) noteRead(now int64) {
	c.readAt = now
	c.read.set(now)
}

// between tells whether the input so far ended between two messages.
func (c *client) between() bool { return c.decoder.Between() }

// input gives what came behind the handshake, then what comes.
func (c *client) input(pool *wire.Pool) (*wire.Buffer, error) {
	if c.rest == nil {
		buf, err := c.conn.Read(pool, nil)
		if err == nil {
			c.noteRead(c.conn.ReadAt())
		}
		return buf, err
	}
	c.noteRead(wire.Now())
	buf := pool.Get()
	n := copy(buf.B[:cap(buf.B)], c.rest)
	buf.B = buf.B[:n]
	if c.rest = c.rest[n:]; len(c.rest) == 0 {
		c.rest = nil
	}
	return buf, nil
}

func (c *client) decode(buf *wire.Buffer, deliver func([]byte, *wire.Batch) error) error {
	for p := buf.B; len(p) > 0; {
		payload, n, err := c.decoder.Whole(p)
		switch {
		case err != nil:
		case n > 0:
			err = c.takePayload(payload, true, &buf.Out, deliver)
		default:
			n, err = c.decodeStep(p, &buf.Out, deliver)
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// decodeStep takes the next piece of what does not come as a whole message, and
// gives the bytes it took.
func (c *client) decodeStep(p []byte, out *wire.Batch, deliver func([]byte, *wire.Batch) error) (int, error) {
	piece, n, err := c.decoder.Next(p)
	if err != nil {
		return n, err
	}
	switch piece.Kind {
	case websocket.Data:
		err = c.takePayload(piece.Payload, piece.Final, out, deliver)
	case websocket.Ping:
		err = c.control(websocket.AppendPong(make([]byte, 0, 2+len(piece.Payload)), piece.Payload))
	case websocket.Close:
		var code int
		if code, err = websocket.CloseCode(piece.Payload); err == nil {
			err = clientClose{code: code}
		}
	}
	return n, err
}

// takePayload takes a message, or a part of one; final says that it is the last.
func (c *client) takePayload(p []byte, final bool, out *wire.Batch, deliver func([]byte, *wire.Batch) error) error {
	c.progressed = true
	if c.framed != nil {
		return c.framed.take(p, final, out, deliver)
	}
	return deliver(p, out)
}

// control writes a small frame of its own, such as a pong.
func (c *client) control(frame []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(frame)
}

// errBroken is the error of writing after a write that failed.
var errBroken = errors.New("an earlier write failed")

// write writes one whole frame; the caller has the turn.
func (c *client) write(frame []byte) error {
	if c.broken {
		return errBroken
	}
	begin := c.gw.clock()
	n, err := c.conn.Write(frame)
	if err != nil {
		c.broken = n > 0
		return err
	}
	c.noteTaken(begin)
	return nil
}

// noteWritten notes that the messages that there were to write since the time have
// gone out, and gives the time of that.
func (c *client) noteWritten(since int64) int64 {
	now := c.noteTaken(since)
	c.written.set(now)
	return now
}

// noteTaken notes that what there was to write since the time has gone out, and
// gives the time of that. The caller has the turn: before others find the client
// free, what it has taken must count as a sign of life.
func (c *client) noteTaken(since int64) int64 {
	now := c.gw.clock()
	if now-since >= pausedFrom {
		c.taken.set(now)
	}
	return now
}

// tryControl is control for those who must not wait. It tells whether the frame was
// sent: not where another writes, or the socket is full, and the leg is not silent
// anyway. Within a fragmented message goes inside instead, which is no message of
// its own; nil for nothing.
func (c *client) tryControl(frame, inside []byte) (sent bool, err error) {
	if !c.mu.TryLock() {
		return false, nil
	}
	defer c.mu.Unlock()
	if c.inMessage {
		frame = inside
	}
	if c.broken || frame == nil {
		return false, nil
	}
	n, err := c.conn.TryWrite(frame)
	switch {
	case n == len(frame):
		return true, err
	case n == 0 && errors.Is(err, wire.ErrFull):
		return false, nil
	}
	c.broken = true
	return false, cmp.Or(err, io.ErrShortWrite)
}

// flush writes a batch of whole WebSocket frames, after which a fragmented
// message is open or not, and gives the time when it had gone out; since is when
// its bytes came. What is left of the batch after an error must go out before
// anything else can.
func (c *client) flush(out *wire.Batch, inMessage bool, since int64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.polled != nil {
		c.inMessage = inMessage
		if err := c.polled.flush(inMessage); err != nil {
			return 0, err
		}
		return c.noteWritten(since), nil
	}
	if c.broken {
		return 0, errBroken
	}
	c.inMessage = inMessage // once what is left of a batch has gone out, too
	if err := out.Flush(c.conn, since); err != nil {
		c.broken, c.unsent = true, out
		return 0, err
	}
	return c.noteWritten(since), nil
}

// bye says the last words: what is left of an unfinished batch, an ERROR frame,
// the close frame. Then it waits for the client's close frame, unless that came
// before. All of it must be done by the deadline.
func (c *client) bye(e ending, pool *wire.Pool, deadline time.Time) {
	if c.polled != nil {
		c.polled.bye(e, deadline)
		return
	}
	c.mu.Lock()
	c.conn.LimitWrites(deadline)
	if c.unsent != nil {
		c.broken = c.unsent.Flush(c.conn, wire.Now()) != nil
	}
	var words []byte
	switch {
	case c.inMessage: // nothing but control frames may come now
	case c.framed != nil:
		words = appendFramedLast(words, e)
	case e.last != nil:
		last := e.last
		if c.messageType == TextMessages {
			last = lastText(e)
		}
		words = websocket.AppendHeader(words, c.messageType.opcode(last), true, len(last))
		words = append(words, last...)
	}
	err := c.write(websocket.AppendClose(words, e.code, e.text))
	c.broken = true
	c.mu.Unlock()
	if closed := (clientClose{}); err != nil || errors.As(e.cause, &closed) {
		return
	}
	c.conn.SetReadDeadline(deadline)
	if !errors.Is(e.cause, websocket.ErrProtocol) && !errors.Is(e.cause, websocket.ErrUTF8) {
		for err == nil {
			err = c.receive(pool, ignore, func(*wire.Batch) error { return nil })
		}
		if errors.As(err, &clientClose{}) {
			return
		}
	}
	drain(c.conn, pool)
}

func ignore([]byte, *wire.Batch) error { return nil }

// drain reads until the peer has closed or the read deadline passes, so that
// closing does not reset the connection and take the last words with it.
func drain(c *wire.Conn, pool *wire.Pool) {
	for {
		buf, err := c.Read(pool, nil)
		if err != nil {
			return
		}
		pool.Put(buf)
	}
}
