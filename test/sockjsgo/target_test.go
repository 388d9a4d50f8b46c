// Package sockjsgo shows each defect of sockjs-go v3.0.3 on the library itself, and that stompgw does not have it. It
// is a module of its own so that the library, and what it needs, are none of the product's.
package sockjsgo

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	bare "github.com/igm/sockjs-go/v3/sockjs"

	"github.com/stompgw/stompgw/sockjs"
)

// patience is how long a test waits for what should come at once; stuck is how long something must take to count as
// held up for ever.
const (
	patience = 20 * time.Second
	stuck    = 2 * time.Second
)

// session is what a server of either kind gives its application.
type session struct {
	send     func(string) error
	receive  func() (string, error)
	close    func(code int, reason string)
	openedBy func() string // who opened it, as far as the application can tell
}

// target is a server of either kind.
type target struct {
	t        *testing.T
	addr     string
	sessions chan session
}

// each runs the test on the library, where it must find the defect, and on stompgw, where it must not.
func each(t *testing.T, test func(s *target) (defect error)) {
	t.Helper()
	t.Run("sockjs-go", func(t *testing.T) {
		if test(newBare(t)) == nil {
			t.Error("the defect did not show: is this test able to fail?")
		}
	})
	t.Run("stompgw", func(t *testing.T) {
		if err := test(newOurs(t)); err != nil {
			t.Error(err)
		}
	})
}

func newBare(t *testing.T) *target {
	sessions := make(chan session, 1000)
	return serve(t, sessions, bare.NewHandler("/x", bare.DefaultOptions, func(s bare.Session) {
		sessions <- session{
			send: s.Send, receive: s.Recv, close: func(code int, reason string) { _ = s.Close(uint32(code), reason) },
			openedBy: func() string { return s.Request().Header.Get("From") },
		}
	}))
}

func newOurs(t *testing.T) *target {
	sessions := make(chan session, 1000)
	server := sockjs.New(sockjs.Options{
		Transports: []string{sockjs.XHRStreaming, sockjs.XHR, sockjs.EventSource},
		HeartBeat:  25 * time.Second, DisconnectDelay: 5 * time.Second, WriteTimeout: stuck / 2, BodyTimeout: patience,
		StreamLimit: 128 << 10, Buffer: 40 << 20, MaxPost: 1 << 20, MaxClosed: 100,
	})
	return serve(t, sessions, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, ok := sockjs.ParsePath(strings.TrimPrefix(r.URL.Path, "/x"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		server.Serve(w, r, q, sockjs.Caller{Owner: r.Header.Get("From"), Begin: func(s *sockjs.Session) bool {
			from := r.Header.Get("From")
			sessions <- session{
				send:     func(m string) error { return s.Send([][]byte{[]byte(m)}, false) },
				receive:  func() (string, error) { p, err := s.Receive(); return string(p), err },
				close:    func(code int, reason string) { s.Close(nil, code, reason, time.Now()) },
				openedBy: func() string { return from },
			}
			return true
		}})
	}))
}

func serve(t *testing.T, sessions chan session, h http.Handler) *target {
	// What the library leaves hanging would keep httptest's Close waiting.
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.Listener.Close()
		srv.CloseClientConnections()
	})
	return &target{t: t, addr: srv.Listener.Addr().String(), sessions: sessions}
}

func (s *target) next() session {
	s.t.Helper()
	select {
	case n := <-s.sessions:
		return n
	case <-time.After(patience):
		s.t.Fatal("no session was begun")
		return session{}
	}
}

// conn is a connection with one request on it.
type conn struct {
	net.Conn
	r *bufio.Reader
}

// start sends a request; from is who sends it.
func (s *target) start(line, from, body string) *conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	// A server that refuses a body need not read it, so an error says nothing.
	_, _ = fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: gw.example\r\nFrom: %s\r\nContent-Length: %d\r\n\r\n%s", line, from, len(body), body)
	return &conn{c, bufio.NewReader(c)}
}

// do sends a request and reads the answer, for so long at the most.
func (s *target) do(within time.Duration, line, from, body string) (status int, text string, err error) {
	s.t.Helper()
	c := s.start(line, from, body)
	_ = c.SetReadDeadline(time.Now().Add(within))
	response, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, "", err
	}
	b, err := io.ReadAll(response.Body)
	return response.StatusCode, string(b), err
}

// open opens a session by polling.
func (s *target) open(id, from string) session {
	s.t.Helper()
	if _, text, err := s.do(patience, "POST /x/0/"+id+"/xhr", from, ""); err != nil || text != "o\n" {
		s.t.Fatalf("open: got %q, %v", text, err)
	}
	return s.next()
}

// within runs f and tells whether it came to its end in time.
func within(d time.Duration, f func()) bool {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}
