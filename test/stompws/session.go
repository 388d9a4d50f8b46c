package stompws

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// Patience is how long the helpers of Session wait for something that must come.
const Patience = 20 * time.Second

// Session is a Client whose failures end the test.
type Session struct {
	*Client
	t testing.TB
}

// Open dials the WebSocket and closes it when the test ends.
func Open(t testing.TB, url string, o Options) *Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	c, err := Dial(ctx, url, o)
	if err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	return With(t, c)
}

// With makes a session of a client that is connected, and closes it when the test ends.
func With(t testing.TB, c *Client) *Session {
	t.Cleanup(c.Abort)
	return &Session{c, t}
}

// Connect sends CONNECT and returns the CONNECTED frame.
func (s *Session) Connect(header ...string) Frame {
	s.t.Helper()
	if err := s.Client.Send("CONNECT", "", header...); err != nil {
		s.t.Fatalf("send CONNECT: %v", err)
	}
	return s.Expect("CONNECTED")
}

// Do sends a frame.
func (s *Session) Do(command, body string, header ...string) {
	s.t.Helper()
	if err := s.Client.Send(command, body, header...); err != nil {
		s.t.Fatalf("send %s: %v", command, err)
	}
}

// DoReceipt sends a frame with a receipt header and waits for its RECEIPT; no other frame may come before.
func (s *Session) DoReceipt(command, body string, header ...string) {
	s.t.Helper()
	id := fmt.Sprintf("receipt of %s %d", command, time.Now().UnixNano())
	s.Do(command, body, append(header, "receipt", id)...)
	if got := s.Expect("RECEIPT").Get("receipt-id"); got != id {
		s.t.Fatalf("receipt-id: got %q, want %q", got, id)
	}
}

// Next returns the next frame.
func (s *Session) Next() Frame {
	s.t.Helper()
	f, err := s.Client.Read(Patience)
	if err != nil {
		s.t.Fatalf("read the next frame: %v", err)
	}
	return f
}

// Expect returns the next frame, which must have the command.
func (s *Session) Expect(command string) Frame {
	s.t.Helper()
	f, err := s.Client.Read(Patience)
	if err != nil {
		s.t.Fatalf("wait for %s: %v", command, err)
	}
	if f.Command != command {
		s.t.Fatalf("got %v, want a %s frame", f, command)
	}
	return f
}

// ExpectBody returns the next frame, which must be a MESSAGE with the body.
func (s *Session) ExpectBody(body string) Frame {
	s.t.Helper()
	f := s.Expect("MESSAGE")
	if string(f.Body) != body {
		s.t.Fatalf("body of MESSAGE: got %.100q (%d bytes), want %.100q (%d bytes)", f.Body, len(f.Body), body, len(body))
	}
	return f
}

// ExpectNothing reads for a while, in which no frame may come.
func (s *Session) ExpectNothing(during time.Duration) {
	s.t.Helper()
	f, err := s.Client.Read(during)
	if err == nil {
		s.t.Fatalf("got %v, want nothing for %s", f, during)
	}
	if err != ErrTimeout {
		s.t.Fatalf("got %v, want nothing for %s", err, during)
	}
}

// ExpectClose reads until the connection ends, which must be with the code, and returns the frames before that.
func (s *Session) ExpectClose(code int) []Frame {
	s.t.Helper()
	return s.ExpectCloseWithin(code, Patience)
}

// ExpectCloseWithin is ExpectClose with a time of its own.
func (s *Session) ExpectCloseWithin(code int, within time.Duration) []Frame {
	s.t.Helper()
	got, frames, err := s.Client.CloseCode(within)
	if got != code {
		s.t.Fatalf("close code: got %d (%v), want %d; frames before: %v", got, err, code, frames)
	}
	return frames
}
