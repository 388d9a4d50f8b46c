package gateway

import (
	"io"
	"net/http"
	"testing"
)

// elsewhere is a Cluster that has every session but one.
type elsewhere struct{ not string }

func (e elsewhere) Elsewhere(w http.ResponseWriter, _ *http.Request, session string, begins bool) bool {
	if session == e.not {
		return false
	}
	answer := session + " is elsewhere"
	if begins {
		answer += ", or begins there"
	}
	_, _ = io.WriteString(w, answer)
	return true
}

// What other gateways have is answered there, but for what needs no session, and
// for origins that may not connect.
func TestSockJSElsewhere(t *testing.T) {
	g := newSockJS(t, func(o *Options) { o.Cluster = elsewhere{not: "here"} })
	g.login("here")
	if !g.HasSockJS("here") || g.HasSockJS("there") {
		t.Error("got the wrong sessions here")
	}
	if got := g.poll("there"); got != "there is elsewhere, or begins there" {
		t.Errorf("poll: got %q", got)
	}
	if got := g.do("POST /stomp/0/there/xhr_send", quote("x")); got.text != "there is elsewhere" {
		t.Errorf("send: got %s %q", got.Status, got.text)
	}
	if got := g.do("OPTIONS /stomp/0/there/xhr_send", ""); got.StatusCode != http.StatusNoContent {
		t.Errorf("preflight: got %s %q", got.Status, got.text)
	}
	if got := g.do("POST /stomp/0/there/xhr", "", "Origin: https://evil.example"); got.StatusCode != http.StatusForbidden {
		t.Errorf("another origin: got %s %q", got.Status, got.text)
	}
	if got := g.do("GET /stomp/info", ""); got.StatusCode != http.StatusOK {
		t.Errorf("info: got %s %q", got.Status, got.text)
	}
}
