package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/stompgw/stompgw/sockjs"
)

// newSockJS is newTestGateway with SockJS below /stomp.
func newSockJS(t *testing.T, change func(*Options)) *testGateway {
	t.Helper()
	g := newTestGateway(t, func(o *Options) {
		o.SockJS = &sockjs.Options{
			Transports: []string{sockjs.WebSocket, sockjs.XHRStreaming, sockjs.XHR, sockjs.EventSource, sockjs.HTMLFile, sockjs.JSONP},
			ClientURL:  "/sockjs.js",
			HeartBeat:  patience, DisconnectDelay: 2 * time.Second, StreamLimit: 128 << 10, Buffer: 200 << 10, MaxPost: 128 << 10,
		}
		if change != nil {
			change(o)
		}
	})
	below := g.SockJS("/stomp")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/stomp/") {
			below.ServeHTTP(w, r)
			return
		}
		g.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	g.url = srv.Listener.Addr().String()
	return g
}

// answer is what came of one request.
type answer struct {
	*http.Response
	text string
}

// do sends a request and reads the answer to its end. Headers are whole lines.
func (g *testGateway) do(line, body string, headers ...string) answer {
	g.t.Helper()
	response := g.start(line, body, headers...)
	text, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return answer{response, string(text)}
}

// start is do for an answer that goes on.
func (g *testGateway) start(line, body string, headers ...string) *http.Response {
	g.t.Helper()
	c, err := net.Dial("tcp", g.url)
	if err != nil {
		g.t.Fatal(err)
	}
	p := newPeer(g.t, c)
	head := line + " HTTP/1.1\r\nHost: gw.example\r\n"
	for _, h := range headers {
		head += h + "\r\n"
	}
	p.write(head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
	response, err := http.ReadResponse(p.r, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return response
}

// quote makes a SockJS message of a frame.
func quote(frames ...string) string {
	var list []string
	for _, f := range frames {
		list = append(list, string(sockjs.AppendEscaped(nil, []byte(f))))
	}
	return `["` + strings.Join(list, `","`) + `"]`
}

func (g *testGateway) poll(id string, headers ...string) string {
	g.t.Helper()
	return g.do("POST /stomp/0/"+id+"/xhr", "", headers...).text
}

func (g *testGateway) wantPoll(id, want string) {
	g.t.Helper()
	if got := g.poll(id); got != want {
		g.t.Fatalf("got %.300q, want %.300q", got, want)
	}
}

func (g *testGateway) wantPost(id string, status int, frames ...string) {
	g.t.Helper()
	if got := g.do("POST /stomp/0/"+id+"/xhr_send", quote(frames...)); got.StatusCode != status {
		g.t.Fatalf("got %s %q, want %d", got.Status, got.text, status)
	}
}

// login opens a session by polling and logs it in.
func (g *testGateway) login(id string) *peer {
	g.t.Helper()
	g.wantPoll(id, "o\n")
	g.wantPost(id, 204, "CONNECT\naccept-version:1.2\nheart-beat:1000,1000\n\n\x00")
	p := g.accept()
	p.frame()
	p.write("CONNECTED\nversion:1.2\n\n\x00\n")
	// SockJS has heart-beats of its own.
	g.wantPoll(id, "a"+quote("CONNECTED\nheart-beat:0,0\nversion:1.2\n\n\x00")+"\n")
	return p
}

func TestSockJSSession(t *testing.T) {
	g := newSockJS(t, nil)
	p := g.login("a")
	if got := testutil.ToFloat64(g.metrics.sessions.WithLabelValues("xhr")); got != 1 {
		t.Errorf("got %v sessions by xhr, want 1", got)
	}
	g.wantPost("a", 204, "SEND\ndestination:/q\n\n☃\x00SEND\ndest", "ination:/q\n\n2\x00")
	p.wantFrame("SEND\ndestination:/q\n\n☃")
	p.wantFrame("SEND\ndestination:/q\n\n2")
	p.write("MESSAGE\n\none\x00MESSAGE\n\ntwo\x00")
	got := g.poll("a")
	if !strings.Contains(got, "two") {
		got = strings.TrimSuffix(got, "]\n") + "," + strings.TrimPrefix(g.poll("a"), "a[")
	}
	if want := "a" + quote("MESSAGE\n\none\x00", "MESSAGE\n\ntwo\x00") + "\n"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	g.wantPost("a", 204, "DISCONNECT\nreceipt:7\n\n\x00")
	p.wantFrame("DISCONNECT\nreceipt:7\n\n")
	p.write("RECEIPT\nreceipt-id:7\n\n\x00")
	g.wantPoll("a", "a"+quote("RECEIPT\nreceipt-id:7\n\n\x00")+"\n")
	g.wantPoll("a", `c[1000,""]`+"\n")
	p.wantEOF()
	g.ended(Disconnected, 1)
	g.wantPoll("a", `c[1000,""]`+"\n") // for some time
	g.wantPost("a", 404, "SEND\n\n\x00")
	for _, e := range g.logs.All() {
		if e.Message == "session started" && e.ContextMap()["session"] == "a" {
			t.Error("the log has the session's id")
		}
	}
}

// An ERROR reaches a client that polls, and the close code after it.
func TestSockJSErrorIsDelivered(t *testing.T) {
	g := newSockJS(t, nil)
	p := g.login("a")
	g.wantPost("a", 204, "SEND\nbad\n\n\x00")
	if got := g.poll("a"); !strings.HasPrefix(got, `a["ERROR\ncode:header_without_colon\n`) {
		t.Fatalf("got %q, want an ERROR", got)
	}
	if got := g.poll("a"); !strings.HasPrefix(got, "c[1002,") {
		t.Fatalf("got %q, want close 1002", got)
	}
	p.wantEOF()
}

func TestSockJSCannotCarry(t *testing.T) {
	tests := map[string]struct {
		frame, code string
		close       string
	}{
		"not UTF-8":            {"MESSAGE\n\n\xff\x00", "bad_utf8", "c[1007,"},
		"not UTF-8, big":       {"MESSAGE\n\n" + repeat("x", 100_000) + "\xff\x00", "bad_utf8", "c[1007,"},
		"larger than may wait": {"MESSAGE\n\n" + repeat("x", 300_000) + "\x00", "message_too_big", "c[1009,"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			g := newSockJS(t, nil)
			p := g.login("a")
			p.write("MESSAGE\n\nbefore\x00")
			g.wantPoll("a", "a"+quote("MESSAGE\n\nbefore\x00")+"\n")
			go p.Write([]byte(tc.frame))
			if got := g.poll("a"); !strings.HasPrefix(got, `a["ERROR\ncode:`+tc.code+`\n`) {
				t.Fatalf("got %.200q, want an ERROR with %s", got, tc.code)
			}
			if got := g.poll("a"); !strings.HasPrefix(got, tc.close) {
				t.Fatalf("got %q, want %s", got, tc.close)
			}
		})
	}
}

// Nor can the broker's own last word pass where it is not UTF-8.
func TestSockJSLastWordIsText(t *testing.T) {
	g := newSockJS(t, func(o *Options) { o.KeepErrors = true })
	g.wantPoll("a", "o\n")
	g.wantPost("a", 204, "CONNECT\naccept-version:1.2\n\n\x00")
	p := g.accept()
	p.frame()
	p.write("ERROR\nmessage:no\n\n\xff\x00")
	if got := g.poll("a"); !strings.HasPrefix(got, `a["ERROR\ncode:bad_utf8\n`) {
		t.Fatalf("got %q, want an ERROR that is text", got)
	}
	if got := g.poll("a"); !strings.HasPrefix(got, "c[1002,") {
		t.Fatalf("got %q, want close 1002", got)
	}
}

// A frame that fills more than one read is one message.
func TestSockJSBigFrameIsOneMessage(t *testing.T) {
	g := newSockJS(t, nil)
	p := g.login("a")
	frame := "MESSAGE\n\n" + repeat("☃", 60_000) + "\x00"
	go p.Write([]byte(frame))
	g.wantPoll("a", "a"+quote(frame)+"\n")
	// And in fragments, but one message, of the framed WebSocket.
	b, q := g.connectFramed()
	go q.Write([]byte(frame))
	m, err := b.next()
	if err != nil || m.op != 1 || m.payload != "a"+quote(frame) || m.frames < 2 {
		t.Fatalf("got %d frames with %d bytes, %v, want the frame's in several", m.frames, len(m.payload), err)
	}
}

// What waits for a poll holds the broker back.
func TestSockJSBackPressure(t *testing.T) {
	g := newSockJS(t, func(o *Options) {
		o.SockJS.DisconnectDelay = patience
		o.SlowClientTimeout = time.Second
	})
	p := g.login("a")
	s := g.only()
	frame := []byte("MESSAGE\n\n" + repeat("x", 10_000) + "\x00")
	written := 0
	for p.SetWriteDeadline(time.Now().Add(300*time.Millisecond)) == nil {
		n, err := p.Write(frame)
		written += n
		if err != nil {
			break
		}
		if written > 64<<20 {
			t.Fatal("the broker was never held back")
		}
	}
	g.eventually("the session to give its client up", func() bool { return s.how() != nil })
	got := g.poll("a") // what waited is not lost, nor is the reason
	if len(got) < 100_000 || len(got) > 250_000 || !strings.Contains(got, `","ERROR\ncode:slow_client\n`) {
		t.Errorf("got %d bytes that end in %q, want about what may wait, and an ERROR", len(got), got[max(0, len(got)-200):])
	}
	if got := g.poll("a"); !strings.HasPrefix(got, "c[4008,") {
		t.Errorf("got %q, want close 4008", got)
	}
	g.ended(SlowClient, 1)
}

func TestSockJSAbsentClient(t *testing.T) {
	g := newSockJS(t, nil)
	p := g.login("a")
	p.wantEOF()
	g.wantPoll("a", `c[1002,"Connection interrupted"]`+"\n")
	p.Close()
	g.ended(ClientClosed, 1)
}

func TestSockJSLimits(t *testing.T) {
	g := newSockJS(t, func(o *Options) { o.MaxSessionsPerIP = 2 })
	g.wantPoll("a", "o\n")
	g.wantPoll("b", "o\n")
	if got := g.do("POST /stomp/0/c/xhr", ""); got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, want 429", got.Status)
	}
}

// What a client sends at a time is held in memory, so one that may be anybody sends
// little.
func TestSockJSPostsBeforeLogin(t *testing.T) {
	g := newSockJS(t, nil)
	most := 4 * g.options.MaxHeadBeforeLogin
	frame := func(bytes int) string {
		begin := quote("SEND\n\n")
		return begin[:len(begin)-2] + repeat("x", bytes-len(begin)-len(`\u0000`)) + `\u0000"]`
	}
	post := func(id, body string, want int) {
		t.Helper()
		if got := g.do("POST /stomp/0/"+id+"/xhr_send", body); got.StatusCode != want {
			t.Errorf("%d bytes: got %s, want %d", len(body), got.Status, want)
		}
	}
	g.wantPoll("anybody", "o\n")
	post("anybody", frame(most+1), http.StatusRequestEntityTooLarge)
	p := g.login("known")
	post("known", frame(most+1), http.StatusNoContent)
	p.frame()
	post("known", frame(128<<10), http.StatusNoContent)
	p.frame()
	post("known", frame(128<<10+1), http.StatusRequestEntityTooLarge)

	framed := g.openAt("/stomp/000/b/websocket")
	framed.wantMessage("o")
	framed.text(frame(most + 1))
	if got := framed.message(); !strings.HasPrefix(got, `a["ERROR\ncode:message_too_big`) {
		t.Errorf("got %q, want message_too_big", got)
	}
	framed.wantMessage(`c[1009,"the message is larger than this server takes"]`)
	framed.wantClose(1009)
	framed, p = g.connectFramed()
	framed.text(frame(most + 1))
	p.frame()
}

func TestSockJSDrain(t *testing.T) {
	g := newSockJS(t, nil)
	p := g.login("a")
	drained := make(chan error, 1)
	go func() { drained <- g.Drain(t.Context(), 0) }()
	if got := g.poll("a"); !strings.HasPrefix(got, `a["ERROR\ncode:draining\n`) {
		t.Fatalf("got %q, want an ERROR", got)
	}
	if got := g.poll("a"); !strings.HasPrefix(got, "c[1001,") {
		t.Fatalf("got %q, want close 1001", got)
	}
	p.wantEOF()
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if got := g.do("POST /stomp/0/b/xhr", ""); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s, want 503", got.Status)
	}
}

func TestSockJSOrigins(t *testing.T) {
	g := newSockJS(t, func(o *Options) {
		o.Origins = OriginPolicy{Same: true, Missing: true, Exact: []string{"https://app.example"}}
	})
	tests := []struct {
		line, header string
		status       int
	}{
		{"GET /stomp/info", "", 200},
		{"GET /stomp/info", "Origin: https://app.example", 200},
		{"GET /stomp/info", "Origin: https://evil.example", 403},
		{"GET /stomp/info", "Origin: null", 403},
		{"OPTIONS /stomp/info", "Origin: https://evil.example", 403},
		{"GET /stomp/", "Origin: https://evil.example", 403},
		{"GET /stomp/iframe.html", "Referer: https://evil.example/", 403},
		{"GET /stomp/iframe.html", "Referer: https://app.example/page", 200},
		{"POST /stomp/0/a/xhr", "Origin: https://evil.example", 403},
		{"POST /stomp/0/a/xhr", "Referer: https://evil.example/x", 403},
		{"OPTIONS /stomp/0/a/xhr", "Origin: https://evil.example", 403},
		{"POST /stomp/0/a/xhr_send", "Origin: https://evil.example", 403},
		{"GET /stomp/0/a/eventsource", "Origin: https://evil.example", 403},
		// What any page may ask for without an Origin must say where it comes from.
		{"GET /stomp/0/b/jsonp?c=x", "", 403},
		{"GET /stomp/0/b/jsonp?c=x", "Referer: https://evil.example/", 403},
		{"GET /stomp/0/b/jsonp?c=x", "Sec-Fetch-Site: cross-site", 403},
		{"POST /stomp/0/b/jsonp_send", "", 403},
		{"POST /stomp/0/b/jsonp_send", "Origin: https://evil.example", 403},
		{"GET /stomp/0/b/htmlfile?c=x", "", 403},
		{"GET /stomp/0/b/jsonp?c=x", "Referer: https://app.example/page?q", 200},
		{"GET /stomp/0/c/jsonp?c=x", "Sec-Fetch-Site: same-origin", 200},
		{"GET /stomp/0/d/jsonp?c=x", "Referer: http://gw.example/", 200},
	}
	for _, tc := range tests {
		var headers []string
		if tc.header != "" {
			headers = append(headers, tc.header)
		}
		got := g.do(tc.line, "", headers...)
		if got.StatusCode != tc.status {
			t.Errorf("%s, %s: got %s, want %d", tc.line, tc.header, got.Status, tc.status)
		}
		if allowed := got.Header.Get("Access-Control-Allow-Origin"); tc.status == 403 && allowed != "" {
			t.Errorf("%s, %s: refused, but lets %s read why", tc.line, tc.header, allowed)
		}
	}
}

// A session is for its opener's address and origin, wherever the id was learnt.
func TestSockJSSessionIsItsOpeners(t *testing.T) {
	g := newSockJS(t, func(o *Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		o.Origins = OriginPolicy{Same: true, Missing: true, Exact: []string{"https://a.example", "https://b.example"}}
	})
	ann := []string{"X-Forwarded-For: 192.0.2.1", "Origin: https://a.example"}
	if got := g.do("POST /stomp/0/s/xhr", "", ann...); got.text != "o\n" {
		t.Fatalf("got %s %q", got.Status, got.text)
	}
	for _, other := range [][]string{
		{"X-Forwarded-For: 192.0.2.2", "Origin: https://a.example"},
		{"X-Forwarded-For: 192.0.2.1", "Origin: https://b.example"},
		{"X-Forwarded-For: 192.0.2.1"},
	} {
		for _, line := range []string{"POST /stomp/0/s/xhr", "POST /stomp/1/s/xhr_send", "POST /stomp/0/s/xhr_streaming", "GET /stomp/0/s/eventsource"} {
			if got := g.do(line, "", other...); got.StatusCode != http.StatusNotFound {
				t.Errorf("%s by %v: got %s, want 404", line, other, got.Status)
			}
		}
	}
	if got := g.do("POST /stomp/9/s/xhr_send", quote("CONNECT\n\n\x00"), ann...); got.StatusCode != 204 {
		t.Errorf("the opener: got %s, want 204", got.Status)
	}
	g.accept()
}

func TestSockJSPages(t *testing.T) {
	g := newSockJS(t, nil)
	tests := []struct {
		line   string
		status int
		text   string
	}{
		{"GET /stomp", 200, "Welcome to SockJS!\n"},
		{"GET /stomp/", 200, "Welcome to SockJS!\n"},
		{"GET /stomp/websocket", 400, "Can \"Upgrade\" only to \"WebSocket\".\n"},
		{"GET /stomp/0/a/websocket", 400, "Can \"Upgrade\" only to \"WebSocket\".\n"},
		{"POST /stomp/0/a/websocket", 405, ""},
		{"GET /stomp//a/xhr", 404, "404 page not found\n"},
		{"GET /stomp/nothing", 404, "404 page not found\n"},
	}
	for _, tc := range tests {
		if got := g.do(tc.line, ""); got.StatusCode != tc.status || got.text != tc.text {
			t.Errorf("%s: got %s %q, want %d %q", tc.line, got.Status, got.text, tc.status, tc.text)
		}
	}
}

// A client that goes away while an answer waits ends its session at once.
func TestSockJSClientVanishes(t *testing.T) {
	g := newSockJS(t, func(o *Options) { o.SockJS.DisconnectDelay = patience })
	p := g.login("a")
	c, err := net.Dial("tcp", g.url)
	if err != nil {
		t.Fatal(err)
	}
	q := newPeer(t, c)
	q.write("POST /stomp/0/a/xhr_streaming HTTP/1.1\r\nHost: gw.example\r\nContent-Length: 0\r\n\r\n")
	if _, err := bufio.NewReader(q).ReadString('h'); err != nil {
		t.Fatal(err)
	}
	q.Close()
	p.wantEOF()
	g.ended(ClientClosed, 1)
}
