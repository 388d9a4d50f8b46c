package sockjs

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of a session whose client is gone, or must go.
var (
	// ErrInterrupted: a request that waited or was being answered was given up.
	// What was written to it may be lost, so the session cannot go on.
	ErrInterrupted = errors.New("the client gave up a poll")
	// ErrAbsent: no poll came for the disconnect delay, which is how clients of
	// polling transports leave.
	ErrAbsent = errors.New("no poll came in time")
	// ErrSlow: the client did not take what was written to it.
	// It is an os.ErrDeadlineExceeded.
	ErrSlow = fmt.Errorf("write to a poll: %w", os.ErrDeadlineExceeded)
	// ErrTooBig: a message is larger than what may wait for a poll.
	ErrTooBig = errors.New("the message is larger than what may wait for a poll")
)

// Session is one client of an HTTP transport. One goroutine may receive while
// another sends; Interrupt and Abort are for any. Whoever began it closes it.
type Session struct {
	// Set once.
	server    *Server
	id        string
	owner     any
	transport string

	posts    chan struct{} // size maxPosts: a request that posts, or waits for its turn, holds a place
	posting  chan struct{} // size 1: one of them holds the turn
	incoming chan []byte   // size 0: from a request that posts to Receive
	wake     chan struct{} // size 1: there is something for the receiver
	room     chan struct{} // size 1: the state changed that Send waits for
	over     chan struct{} // closed with cause
	ending   chan struct{} // closed by Interrupt
	aborted  chan struct{} // closed by Abort
	farewell chan struct{} // closed when a receiver has written the close frame

	maxPost atomic.Int64 // bytes of a request's body

	mu         sync.Mutex // never held over I/O; it guards what follows
	cause      error      // why the client is gone; nil while it is not
	queue      queue
	written    int       // bytes that the receiver has taken and not written
	sendUntil  time.Time // set by Interrupt
	closeFrame []byte    // nil until Close
	opened     bool      // the open frame was written, or is about to be
	last       bool      // the close frame was written
	receiver   *receiver // the request that is being answered; nil for none
	absentAt   time.Time // since when there is none
	absence    *time.Timer
}

func newSession(v *Server, id, transport string, owner any) *Session {
	s := &Session{
		server: v, id: id, owner: owner, transport: transport,
		posts: make(chan struct{}, maxPosts), posting: make(chan struct{}, 1), incoming: make(chan []byte),
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1),
		over: make(chan struct{}), ending: make(chan struct{}),
		aborted: make(chan struct{}), farewell: make(chan struct{}),
	}
	s.SetMaxPost(v.options.MaxPost)
	return s
}

// SetMaxPost bounds the body of a request from now on, in bytes. Any goroutine may.
func (s *Session) SetMaxPost(bytes int) { s.maxPost.Store(int64(bytes)) }

// Transport names the one that opened the session.
func (s *Session) Transport() string { return s.transport }

// Receive waits for messages of the client and gives those of one request, one
// behind the other; the caller owns them. The error is one of those above, or
// os.ErrDeadlineExceeded after Interrupt.
func (s *Session) Receive() ([]byte, error) {
	select {
	case p := <-s.incoming:
		return p, nil
	case <-s.over:
		return nil, s.why()
	case <-s.ending:
		return nil, os.ErrDeadlineExceeded
	}
}

// Send has messages wait for the next poll; open says that the last is only the
// begin of one, which goes on with the next call and is held until it is whole.
// They are copied. Send blocks while there is no room, until the client has taken
// nothing for the write timeout. The error is one of those above, or os.ErrDeadlineExceeded.
func (s *Session) Send(messages [][]byte, open bool) error {
	defer notify(s.wake)
	for i, p := range messages {
		if err := s.put(p, open && i == len(messages)-1); err != nil {
			return err
		}
	}
	return nil
}

// put adds a message, or a part of one, when there is room for it.
func (s *Session) put(p []byte, part bool) error {
	var timer *time.Timer
	interrupted := false
	for {
		done, err := s.tryPut(p, part)
		if done {
			return err
		}
		notify(s.wake)
		if timer == nil {
			timer = time.NewTimer(s.server.options.WriteTimeout)
			defer timer.Stop()
		}
		ending := s.ending
		if interrupted {
			ending = nil
		}
		select {
		case <-s.room: // not enough yet, perhaps, but the client takes something
			if !interrupted {
				timer.Reset(s.server.options.WriteTimeout)
			}
		case <-s.over:
		case <-ending:
			interrupted = true
			timer.Reset(time.Until(s.until()))
		case <-s.aborted:
			return os.ErrDeadlineExceeded
		case <-timer.C:
			return os.ErrDeadlineExceeded
		}
	}
}

// tryPut is put where nothing must be waited for; it tells whether that is so.
func (s *Session) tryPut(p []byte, part bool) (done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := s.server.options.Buffer
	switch {
	case s.cause != nil:
		return true, s.cause
	case s.closeFrame != nil:
		return true, os.ErrClosed
	case s.queue.open()+len(p) > most:
		return true, ErrTooBig
	case s.written+s.queue.size()+len(p) > most:
		return false, nil
	}
	s.queue.add(p, part)
	return true, nil
}

func (s *Session) until() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sendUntil
}

// Interrupt makes Receive fail from now on, and Send that lasts beyond t.
func (s *Session) Interrupt(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sendUntil.IsZero() {
		s.sendUntil = t
		close(s.ending)
	}
}

// Abort cuts the session off: nothing waits any more, and an answer that is
// being written is broken off, unless it has the close frame.
func (s *Session) Abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.aborted:
		return
	default:
	}
	close(s.aborted)
	if s.receiver != nil && !s.last {
		s.receiver.cut()
	}
}

// Close ends the session. The client still gets what waits for it, then the last
// words, which no limit holds up, then the close frame; a message that is not
// whole is dropped. Close returns when a poll has taken all that. It waits until
// the time given, and at least as long as a session lives without a poll, unless
// the client is gone. For some time afterwards polls get the close frame.
func (s *Session) Close(lastWords []byte, code int, reason string, until time.Time) {
	if s.announce(lastWords, AppendClose(nil, code, reason)) {
		s.linger(until)
	}
	s.server.bury(s)
}

// announce makes the close frame the next thing that polls get. It tells whether
// the client may come for it.
func (s *Session) announce(lastWords, frame []byte) bool {
	defer notify(s.wake)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.dropOpen()
	if lastWords != nil {
		s.queue.add(lastWords, false)
	}
	s.closeFrame = frame
	if s.absence != nil {
		s.absence.Stop()
	}
	return s.cause == nil
}

// linger waits until a poll has taken the close frame.
func (s *Session) linger(until time.Time) {
	s.mu.Lock()
	if s.receiver == nil {
		if least := s.absentAt.Add(s.server.options.DisconnectDelay); until.Before(least) {
			until = least
		}
	} else if least := time.Now().Add(s.server.options.DisconnectDelay); until.Before(least) {
		until = least // the poll that is there may take the last message, and the next the frame
	}
	s.mu.Unlock()
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-s.farewell:
	case <-s.over:
	case <-s.aborted:
	case <-timer.C:
	}
}

// release lets go of what the session holds but for the close frame. It is dead:
// polls get the close frame, posts a 404.
func (s *Session) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = queue{}
	if s.cause == nil {
		s.cause = os.ErrClosed
		close(s.over)
	}
	if s.receiver != nil && !s.last {
		s.receiver.cut()
	}
}

// fail notes that the client is gone, or must go. The first cause counts.
func (s *Session) fail(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failLocked(cause)
}

func (s *Session) failLocked(cause error) {
	if s.cause == nil {
		s.cause = cause
		close(s.over)
	}
}

// Left tells whether the client is gone. Any goroutine may ask.
func (s *Session) Left() bool { return s.why() != nil }

func (s *Session) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

// notify says that there is something to look at, to whoever listens next.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
