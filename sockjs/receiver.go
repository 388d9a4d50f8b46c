package sockjs

import (
	"errors"
	"net/http"
	"os"
	"sync"
	"time"
	"unicode/utf8"
)

// receiver is a request that is being answered with frames. A session has one at
// a time.
type receiver struct {
	// Set once.
	session   *Session
	transport *transport
	callback  string
	w         http.ResponseWriter
	r         *http.Request
	control   *http.ResponseController

	// Owned by the request's goroutine.
	sent int // bytes of frames

	cutOff bool // guarded by session.mu: no write may last any more
}

// The frame that a second receiver gets.
var anotherOpen = AppendClose(nil, 2010, "Another connection still open")

// serve answers a request until the session, the transport or the client ends
// the answer.
func (rc *receiver) serve() {
	frame, opens, attached := rc.session.attach(rc)
	if !attached {
		if rc.begin() == nil {
			_ = rc.frame(frame) // the answer ends here, whether it arrives or not
		}
		return
	}
	rc.session.detach(rc, rc.run(opens))
}

// attach makes rc the session's receiver. Where that cannot be, the frame says
// why. The first receiver opens the session with the frame that says so.
func (s *Session) attach(rc *receiver) (frame []byte, opens, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closeFrame != nil && (s.cause != nil || s.last || s.receiver != nil && s.queue.whole() == 0):
		return s.closeFrame, false, false
	case s.cause != nil:
		return interrupted, false, false
	case s.receiver != nil:
		return anotherOpen, false, false
	}
	s.receiver = rc
	if s.absence != nil {
		s.absence.Stop()
	}
	opens, s.opened = !s.opened, true
	return nil, opens, true
}

// interrupted is what polls get of a session whose client is gone, until it is
// closed.
var interrupted = AppendClose(nil, 1002, "Connection interrupted")

// detach ends what attach began. An error means that what was written may be
// lost. Otherwise the next poll must come within the disconnect delay.
func (s *Session) detach(rc *receiver, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receiver = nil
	s.absentAt = time.Now()
	switch {
	case rc.cutOff || s.last:
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.failLocked(ErrSlow)
	case err != nil:
		s.failLocked(ErrInterrupted)
	case s.closeFrame != nil: // Close waits for the next poll
	case s.absence == nil:
		s.absence = time.AfterFunc(s.server.options.DisconnectDelay, s.absent)
	default:
		s.absence.Reset(s.server.options.DisconnectDelay)
	}
}

func (s *Session) absent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.receiver == nil && s.closeFrame == nil && time.Since(s.absentAt) >= s.server.options.DisconnectDelay {
		s.failLocked(ErrAbsent)
	}
}

// run writes frames as they come. It returns when the answer is to end.
func (rc *receiver) run(opens bool) error {
	if err := rc.begin(); err != nil {
		return err
	}
	if opens {
		if err := rc.frame([]byte(OpenFrame)); err != nil || !rc.transport.streaming {
			return err
		}
	} else if err := rc.flush(); err != nil {
		return err
	}
	s := rc.session
	beat := time.NewTimer(s.server.options.HeartBeat)
	defer beat.Stop()
	for rc.sent < s.server.options.StreamLimit {
		messages, closeFrame := s.take()
		switch {
		case len(messages.ends) > 0:
			if err := rc.messages(messages); err != nil || !rc.transport.streaming {
				return err
			}
		case closeFrame != nil:
			if err := rc.frame(closeFrame); err != nil {
				return err
			}
			s.saidGoodbye()
			return nil
		default:
			select {
			case <-s.wake:
				continue
			case <-s.over:
				return nil
			case <-rc.r.Context().Done():
				return ErrInterrupted
			case <-beat.C:
				if err := rc.frame([]byte(HeartBeatFrame)); err != nil || !rc.transport.streaming {
					return err
				}
			}
		}
		beat.Reset(s.server.options.HeartBeat)
	}
	return nil
}

// take gives the messages that wait, or the close frame when none is left.
func (s *Session) take() (messages queue, closeFrame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue.whole() > 0 || len(s.queue.ends) > 0 {
		messages = s.queue.take()
		s.written += messages.size()
		return messages, nil
	}
	return queue{}, s.closeFrame
}

// wrote makes room for n bytes of messages that were written.
func (s *Session) wrote(n int) {
	s.mu.Lock()
	s.written -= n
	s.mu.Unlock()
	notify(s.room)
}

func (s *Session) saidGoodbye() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.last {
		s.last = true
		close(s.farewell)
	}
}

// begin writes the header of the answer, and its prelude.
func (rc *receiver) begin() error {
	h := rc.w.Header()
	h.Set("Content-Type", rc.transport.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	noCache(h)
	if rc.transport.streaming {
		h.Set("X-Accel-Buffering", "no") // nginx would hold the frames back
	}
	if rc.transport.prelude == nil {
		return nil
	}
	return rc.write([]byte(rc.transport.prelude(rc.callback)))
}

// frame writes a frame that is no array of messages.
func (rc *receiver) frame(frame []byte) error {
	buf := buffers.Get().(*[]byte)
	defer putBuffer(buf)
	*buf = rc.appendBegin((*buf)[:0])
	*buf = rc.appendInside(*buf, frame)
	*buf = append(*buf, rc.transport.end...)
	if err := rc.write(*buf); err != nil {
		return err
	}
	rc.sent += len(*buf)
	return rc.flush()
}

// Sizes of the parts in which messages are written.
const (
	escapeSize = 4 << 10  // escaped at a time
	writeSize  = 16 << 10 // written at a time, or a little more
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, writeSize+escapeSize); return &b }}

func putBuffer(b *[]byte) {
	if cap(*b) <= 8*writeSize {
		buffers.Put(b)
	}
}

// messages writes a frame with all the messages.
func (rc *receiver) messages(q queue) error {
	buf, part := buffers.Get().(*[]byte), buffers.Get().(*[]byte)
	defer putBuffer(buf)
	defer putBuffer(part)
	*buf = rc.appendBegin((*buf)[:0])
	*buf = rc.appendInside(*buf, []byte(MessageBegin))
	begin, done := 0, 0
	for i, end := range q.ends {
		if i > 0 {
			*buf = rc.appendInside(*buf, []byte(Separator))
		}
		for begin < end {
			n := wholeRunes(q.bytes[begin:end], escapeSize)
			*part = AppendEscaped((*part)[:0], q.bytes[begin:begin+n])
			*buf = rc.appendInside(*buf, *part)
			begin += n
			if len(*buf) >= writeSize {
				if err := rc.write(*buf); err != nil {
					return err
				}
				rc.sent += len(*buf)
				rc.session.wrote(begin - done)
				*buf, done = (*buf)[:0], begin
			}
		}
	}
	*buf = rc.appendInside(*buf, []byte(MessageEnd))
	*buf = append(*buf, rc.transport.end...)
	if err := rc.write(*buf); err != nil {
		return err
	}
	rc.sent += len(*buf)
	if err := rc.flush(); err != nil {
		return err
	}
	rc.session.wrote(begin - done)
	return nil
}

// wholeRunes gives the size of a prefix of p, of at most n bytes, that does not
// end inside a character.
func wholeRunes(p []byte, n int) int {
	if len(p) <= n {
		return len(p)
	}
	for n > 1 && !utf8.RuneStart(p[n]) {
		n--
	}
	return n
}

func (rc *receiver) appendBegin(dst []byte) []byte {
	if rc.transport.begin == nil {
		return dst
	}
	return append(dst, rc.transport.begin(rc.callback)...)
}

// appendInside appends a part of a frame.
func (rc *receiver) appendInside(dst, p []byte) []byte {
	if rc.transport.quoted {
		return appendQuoted(dst, p)
	}
	return append(dst, p...)
}

// write writes within the write timeout.
func (rc *receiver) write(p []byte) error {
	rc.extend()
	_, err := rc.w.Write(p)
	return err
}

// flush sends what net/http holds of an answer that goes on. One that ends is
// sent when it has ended, so that nobody has all of it, and polls again, before
// the session knows.
func (rc *receiver) flush() error {
	if !rc.transport.streaming {
		return nil
	}
	return rc.control.Flush()
}

// extend gives the next write its time, unless the answer is cut off.
func (rc *receiver) extend() {
	rc.session.mu.Lock()
	defer rc.session.mu.Unlock()
	if !rc.cutOff {
		_ = rc.control.SetWriteDeadline(time.Now().Add(rc.session.server.options.WriteTimeout)) // else the write has none
	}
}

// cut makes the write in progress fail, and all that follow. The caller holds
// session.mu, and rc is attached.
func (rc *receiver) cut() {
	rc.cutOff = true
	_ = rc.control.SetWriteDeadline(time.Unix(1, 0)) // the same
}
