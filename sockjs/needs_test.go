package sockjs

import (
	"net/http/httptest"
	"testing"
)

func TestNeeds(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.Transports = []string{XHR, EventSource} })
	for _, test := range []struct {
		method, transport string
		begins, ok        bool
	}{
		{"POST", "xhr", true, true},
		{"GET", "eventsource", true, true},
		{"POST", "xhr_send", false, true},
		{"OPTIONS", "xhr_send", false, false},
		{"GET", "xhr", false, false},
		{"POST", "xhr_streaming", false, false}, // not served
		{"POST", "jsonp_send", false, false},
		{"GET", "websocket", false, false},
		{"GET", "other", false, false},
	} {
		q, ok := ParsePath("/0/a/" + test.transport)
		session, begins, needs := s.Needs(httptest.NewRequest(test.method, "/", nil), q)
		if !ok || needs != test.ok || needs && (begins != test.begins || session != "a") {
			t.Errorf("%s %s: got %q, begins %v, %v; want begins %v, %v", test.method, test.transport, session, begins, needs, test.begins, test.ok)
		}
	}
	if s.Has("a") {
		t.Error("a session that nobody opened is there")
	}
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	if !s.Has("a") {
		t.Error("a session is not there")
	}
	stop(session)
	if !s.Has("a") {
		t.Error("a closed session that still says so is not there")
	}
}
