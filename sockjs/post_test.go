package sockjs

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

// gotten reads from a session until its client is gone.
func gotten(s *Session) chan string {
	c := make(chan string, 100)
	go func() {
		defer close(c)
		for {
			p, err := s.Receive()
			if err != nil {
				return
			}
			c <- string(p)
		}
	}()
	return c
}

func TestPost(t *testing.T) {
	const form = "Content-Type: application/x-www-form-urlencoded\r\n"
	tests := map[string]struct {
		send, headers, body string
		status              int
		answer, got         string
	}{
		"xhr":                {"xhr_send", "", `["a","b"]`, 204, "", "ab"},
		"xhr, any type":      {"xhr_send", "Content-Type: T\r\n", `["a"]`, 204, "", "a"},
		"xhr, none":          {"xhr_send", "", `[]`, 204, "", ""},
		"xhr, empty":         {"xhr_send", "", "", 500, "Payload expected.", ""},
		"xhr, broken":        {"xhr_send", "", `["a`, 500, "Broken JSON encoding.", ""},
		"xhr, no array":      {"xhr_send", "", `"a"`, 500, "Payload expected.", ""},
		"xhr, no strings":    {"xhr_send", "", `[1]`, 500, "Broken JSON encoding.", ""},
		"xhr, not UTF-8":     {"xhr_send", "", "[\"\xff\"]", 500, "Broken JSON encoding.", ""},
		"xhr, surrogate":     {"xhr_send", "", `["\ud800"]`, 500, "Broken JSON encoding.", ""},
		"xhr, too large":     {"xhr_send", "", `["` + strings.Repeat("a", 64<<10) + `"]`, 413, "the messages of one request are larger than this server takes", ""},
		"jsonp, form":        {"jsonp_send", form, "d=%5B%22a%22%5D", 200, "ok", "a"},
		"jsonp, plus":        {"jsonp_send", form, "d=%5B%22a+b%22%5D", 200, "ok", "a b"},
		"jsonp, plain":       {"jsonp_send", "Content-Type: text/plain\r\n", `["a"]`, 200, "ok", "a"},
		"jsonp, empty":       {"jsonp_send", form, "", 500, "Payload expected.", ""},
		"jsonp, empty d":     {"jsonp_send", form, "d=", 500, "Payload expected.", ""},
		"jsonp, other field": {"jsonp_send", form, "p=p", 500, "Payload expected.", ""},
		"jsonp, broken":      {"jsonp_send", form, "d=%5B%22a", 500, "Broken JSON encoding.", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := newTestServer(t, nil)
			session, x := s.open("a", XHR)
			x.wantBody("o\n")
			in := gotten(session)
			x = s.ask("POST /x/0/a/"+tc.send, tc.headers, tc.body).wantStatus(tc.status)
			if got := x.response.Header.Get("Content-Type"); got != plainText {
				t.Errorf("got type %q, want %q", got, plainText)
			}
			if tc.status != http.StatusNoContent {
				x.wantBody(tc.answer)
			}
			if tc.got != "" {
				if got := <-in; got != tc.got {
					t.Errorf("got %q, want %q", got, tc.got)
				}
			}
			stop(session)
			if got, more := <-in; more {
				t.Errorf("got %q too", got)
			}
		})
	}
}

func TestPostChunked(t *testing.T) {
	s := newTestServer(t, nil)
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	in := gotten(session)
	chunk := strings.Repeat("a", 30<<10)
	body := fmt.Sprintf("%x\r\n[\"%s\r\n%x\r\n%s\"]\r\n0\r\n\r\n", len(chunk)+2, chunk, len(chunk)+2, chunk)
	s.ask("POST /x/0/a/xhr_send", "Transfer-Encoding: chunked\r\nContent-Length-Not: 0\r\n", body).wantStatus(204)
	if got := <-in; got != chunk+chunk {
		t.Errorf("got %d bytes, want %d", len(got), 2*len(chunk))
	}
	body = fmt.Sprintf("%x\r\n[\"%s\r\n", len(chunk)+2, chunk)
	for range 3 {
		body += fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk)
	}
	s.ask("POST /x/0/a/xhr_send", "Transfer-Encoding: chunked\r\nContent-Length-Not: 0\r\n", body).wantStatus(413)
	stop(session)
}

// A request is answered when its messages are taken, not before, and not at all
// well when they are not.
func TestPostWaitsToBeTaken(t *testing.T) {
	s := newTestServer(t, nil)
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	first := s.send("POST /x/0/a/xhr_send", "", `["1"]`)
	eventually.True(t, "the first to wait", func() bool { return len(session.posting) == 1 })
	answered := make(chan struct{})
	go func() { defer close(answered); first.head() }()
	select {
	case <-answered:
		t.Fatal("answered before anybody took the message")
	case <-time.After(50 * time.Millisecond):
	}
	if p, err := session.Receive(); err != nil || string(p) != "1" {
		t.Fatalf("got %q, %v", p, err)
	}
	<-answered
	first.wantStatus(204)
	second, third := s.send("POST /x/0/a/xhr_send", "", `["2"]`), s.send("POST /x/0/a/xhr_send", "", `["3"]`)
	eventually.True(t, "one to wait", func() bool { return len(session.posting) == 1 })
	stop(session)
	second.head()
	second.wantStatus(404)
	third.head()
	third.wantStatus(404)
}

func TestStalledBody(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.BodyTimeout = 50 * time.Millisecond })
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	s.ask("POST /x/0/a/xhr_send", "Content-Length: 100\r\n", `["1`).wantStatus(400)
	stop(session)
}

// A body that is refused ends its connection, but not one that others share.
func TestRefusedBodyTakesNoOthersConnection(t *testing.T) {
	s := newTestServer(t, nil)
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	x = s.ask("POST /x/0/a/xhr_send", "Content-Length: 1000000\r\n", `["1`).wantStatus(413)
	if !x.response.Close {
		t.Error("HTTP/1.1: the rest of the body would be read as a request")
	}
	client, url, conns := s.http2()
	for range 3 {
		answer, err := client.Post(url+"/x/0/a/xhr_send", plainText, strings.NewReader(strings.Repeat("x", 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("HTTP/2: got %s, want 413", answer.Status)
		}
	}
	if got := conns(); got != 1 {
		t.Errorf("HTTP/2: got %d connections, want 1", got)
	}
	stop(session)
}

// A few requests wait for their turn, and no more: that its client has gone is not
// noticed of one whose body is not read.
func TestPostsThatWaitAreBounded(t *testing.T) {
	s := newTestServer(t, nil)
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	status := make(chan int, 2*maxPosts)
	for range maxPosts + 1 {
		y := s.send("POST /x/0/a/xhr_send", "", `["m"]`)
		go func() { y.head(); status <- y.response.StatusCode }()
	}
	if got := eventually.Receive(t, "one too many", status); got != http.StatusServiceUnavailable {
		t.Errorf("one too many: got %d, want 503", got)
	}
	for range maxPosts {
		if p, err := session.Receive(); err != nil || string(p) != "m" {
			t.Fatalf("got %q, %v", p, err)
		}
		if got := eventually.Receive(t, "an answer", status); got != http.StatusNoContent {
			t.Errorf("got %d, want 204", got)
		}
	}
	s.send("POST /x/0/a/xhr_send", "", `["after"]`)
	if p, err := session.Receive(); err != nil || string(p) != "after" {
		t.Errorf("afterwards: got %q, %v", p, err)
	}
	stop(session)
}
