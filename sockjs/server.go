package sockjs

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server serves the HTTP transports. Its sessions are told apart by their id
// alone; the server segment of the path is the client's free choice.
type Server struct {
	options Options

	mu       sync.Mutex
	sessions map[string]*Session // those that live, and those that are closed and still say so
	closed   int                 // of the latter
}

// New makes a server.
func New(o Options) *Server {
	return &Server{options: o, sessions: map[string]*Session{}}
}

// Caller is what is known of whoever sent a request.
type Caller struct {
	// Owner is compared: a session is for requests with the owner of the one that
	// opened it.
	Owner any
	// AllowOrigin is the Origin that may read the answer; "" where the request
	// named none, which allows any but without its cookies.
	AllowOrigin string
	// Begin takes on a session that the request opens, and sees to its end with
	// Session.Close. It must not wait. Where it refuses, it answers itself.
	Begin func(*Session) (ok bool)
}

// Request is what the path of a request asks for.
type Request struct {
	// Transport is the last segment.
	Transport string
	session   string
}

// maxSegment bounds what a client may call its sessions.
const maxSegment = 128

// ParsePath reads the path behind the prefix: /{server}/{session}/{transport}.
// Server and session are not empty and have no dot in them.
func ParsePath(path string) (Request, bool) {
	segments := strings.Split(path, "/")
	if len(segments) != 4 || segments[0] != "" {
		return Request{}, false
	}
	for _, s := range segments[1:3] {
		if s == "" || len(s) > maxSegment || strings.Contains(s, ".") {
			return Request{}, false
		}
	}
	return Request{Transport: segments[3], session: segments[2]}, true
}

// Needs tells which session a request is for, and whether it may begin it. ok is
// false for a request that is answered without one.
func (v *Server) Needs(r *http.Request, q Request) (session string, begins, ok bool) {
	if t := transports[q.Transport]; t != nil {
		return q.session, true, v.options.Serves(q.Transport) && r.Method == t.method
	}
	send := receives(q.Transport)
	return q.session, false, send != "" && v.servesSend(q.Transport) && r.Method == http.MethodPost
}

// Has tells whether a session lives, or is closed and still says so.
func (v *Server) Has(session string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sessions[session] != nil
}

// Serve answers a request for a session over HTTP.
func (v *Server) Serve(w http.ResponseWriter, r *http.Request, q Request, c Caller) {
	send := receives(q.Transport)
	t := transports[q.Transport]
	switch {
	case t != nil && v.options.Serves(q.Transport):
		if !v.checkMethod(w, r, c, t.method) {
			return
		}
		v.receive(w, r, t, q.session, c)
	case send != "" && v.servesSend(q.Transport):
		if !v.checkMethod(w, r, c, http.MethodPost) {
			return
		}
		v.send(w, r, q, c)
	default:
		http.NotFound(w, r)
	}
}

// servesSend tells whether a transport is served whose clients send like that.
func (v *Server) servesSend(send string) bool {
	if send == jsonpSend {
		return v.options.Serves(JSONP)
	}
	return v.options.Serves(XHR) || v.options.Serves(XHRStreaming) || v.options.Serves(EventSource) || v.options.Serves(HTMLFile)
}

// checkMethod answers OPTIONS, and methods that are none of the transport's.
func (v *Server) checkMethod(w http.ResponseWriter, r *http.Request, c Caller, method string) bool {
	endsHTTP10(w, r)
	switch r.Method {
	case method:
		return true
	case http.MethodOptions:
		Preflight(w, r, c.AllowOrigin, method)
	default:
		w.Header().Set("Allow", "OPTIONS, "+method)
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
	return false
}

// maxPollBody is what is read of a poll's body, which should have none: only
// then does net/http notice that the client has gone.
const maxPollBody = 4 << 10

// receive answers a poll. One with an id that is not known opens a session.
func (v *Server) receive(w http.ResponseWriter, r *http.Request, t *transport, id string, c Caller) {
	control := http.NewResponseController(w)
	callback := ""
	if t.callback {
		var ok bool
		if callback, ok = v.readCallback(w, r); !ok {
			return
		}
	}
	if _, err := v.readBody(control, w, r, maxPollBody); err != nil {
		http.Error(w, "A poll has no body.", http.StatusRequestEntityTooLarge)
		return
	}
	s, opened, ok := v.open(id, t.name, c.Owner)
	if !ok {
		http.NotFound(w, r)
		return
	}
	AllowOrigin(w.Header(), c.AllowOrigin)
	if opened && !c.Begin(s) {
		v.forget(s)
		return
	}
	v.options.Cookie.set(w, r)
	rc := &receiver{session: s, transport: t, callback: callback, w: w, r: r, control: control}
	rc.serve()
}

// open finds a session, or makes one. ok is false where it is somebody else's.
func (v *Server) open(id, transport string, owner any) (s *Session, opened, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.sessions[id]; s != nil {
		return s, false, s.owner == owner
	}
	s = newSession(v, id, transport, owner)
	v.sessions[id] = s
	return s, true, true
}

// find finds a session that belongs to the owner.
func (v *Server) find(id string, owner any) *Session {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.sessions[id]; s != nil && s.owner == owner {
		return s
	}
	return nil
}

// forget takes a session out that was never begun.
func (v *Server) forget(s *Session) {
	s.release()
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.sessions, s.id)
}

// bury keeps what is left of a closed session for the disconnect delay, so that
// polls still get its close frame, unless there are too many such.
func (v *Server) bury(s *Session) {
	s.release()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed >= v.options.MaxClosed {
		delete(v.sessions, s.id)
		return
	}
	v.closed++
	time.AfterFunc(v.options.DisconnectDelay, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.closed--
		delete(v.sessions, s.id)
	})
}

// Len gives the number of sessions that are known, the closed ones with them.
func (v *Server) Len() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.sessions)
}
