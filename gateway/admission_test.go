package gateway

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// refusedBy gives how often handshakes were refused for a reason.
func (g *testGateway) refusedBy(reason string) float64 {
	return testutil.ToFloat64(g.metrics.refused.WithLabelValues(reason))
}

func TestRefusals(t *testing.T) {
	g := newTestGateway(t, nil)
	const handshake = "Host: gw.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	tests := []struct {
		reason, head string
		status       int
		header, want string // of the answer
		body         string
	}{
		{"no_upgrade", "GET /stomp?token=s3cret HTTP/1.1\r\nHost: gw.example\r\n", 426, "Upgrade", "websocket", "WebSocket"},
		{"websocket_version", "GET /stomp?token=s3cret HTTP/1.1\r\n" + strings.Replace(handshake, ": 13", ": 8", 1), 426, "Sec-WebSocket-Version", "13", "13"},
		{"method", "POST /stomp?token=s3cret HTTP/1.1\r\nContent-Length: 0\r\n" + handshake, 405, "Allow", "GET", "GET"},
		{"subprotocol", "GET /stomp?token=s3cret HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Protocol: mqtt\r\n", 400, "", "", "v12.stomp, v11.stomp, v10.stomp"},
		{"origin", "GET /stomp?token=s3cret HTTP/1.1\r\n" + handshake + "Origin: https://evil.example\r\nCookie: id=s3cret\r\nAuthorization: Bearer s3cret\r\n", 403, "", "", "origin"},
	}
	for _, tt := range tests {
		p, response := g.raw(tt.head + "\r\n")
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != tt.status || tt.header != "" && response.Header.Get(tt.header) != tt.want || !strings.Contains(string(body), tt.body) {
			t.Errorf("%s: got %s, %v, %q", tt.reason, response.Status, response.Header, body)
		}
		if got := g.refusedBy(tt.reason); got != 1 {
			t.Errorf("%s: counted %v times", tt.reason, got)
		}
		if n := g.logs.FilterMessage("handshake refused").Len(); n == 0 || !strings.Contains(g.log(), tt.reason) {
			t.Errorf("%s: not in the log:\n%s", tt.reason, g.log())
		}
		p.Close()
	}
	if log := g.log(); strings.Contains(log, "s3cret") || !strings.Contains(log, "https://evil.example") {
		t.Errorf("a secret is in the log, or the origin is not:\n%s", log)
	}
	if n := g.Sessions(); n != 0 {
		t.Errorf("%d places are taken by refused handshakes", n)
	}
}

// raw sends a request as it stands.
func (g *testGateway) raw(request string) (*peer, *http.Response) {
	g.t.Helper()
	c, err := net.Dial("tcp", g.url)
	if err != nil {
		g.t.Fatal(err)
	}
	p := newPeer(g.t, c)
	p.write(request)
	response, err := http.ReadResponse(p.r, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return p, response
}

func TestMaxSessions(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.MaxSessions = 2 })
	first, second := g.open(), g.open()
	_, response := g.dial()
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, %v, want 503 with Retry-After", response.Status, response.Header)
	}
	if g.refusedBy(refusedSessions) != 1 || g.Sessions() != 2 {
		t.Errorf("got %v refusals and %d sessions", g.refusedBy(refusedSessions), g.Sessions())
	}
	first.Close()
	g.eventually("the place to be given back", func() bool { return g.Sessions() == 1 })
	g.open()
	second.Close()
	g.eventually("the place to be given back", func() bool { return g.Sessions() == 1 })
}

func TestMaxSessionsPerIP(t *testing.T) {
	g := newTestGateway(t, func(o *Options) {
		o.MaxSessionsPerIP = 1
		o.TrustedProxies = prefixes(t, "127.0.0.0/8")
	})
	from := func(addr string) (*browser, int) {
		b, response := g.dial("X-Forwarded-For: 198.51.100.1, " + addr)
		if response.StatusCode == http.StatusTooManyRequests && response.Header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
		return b, response.StatusCode
	}
	first, status := from("203.0.113.7")
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("got %d", status)
	}
	for _, tt := range []struct {
		addr   string
		status int
	}{{"203.0.113.7", 429}, {"::ffff:203.0.113.7", 429}, {"203.0.113.7:99", 429}, {"203.0.113.8", 101}, {"2001:db8::7", 101}, {"2001:db8::7", 429}} {
		if _, got := from(tt.addr); got != tt.status {
			t.Errorf("%s: got %d, want %d", tt.addr, got, tt.status)
		}
	}
	if got := g.refusedBy(refusedPerAddr); got != 4 {
		t.Errorf("got %v refusals, want 4", got)
	}
	first.Close()
	g.eventually("the place to be given back", func() bool { return g.Sessions() == 2 })
	if _, got := from("203.0.113.7"); got != http.StatusSwitchingProtocols {
		t.Errorf("after the first left: got %d", got)
	}
}

// A handshake whose answer fails takes no place.
func TestFailedHandshakeGivesItsPlaceBack(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.MaxSessions = 1 })
	r := asked("203.0.113.9:1", "gw.example", false, "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
	for range 3 {
		g.ServeHTTP(httptest.NewRecorder(), r) // it cannot be hijacked
		if g.Sessions() != 0 {
			t.Fatalf("%d places are taken by a handshake that failed", g.Sessions())
		}
	}
	g.open()
}

func TestRefusedWhileDraining(t *testing.T) {
	g := newTestGateway(t, nil)
	if err := g.Drain(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	_, response := g.dial()
	if response.StatusCode != http.StatusServiceUnavailable || g.refusedBy(refusedDraining) != 1 {
		t.Errorf("got %s, counted %v times", response.Status, g.refusedBy(refusedDraining))
	}
}

func TestSubprotocolAnswered(t *testing.T) {
	g := newTestGateway(t, nil)
	for offered, want := range map[string]string{"v10.stomp, v12.stomp": "v12.stomp", "stomp": "stomp", "mqtt, v11.stomp": "v11.stomp"} {
		_, response := g.dial("Sec-WebSocket-Protocol: " + offered)
		if got := response.Header.Get("Sec-WebSocket-Protocol"); response.StatusCode != http.StatusSwitchingProtocols || got != want {
			t.Errorf("%s: got %s, %q", offered, response.Status, got)
		}
	}
	_, response := g.dial()
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Sec-WebSocket-Protocol") != "" {
		t.Errorf("none: got %s, %v", response.Status, response.Header)
	}
}

// What a browser or a page sends cannot forge or flood a log line.
func TestOriginInLogIsClipped(t *testing.T) {
	g := newTestGateway(t, nil)
	_, response := g.dial("Origin: https://" + repeat("a", 5000) + ".example")
	if response.StatusCode != http.StatusForbidden {
		t.Fatalf("got %s", response.Status)
	}
	if n := len(g.log()); n > 1000 {
		t.Errorf("a refusal takes %d bytes of log", n)
	}
}
