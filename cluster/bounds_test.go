package cluster

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
	"github.com/stompgw/stompgw/sockjs"
)

func TestBounds(t *testing.T) {
	all := newClusterWith(t, 2, func(o *Options) { o.MaxForwarded, o.MaxBody, o.BodyTimeout = 1, 10, 100*time.Millisecond })
	session := all[0].ownedBy(all[1])
	all[0].wantStatus(session, "poll", 200)
	if status, text := all[0].browse(session, "send", "01234567890"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("body: got %d %q, want 413", status, text)
	}

	// A body that does not come whole is the client's fault, as it is without a cluster.
	for name, body := range map[string]string{
		"slow": "Content-Length: 5\r\n\r\nabc", "broken": "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx\r\n",
	} {
		c, err := net.Dial("tcp", all[0].browsers.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /%s/send HTTP/1.1\r\nHost: a\r\n%s", session, body)
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if answer, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s body: got %v, %v, want 400", name, answer, err)
		}
	}
	all[0].wantResult(clientGone)
	if n := all[0].results(unreachable); n != 0 {
		t.Errorf("bodies that do not come: %v members were unreachable", n)
	}

	waiting, release := make(chan struct{}), make(chan struct{})
	all[1].serves(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/send") {
			return // one of those above, late
		}
		close(waiting)
		<-release
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		all[0].browse(session, "poll", "")
	}()
	<-waiting
	all[0].wantStatus(session, "poll", 503)
	all[0].wantResult(full)
	close(release)
	<-done
}

// A page of another origin reads why its request was not passed on, and what other
// members answer: each has the headers that it needs for that, once.
func TestPagesReadRefusals(t *testing.T) {
	const origin = "https://page.example"
	all := newClusterWith(t, 2, func(o *Options) { o.MaxForwarded, o.MaxBody = 1, 10 })
	session := all[0].ownedBy(all[1])
	want := func(status int, body string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "/"+session+"/poll", strings.NewReader(body))
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		all[0].ServeHTTP(w, r)
		if got := w.Header().Values("Access-Control-Allow-Origin"); w.Code != status || !slices.Equal(got, []string{origin}) {
			t.Errorf("got %d for %q, want %d for %q", w.Code, got, status, origin)
		}
	}
	want(http.StatusRequestEntityTooLarge, "01234567890")
	all[0].slots <- struct{}{}
	want(http.StatusServiceUnavailable, "") // full
	<-all[0].slots
	all[1].serves(func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	want(http.StatusServiceUnavailable, "") // unreachable
	all[1].serves(func(w http.ResponseWriter, r *http.Request) { sockjs.AllowOrigin(w.Header(), r.Header.Get("Origin")) })
	want(http.StatusOK, "")
}

// A browser that takes nothing is given up.
func TestSlowBrowser(t *testing.T) {
	all := newClusterWith(t, 2, func(o *Options) { o.WriteTimeout = 200 * time.Millisecond })
	session, gone := all[0].ownedBy(all[1]), make(chan struct{})
	all[1].serves(func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 64<<10)); err != nil {
				return
			}
		}
	})
	c, err := net.Dial("tcp", all[0].browsers.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /%s/poll HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", session)
	eventually.Receive(t, "the answer that nobody takes ends", gone)
}

// Bodies that nobody reads yet, because their requests wait for their turn, hold up
// no others between the same two members.
func TestBodiesThatWait(t *testing.T) {
	all := newCluster(t, 2)
	session := all[0].ownedBy(all[1])
	all[0].wantStatus(session, "poll", 200)
	waiting, release := make(chan struct{}), make(chan struct{})
	all[1].serves(func(_ http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 1<<20 {
			waiting <- struct{}{}
			<-release
		}
		_, _ = io.Copy(io.Discard, r.Body) // as far as it comes
	})
	var asking sync.WaitGroup
	defer asking.Wait()
	defer close(release)
	for range 4 { // more than net/http lets come unread on a connection
		asking.Go(func() { all[0].browse(session, "send", strings.Repeat("x", 1<<20)) })
		eventually.Receive(t, "a body that waits", waiting)
	}
	for range 20 {
		all[0].wantStatus(session, "send", 200) // without a body
		if status, text := all[0].browse(session, "send", "x"); status != 200 {
			t.Fatalf("got %d %q", status, text)
		}
	}
}
