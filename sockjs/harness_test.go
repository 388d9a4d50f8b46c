package sockjs

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stompgw/stompgw/internal/eventually"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// httpLimit is net/http's own limit for reading a request and for answering it.
const httpLimit = 700 * time.Millisecond

func testOptions() Options {
	return Options{
		Transports: []string{WebSocket, XHRStreaming, XHR, EventSource, HTMLFile, JSONP},
		ClientURL:  "https://static.example/sockjs.js", FrameAncestors: "'self' https://app.example",
		HeartBeat: patience, DisconnectDelay: patience, WriteTimeout: patience, BodyTimeout: patience,
		StreamLimit: 128 << 10, Buffer: 256 << 10, MaxPost: 64 << 10, MaxClosed: 10,
	}
}

// testServer is a Server on a port of its own. Who a request is from stands in
// its header Owner, and its Origin is always allowed.
type testServer struct {
	*Server
	t      *testing.T
	addr   string
	config *http.Server
	begun  chan *Session
	refuse bool
}

func newTestServer(t *testing.T, change func(*Options)) *testServer {
	t.Helper()
	t.Parallel()
	return newSerialServer(t, change)
}

// newSerialServer is newTestServer for a test that has another server already.
func newSerialServer(t *testing.T, change func(*Options)) *testServer {
	t.Helper()
	o := testOptions()
	if change != nil {
		change(&o)
	}
	s := &testServer{Server: New(o), t: t, begun: make(chan *Session, 100)}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/x")
		q, ok := ParsePath(path)
		switch {
		case path == "" || path == "/":
			Welcome(w, r)
		case path == "/info":
			s.Info(w, r, r.Header.Get("Origin"))
		case IsIframe(path):
			s.Iframe(w, r)
		case ok:
			s.Serve(w, r, q, Caller{Owner: r.Header.Get("Owner"), AllowOrigin: r.Header.Get("Origin"), Begin: func(n *Session) bool {
				if s.refuse {
					http.Error(w, "full", http.StatusServiceUnavailable)
					return false
				}
				s.begun <- n
				return true
			}})
		default:
			http.NotFound(w, r)
		}
	}))
	// As in the program, net/http has limits of its own; here they are so short
	// that whatever relies on them fails.
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = httpLimit, httpLimit
	srv.Start()
	s.config = srv.Config
	s.addr = srv.Listener.Addr().String()
	t.Cleanup(func() {
		s.mu.Lock()
		var left []*Session
		for _, n := range s.sessions {
			left = append(left, n)
		}
		s.mu.Unlock()
		for _, n := range left {
			n.Abort()
			n.fail(ErrInterrupted)
		}
		srv.CloseClientConnections()
		srv.Close()
	})
	return s
}

// http2 serves the same as members of a cluster do to each other: over HTTP/2. conns
// gives the number of connections that the client has made.
func (s *testServer) http2() (client *http.Client, url string, conns func() int) {
	s.t.Helper()
	var made atomic.Int32
	srv := httptest.NewUnstartedServer(s.config.Handler)
	srv.EnableHTTP2 = true
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
	}
	srv.StartTLS()
	s.t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	return srv.Client(), srv.URL, func() int { return int(made.Load()) }
}

// session gives the session that was begun last.
func (s *testServer) session() *Session {
	s.t.Helper()
	return eventually.Receive(s.t, "a session is begun", s.begun)
}

// exchange is one request on a connection of its own, and what came of it.
type exchange struct {
	t *testing.T
	net.Conn
	r        *bufio.Reader
	response *http.Response
}

// ask sends a request, whose header lines end in CRLF, and reads the head of the
// answer.
func (s *testServer) ask(line, headers, body string) *exchange {
	s.t.Helper()
	x := s.send(line, headers, body)
	x.head()
	return x
}

// send is ask without waiting.
func (s *testServer) send(line, headers, body string) *exchange {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(line, " HTTP/") {
		line += " HTTP/1.1"
	}
	if strings.HasPrefix(line, "POST") && !strings.Contains(headers, "Content-Length") {
		headers += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	if _, err := fmt.Fprintf(c, "%s\r\nHost: gw.example\r\n%s\r\n%s", line, headers, body); err != nil {
		s.t.Fatal(err)
	}
	return &exchange{t: s.t, Conn: c, r: bufio.NewReaderSize(c, 1<<20)}
}

func (x *exchange) head() {
	x.t.Helper()
	var err error
	if x.response, err = http.ReadResponse(x.r, nil); err != nil {
		x.t.Fatalf("read answer: %v", err)
	}
}

// body reads the answer to its end.
func (x *exchange) body() string {
	x.t.Helper()
	b, err := io.ReadAll(x.response.Body)
	if err != nil {
		x.t.Fatalf("read body: %v (after %.200q)", err, b)
	}
	return string(b)
}

func (x *exchange) wantBody(want string) {
	x.t.Helper()
	if got := x.body(); got != want {
		x.t.Fatalf("got body %.300q, want %.300q", got, want)
	}
}

// want reads so much of an answer that goes on.
func (x *exchange) want(want string) {
	x.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(x.response.Body, got); err != nil || string(got) != want {
		x.t.Fatalf("got %.300q, %v, want %.300q", got[:n], err, want)
	}
}

func (x *exchange) wantStatus(want int) *exchange {
	x.t.Helper()
	if x.response.StatusCode != want {
		x.t.Fatalf("got status %s, want %d", x.response.Status, want)
	}
	return x
}

// open opens a session by the transport, and gives it with its first answer.
func (s *testServer) open(id, transport string) (*Session, *exchange) {
	s.t.Helper()
	x := s.poll(id, transport)
	return s.session(), x
}

// poll asks for frames.
func (s *testServer) poll(id, transport string) *exchange {
	s.t.Helper()
	line := transports[transport].method + " /x/000/" + id + "/" + transport
	if transports[transport].callback {
		line += "?c=cb"
	}
	return s.ask(line, "", "")
}

func send(t *testing.T, s *Session, messages ...string) {
	t.Helper()
	var list [][]byte
	for _, m := range messages {
		list = append(list, []byte(m))
	}
	if err := s.Send(list, false); err != nil {
		t.Fatal(err)
	}
}

func timeIn(d time.Duration) time.Time { return time.Now().Add(d) }
