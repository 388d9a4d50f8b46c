package sockjs

import (
	"errors"
	"net/http"
	"os"
	"time"
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
	err := rc.run(opens)
	rc.extend() // net/http writes the end of the answer
	rc.session.detach(rc, err)
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
	handOver := HandOver(rc.r.Context())
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
			case <-handOver:
				if rc.transport.streaming {
					return nil
				}
				return rc.frame([]byte(HeartBeatFrame)) // no answer is without a frame
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
