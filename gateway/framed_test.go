package gateway

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// connectFramed opens a framed WebSocket and logs it in.
func (g *testGateway) connectFramed() (*browser, *peer) {
	g.t.Helper()
	b := g.openAt("/stomp/000/id/websocket")
	b.wantMessage("o")
	b.text(quote("CONNECT\naccept-version:1.2\n\n\x00"))
	p := g.accept()
	p.frame()
	p.write("CONNECTED\nversion:1.2\n\n\x00\n")
	b.wantMessage("a" + quote("CONNECTED\nheart-beat:"+g.options.ClientHeartBeat.String()+"\nversion:1.2\n\n\x00"))
	return b, p
}

// openAt opens a WebSocket at a path.
func (g *testGateway) openAt(path string) *browser {
	g.t.Helper()
	c, err := net.Dial("tcp", g.url)
	if err != nil {
		g.t.Fatal(err)
	}
	p := newPeer(g.t, c)
	p.write("GET " + path + " HTTP/1.1\r\nHost: gw.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	response, err := http.ReadResponse(p.r, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		g.t.Fatalf("handshake: got %v, %v", response, err)
	}
	return &browser{p}
}

func TestSockJSFramedWebSocket(t *testing.T) {
	g := newSockJS(t, nil)
	b, p := g.connectFramed()
	b.text("") // is ignored
	b.text(quote("SEND\n\n1\x00", "SEND\n\n2\x00"))
	p.wantFrame("SEND\n\n1")
	p.wantFrame("SEND\n\n2")
	long := quote("SEND\n\n" + repeat("y", 5000) + "\x00")
	for i, first := range []byte{0x01, 0x00, 0x80} { // in three fragments
		part := long[i*len(long)/3 : (i+1)*len(long)/3]
		b.write(string(wsFrame(first, part)))
	}
	p.wantFrame("SEND\n\n" + repeat("y", 5000))
	p.write("MESSAGE\n\n\"☃\"\u2028\x00MESSAGE\n\ntwo\x00")
	b.wantMessage("a" + quote("MESSAGE\n\n\"☃\"\u2028\x00"))
	b.wantMessage("a" + quote("MESSAGE\n\ntwo\x00"))
	for _, n := range []int{10, 120, 126, 127, 65500, 65536, 70000} { // around each form of a length
		frame := "MESSAGE\n\n" + repeat("\"", n) + "\x00"
		go p.Write([]byte(frame))
		b.wantMessage("a" + quote(frame))
	}
	b.text(quote("DISCONNECT\nreceipt:7\n\n\x00"))
	p.wantFrame("DISCONNECT\nreceipt:7\n\n")
	p.write("RECEIPT\nreceipt-id:7\n\n\x00")
	b.wantMessage("a" + quote("RECEIPT\nreceipt-id:7\n\n\x00"))
	b.wantMessage(`c[1000,""]`)
	b.wantClose(1000)
	g.ended(Disconnected, 1)
}

func TestSockJSFramedWebSocketEnds(t *testing.T) {
	tests := map[string]struct {
		message, code string
		close         int
	}{
		"broken JSON": {`["a`, "bad_sockjs_frame", 1002},
		"no strings":  {`[null]`, "bad_sockjs_frame", 1002},
		"too large":   {quote(repeat("x", 128<<10)), "message_too_big", 1009},
		"bad frame":   {quote("SEND\nbad\n\n\x00"), "header_without_colon", 1002},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			g := newSockJS(t, nil)
			b, _ := g.connectFramed()
			b.text(tc.message)
			if got := b.message(); !strings.HasPrefix(got, `a["ERROR\ncode:`+tc.code) {
				t.Fatalf("got %q, want an ERROR with %s", got, tc.code)
			}
			if got := b.message(); !strings.HasPrefix(got, fmt.Sprintf("c[%d,", tc.close)) {
				t.Fatalf("got %q, want the close frame", got)
			}
			b.wantClose(tc.close)
		})
	}
}

// A framed WebSocket gets SockJS's heart-beats with the pings, and STOMP's.
func TestSockJSFramedHeartBeats(t *testing.T) {
	g := newSockJS(t, func(o *Options) { o.PingInterval = beat })
	b, _ := g.connectFramed()
	seen := map[string]bool{}
	for !seen["h"] || !seen["ping"] {
		m, err := b.next()
		if err != nil {
			t.Fatal(err)
		}
		if m.op == 9 {
			m.payload = "ping"
		}
		seen[m.payload] = true
	}
}

// While a frame of the broker stalls on its way, a client is still asked whether it
// is there, and may answer.
func TestSockJSFramedPingsInMessage(t *testing.T) {
	g := newSockJS(t, func(o *Options) { o.PingInterval, o.ClientHeartBeat = 8*beat, beats(0, 0) })
	b, p := g.connectFramed()
	p.write("MESSAGE\ncontent-length:200000\n\n" + repeat("x", 100_000))
	for pings := 0; pings < 4; {
		f, err := b.nextFrame()
		switch {
		case err != nil || f.op == 8:
			t.Fatalf("got %v, %v after %d pings", f, err, pings)
		case f.op == 9:
			pings++
			b.write(string(wsFrame(0x8a, f.payload)))
		}
	}
}

func TestSockJSRawWebSocket(t *testing.T) {
	g := newSockJS(t, nil)
	b := g.openAt("/stomp/websocket")
	b.text("CONNECT\naccept-version:1.2\n\n\x00")
	p := g.accept()
	p.frame()
	p.write("CONNECTED\nversion:1.2\n\n\x00\n")
	b.wantMessage("CONNECTED\nheart-beat:10000,10000\nversion:1.2\n\n")
	b.text("SEND\n\n1\x00")
	p.wantFrame("SEND\n\n1")
}
