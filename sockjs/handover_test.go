package sockjs

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stompgw/stompgw/internal/eventually"
)

// A poll that is handed over is answered to its end; the session goes on with the
// next, and nothing is lost.
func TestHandOver(t *testing.T) {
	for transport, wants := range map[string]string{XHR: "h\n", XHRStreaming: ""} {
		t.Run(transport, func(t *testing.T) {
			s := newTestServer(t, nil)
			session, x := s.open("a", XHR)
			x.wantBody("o\n")
			over := make(chan struct{})
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				q, _ := ParsePath("/1/a/" + transport)
				s.Serve(w, r.WithContext(WithHandOver(r.Context(), over)), q, Caller{Owner: ""})
			}))
			defer front.Close()
			other := &testServer{t: t, addr: front.Listener.Addr().String()}
			y := other.send("POST /", "", "")
			eventually.True(t, "the poll", func() bool { session.mu.Lock(); defer session.mu.Unlock(); return session.receiver != nil })
			close(over)
			y.head()
			if transport == XHRStreaming {
				y.want(transports[XHRStreaming].prelude(""))
			}
			y.wantBody(wants)
			send(t, session, "m")
			s.poll("a", XHR).wantBody("a[\"m\"]\n")
		})
	}
}
