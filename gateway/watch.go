package gateway

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/stompgw/stompgw/frameinspect"
)

// WatchedFrame is a frame of a session that somebody watches: its head, without
// the values that are nobody else's business.
type WatchedFrame struct {
	At      time.Time `json:"at"`
	To      string    `json:"to"` // "broker" or "client"
	Command string    `json:"command"`
	Headers []string  `json:"headers"` // name:value as on the wire, in order; *** for most values
}

// The errors of WatchSession.
var (
	ErrNoSession = errors.New("there is no such session")
	ErrWatching  = errors.New("another session is being watched")
	ErrEnded     = errors.New("the session has ended")
)

// watch is a session that is watched, and what it has passed.
type watch struct {
	session *session
	frames  chan WatchedFrame
	over    chan struct{} // closed when the session leaves
	missed  atomic.Int64  // frames that found no room
}

// waitingFrames is how many frames may wait for who watches. The session does not
// wait: it passes more in one go than anybody can be told in that time.
const waitingFrames = 256

// WatchSession gives the frames of a session to take, those that are refused too,
// until the context ends, take fails or the session does, which are its errors.
// One session is watched at a time. by says in the log who does. missed is the
// number of frames that take was too slow for.
func (g *Gateway) WatchSession(ctx context.Context, id, by string, take func(WatchedFrame) error) (missed int64, err error) {
	s := g.session(id)
	if s == nil {
		return 0, ErrNoSession
	}
	w := &watch{session: s, frames: make(chan WatchedFrame, waitingFrames), over: make(chan struct{})}
	if !g.watching.CompareAndSwap(nil, w) {
		return 0, ErrWatching
	}
	defer g.watching.Store(nil)
	if g.session(id) == nil {
		return 0, ErrEnded // it left before it was watched
	}
	g.log.Warn("session watched", zap.String("session", id), zap.String("by", by))
	for {
		select {
		case f := <-w.frames:
			err = take(f)
		case <-ctx.Done():
			err = ctx.Err()
		case <-w.over:
			err = w.rest(take)
		}
		if err != nil {
			return w.missed.Load(), err
		}
	}
}

// rest gives what is left of a session that has ended.
func (w *watch) rest(take func(WatchedFrame) error) error {
	for {
		select {
		case f := <-w.frames:
			if err := take(f); err != nil {
				return err
			}
		default:
			return ErrEnded
		}
	}
}

// watched shows the head of a frame to who watches the session. Where nobody
// does, which is nearly always, it costs the look at a pointer.
func (s *session) watched(to string, h *frameinspect.Head) {
	if w := s.gw.watching.Load(); w != nil && w.session == s {
		w.see(to, h)
	}
}

// unwatch tells who watches the session that it has left.
func (g *Gateway) unwatch(s *session) {
	if w := g.watching.Load(); w != nil && w.session == s {
		close(w.over)
	}
}

// see keeps the head of a frame, unless there is no room.
func (w *watch) see(to string, h *frameinspect.Head) {
	select {
	case w.frames <- WatchedFrame{At: time.Now().UTC(), To: to, Command: h.Command.String(), Headers: watchedHeaders(h)}:
	default:
		w.missed.Add(1)
	}
}

// maxWatchedHeaders bounds what is shown of a frame.
const maxWatchedHeaders = 50

// shownHeaders are those whose values are shown: what the specification names,
// credentials apart, and what brokers add to say how a message is treated. What
// an application calls its headers cannot be known, nor what is in them.
var shownHeaders = map[string]bool{
	"accept-version": true, "ack": true, "code": true, "content-length": true, "content-type": true, "destination": true,
	"heart-beat": true, "host": true, "id": true, "message": true, "message-id": true, "receipt": true, "receipt-id": true,
	"server": true, "subscription": true, "transaction": true, "version": true,
	"auto-delete": true, "durable": true, "exclusive": true, "expires": true, "persistent": true, "prefetch-count": true,
	"priority": true, "redelivered": true, "timestamp": true,
}

func watchedHeaders(h *frameinspect.Head) []string {
	list := []string{}
	for name, value := range h.All() {
		if len(list) == maxWatchedHeaders {
			return append(list, "…")
		}
		shown := "***"
		if shownHeaders[string(name)] {
			shown = clip(string(value))
		}
		list = append(list, clip(string(name))+":"+shown)
	}
	return list
}
