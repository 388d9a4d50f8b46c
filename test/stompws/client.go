// Package stompws is a small STOMP client for tests, over WebSocket and over plain TCP. It says exactly what it is
// told to say, right or wrong, and shares no code with the gateway.
package stompws

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// ErrTimeout is what reading returns when nothing came in time. The connection stays usable.
var ErrTimeout = errors.New("nothing came in time")

// CloseError is how the server ended a WebSocket.
type CloseError struct {
	Code   int
	Reason string
}

func (e CloseError) Error() string { return fmt.Sprintf("closed with %d %q", e.Code, e.Reason) }

// Message is what one read gave: a whole WebSocket message, or some bytes of a TCP stream.
type Message struct {
	Data   []byte
	Binary bool
}

// carrier moves bytes. Only the client's reader calls read.
type carrier interface {
	read() (Message, error)
	write(m Message) error
	close(code int) error // in order, with a closing handshake where there is one
	abort()               // at once
}

// Client is one connection. Reading and writing may be done by one goroutine each.
//
// A goroutine reads ahead by one message only, so a client that does not read makes the server wait.
type Client struct {
	// Set once when dialled.
	carrier  carrier
	messages chan Message
	done     chan struct{} // closed when the reader has ended
	quit     chan struct{} // closed to end the reader
	readErr  error         // why the reader ended; read after done is closed

	// Owned by the goroutine that reads.
	rest    []byte
	Version string // set from CONNECTED; how headers are escaped; "1.0" before

	beats   atomic.Int64 // heart-beats received
	arrived atomic.Int64 // frames given to the caller
	writing sync.Mutex
	ending  sync.Once
	beating sync.WaitGroup
}

func newClient(c carrier) *Client {
	client := &Client{
		carrier: c, messages: make(chan Message), Version: "1.0",
		done: make(chan struct{}), quit: make(chan struct{}),
	}
	go client.readAhead()
	return client
}

func (c *Client) readAhead() {
	defer close(c.done)
	for {
		m, err := c.carrier.read()
		if err != nil {
			c.readErr = err
			return
		}
		select {
		case c.messages <- m:
		case <-c.quit:
			c.readErr = net.ErrClosed
			return
		}
	}
}

// ReadMessage returns the next message as it came.
func (c *Client) ReadMessage(timeout time.Duration) (Message, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case m := <-c.messages:
		return m, nil
	case <-c.done:
		return Message{}, c.readErr
	case <-timer.C:
		return Message{}, ErrTimeout
	}
}

// Read returns the next frame and takes heart-beats on the way.
func (c *Client) Read(timeout time.Duration) (Frame, error) {
	deadline := time.Now().Add(timeout)
	for {
		for len(c.rest) > 0 && (c.rest[0] == '\n' || c.rest[0] == '\r') {
			c.rest = c.rest[1:]
			c.beats.Add(1)
		}
		if len(c.rest) > 0 {
			f, n, err := parse(c.rest, c.Version)
			if err == nil {
				c.rest = c.rest[n:]
				// RabbitMQ writes a line break after the NUL; it belongs to the frame.
				c.rest = bytes.TrimPrefix(c.rest, []byte("\n"))
				c.note(f)
				return f, nil
			}
			if !errors.Is(err, errShort) {
				return f, fmt.Errorf("the server sent nonsense: %w", err)
			}
		}
		m, err := c.ReadMessage(time.Until(deadline))
		if err != nil {
			if len(c.rest) > 0 && !errors.Is(err, ErrTimeout) {
				err = fmt.Errorf("%w (in the middle of a frame: %.60q)", err, c.rest)
			}
			return Frame{}, err
		}
		c.rest = append(c.rest, m.Data...)
	}
}

func (c *Client) note(f Frame) {
	c.arrived.Add(1)
	if f.Command == "CONNECTED" && f.Has("version") {
		c.Version = f.Get("version")
	}
}

// HeartBeats is how many line breaks were seen between frames so far, by Read.
func (c *Client) HeartBeats() int64 { return c.beats.Load() }

// Send writes a frame as one text message, with content-length when there is a body. Headers are name, value, ….
func (c *Client) Send(command string, body string, header ...string) error {
	if body != "" {
		header = append(header, "content-length", strconv.Itoa(len(body)))
	}
	return c.SendFrame(Frame{Command: command, Header: header, Body: []byte(body)})
}

// SendFrame writes the frame as it is, in one message: text where it is UTF-8, else binary.
func (c *Client) SendFrame(f Frame) error {
	data := f.Marshal(c.Version)
	return c.Write(Message{Data: data, Binary: !utf8.Valid(data)})
}

// Write writes bytes as one message, whatever they hold. A broken connection is found by reading.
func (c *Client) Write(m Message) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.carrier.write(m)
}

// Beat sends a heart-beat at every interval until the connection ends.
func (c *Client) Beat(interval time.Duration) {
	c.beating.Add(1)
	go func() {
		defer c.beating.Done()
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if c.Write(Message{Data: []byte("\n")}) != nil {
					return
				}
			case <-c.done:
				return
			case <-c.quit:
				return
			}
		}
	}()
}

// Close ends the connection in order. It may be called more than once.
func (c *Client) Close() { c.end(func() { _ = c.carrier.close(1000) }) }

// Abort ends the connection at once, without a closing handshake.
func (c *Client) Abort() { c.end(c.carrier.abort) }

func (c *Client) end(how func()) {
	c.ending.Do(func() {
		close(c.quit)
		how()
		c.carrier.abort()
	})
	<-c.done
	c.beating.Wait()
}

// CloseCode reads on until the connection ends and returns the close code of the server, 1006 when there was none, as
// browsers have it, and the frames that came before.
func (c *Client) CloseCode(timeout time.Duration) (int, []Frame, error) {
	var frames []Frame
	deadline := time.Now().Add(timeout)
	for {
		f, err := c.Read(time.Until(deadline))
		var closed CloseError
		switch {
		case err == nil:
			frames = append(frames, f)
		case errors.As(err, &closed):
			return closed.Code, frames, nil
		case errors.Is(err, ErrTimeout):
			return 0, frames, fmt.Errorf("still open after %s, frames so far: %v", timeout, frames)
		case errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed):
			return 1006, frames, nil
		default:
			return 1006, frames, err
		}
	}
}
