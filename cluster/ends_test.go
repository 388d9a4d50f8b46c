package cluster

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
	"github.com/stompgw/stompgw/sockjs"
)

// The end of an answer has its own time to be written, however long ago the last
// part of it went out, or the question came: streams that are handed over end
// in the middle of a silence.
func TestEndAfterSilence(t *testing.T) {
	const writeTimeout = 500 * time.Millisecond
	all := newClusterWith(t, 2, func(o *Options) { o.WriteTimeout = writeTimeout })
	session := all[0].ownedBy(all[1])
	front := httptest.NewUnstartedServer(all[0])
	front.Config.WriteTimeout = writeTimeout // net/http's own
	front.Start()
	defer front.Close()
	for name, serve := range map[string]http.HandlerFunc{
		"stream": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "part")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(2 * writeTimeout)
		},
		"no content": func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(2 * writeTimeout)
			w.WriteHeader(http.StatusNoContent)
		},
	} {
		all[1].serves(serve)
		answer, err := http.Post(front.URL+"/"+session+"/poll", "", nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text, err := io.ReadAll(answer.Body); err != nil {
			t.Errorf("%s: got %q, %v, want an end in order", name, text, err)
		}
		answer.Body.Close()
	}
}

// deafConn is a connection whose other side hears nothing any more once it is
// deaf, as that of a machine that has gone without a word.
type deafConn struct {
	net.Conn
	deaf atomic.Bool
	gone chan struct{}
}

func (c *deafConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.deaf.Load() {
		<-c.gone
		return 0, net.ErrClosed
	}
	return n, err
}

// What a member has passed on ends where it is answered when that member is gone,
// though nothing says so.
func TestAskerGoneWithoutAWord(t *testing.T) {
	a := newClusterWith(t, 1, func(o *Options) { o.pingTimeout = 300 * time.Millisecond })[0]
	began, ended := make(chan struct{}), make(chan struct{})
	a.serves(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		_ = http.NewResponseController(w).Flush()
		close(began)
		<-r.Context().Done()
	})
	conn := &deafConn{gone: make(chan struct{})}
	asking := newTransport(a.identity, time.Minute)
	defer asking.CloseIdleConnections()
	defer close(conn.gone)
	asking.DialContext = func(ctx context.Context, network, addr string) (c net.Conn, err error) {
		conn.Conn, err = new(net.Dialer).DialContext(ctx, network, addr)
		return conn, err
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+a.addr+forwardPath+"/s/poll", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(headerMayBegin, "true")
	answer, err := asking.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	eventually.Receive(t, "the request", began)
	conn.deaf.Store(true)
	eventually.Receive(t, "the request ends", ended)
}

// A member that is about to end has the others end what it has passed on to them,
// and nothing else.
func TestHandOver(t *testing.T) {
	all := newCluster(t, 3)
	session := all[0].ownedBy(all[2])
	began, ended := make(chan struct{}), make(chan struct{})
	all[2].serves(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-sockjs.HandOver(r.Context())
		close(ended)
	})
	var asking sync.WaitGroup
	defer asking.Wait()
	asking.Go(func() { all[0].browse(session, "poll", "") })
	<-began
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	all[1].HandOver(ctx)
	select {
	case <-ended:
		t.Fatal("another member's request was ended")
	default:
	}
	all[0].HandOver(ctx)
	eventually.Receive(t, "the request ends", ended)
}
