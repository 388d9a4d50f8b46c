package sockjs

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/internal/eventually"
)

const (
	noStore   = "no-store, no-cache, no-transform, must-revalidate, max-age=0"
	longCache = "public, max-age=31536000"
)

// The letter of the protocol for answers that stand alone.
func TestAnswers(t *testing.T) {
	frame := "Origin: https://app.example\r\n"
	tests := map[string]struct {
		line, headers, body string
		status              int
		want                map[string]string // "" for a header that must not be there
		answer              string            // a pattern
	}{
		"welcome":           {line: "GET /x", status: 200, want: map[string]string{"Content-Type": plainText, "Set-Cookie": ""}, answer: `^Welcome to SockJS!\n$`},
		"welcome/":          {line: "GET /x/", status: 200, want: map[string]string{"Content-Type": plainText}, answer: `^Welcome to SockJS!\n$`},
		"welcome, HTTP/1.0": {line: "GET /x HTTP/1.0", headers: "Connection: keep-alive\r\n", status: 200, want: map[string]string{"Connection": "close", "Transfer-Encoding": ""}, answer: `^Welcome to SockJS!\n$`},
		"below":             {line: "GET /x/a", status: 404},
		"index.html":        {line: "GET /x/index.html", status: 404},

		"info": {line: "GET /x/info", status: 200, want: map[string]string{"Content-Type": "application/json; charset=UTF-8",
			"Cache-Control": noStore, "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "", "Set-Cookie": ""},
			answer: `^\{"websocket":true,"origins":\["\*:\*"\],"cookie_needed":false,"entropy":\d+\}$`},
		"info, origin": {line: "GET /x/info", headers: frame, status: 200, want: map[string]string{
			"Access-Control-Allow-Origin": "https://app.example", "Access-Control-Allow-Credentials": "true", "Vary": "Origin"}},
		"info, origin null": {line: "GET /x/info", headers: "Origin: null\r\n", status: 200, want: map[string]string{
			"Access-Control-Allow-Origin": "null", "Access-Control-Allow-Credentials": "true"}},
		"info, OPTIONS": {line: "OPTIONS /x/info", headers: frame + "Access-Control-Request-Headers: a, b\r\n", status: 204, want: map[string]string{
			"Cache-Control": longCache, "Access-Control-Max-Age": "31536000", "Access-Control-Allow-Methods": "OPTIONS, GET",
			"Access-Control-Allow-Headers": "a, b", "Access-Control-Allow-Origin": "https://app.example", "Set-Cookie": ""}, answer: `^$`},
		"info, POST": {line: "POST /x/info", status: 405, want: map[string]string{"Allow": "OPTIONS, GET"}},

		"iframe":               {line: "GET /x/iframe.html", status: 200, want: map[string]string{"Content-Type": htmlText, "Cache-Control": longCache, "Set-Cookie": ""}, answer: `<script src="https://static.example/sockjs.js"></script>`},
		"iframe, version":      {line: "GET /x/iframe-1.6.1.min.html?t=x", status: 200},
		"iframe, upper case":   {line: "GET /x/IFRAME.html", status: 404},
		"iframe, capital":      {line: "GET /x/iframe-A.html", status: 404},
		"iframe, no dot":       {line: "GET /x/iframexhtml", status: 404},
		"iframe, other ending": {line: "GET /x/iframe.htm", status: 404},
		"iframe, deeper":       {line: "GET /x/iframe-/.html", status: 404},

		"no session":         {line: "POST /x//a/xhr", status: 404},
		"no server":          {line: "POST /x/a//xhr", status: 404},
		"dot in server":      {line: "POST /x/a.a/a/xhr", status: 404},
		"dot in session":     {line: "POST /x/a/a.a/xhr", status: 404},
		"behind transport":   {line: "POST /x/a/a/xhr/", status: 404},
		"before":             {line: "POST /x/x/a/a/xhr", status: 404},
		"long session":       {line: "POST /x/a/" + strings.Repeat("a", 200) + "/xhr", status: 404},
		"unknown transport":  {line: "POST /x/a/a/polling", status: 404},
		"GET xhr":            {line: "GET /x/a/a/xhr", status: 405, want: map[string]string{"Allow": "OPTIONS, POST"}, answer: `^$`},
		"PUT xhr_streaming":  {line: "PUT /x/a/a/xhr_streaming", status: 405},
		"POST eventsource":   {line: "POST /x/a/a/eventsource", status: 405, want: map[string]string{"Allow": "OPTIONS, GET"}},
		"OPTIONS xhr":        {line: "OPTIONS /x/a/a/xhr", headers: frame, status: 204, want: map[string]string{"Access-Control-Allow-Methods": "OPTIONS, POST", "Cache-Control": longCache, "Access-Control-Allow-Headers": ""}},
		"OPTIONS xhr_send":   {line: "OPTIONS /x/a/a/xhr_send", status: 204, want: map[string]string{"Access-Control-Allow-Methods": "OPTIONS, POST", "Access-Control-Allow-Origin": "*"}},
		"send to nobody":     {line: "POST /x/a/nobody/xhr_send", body: `["x"]`, status: 404, want: map[string]string{"Set-Cookie": ""}},
		"jsonp send nobody":  {line: "POST /x/a/nobody/jsonp_send", body: `["x"]`, status: 404},
		"jsonp, no callback": {line: "GET /x/a/a/jsonp", status: 500, answer: `^"callback" parameter required$`},
		"jsonp, callback":    {line: "GET /x/a/a/jsonp?c=%20", status: 500, answer: `^invalid "callback" parameter$`},
		"htmlfile, none":     {line: "GET /x/a/a/htmlfile", status: 500, answer: `^"callback" parameter required$`},
		"htmlfile, callback": {line: "GET /x/a/a/htmlfile?c=alert(1)", status: 500, answer: `^invalid "callback" parameter$`},
		"htmlfile, long":     {line: "GET /x/a/a/htmlfile?c=" + strings.Repeat("a", 65), status: 500},
		"poll with a body":   {line: "POST /x/a/a/xhr", body: strings.Repeat("a", maxPollBody+1), status: 413},
	}
	s := newTestServer(t, nil)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			x := s.ask(tc.line, tc.headers, tc.body)
			if x.response.StatusCode != tc.status {
				t.Fatalf("got status %s, want %d", x.response.Status, tc.status)
			}
			for name, want := range tc.want {
				if got := strings.Join(x.response.Header.Values(name), ", "); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if tc.status == http.StatusNoContent {
				return
			}
			if got := x.body(); !regexp.MustCompile(tc.answer).MatchString(got) {
				t.Errorf("got %q, want %s", got, tc.answer)
			}
		})
	}
	if s.Len() != 0 {
		t.Errorf("got %d sessions, want none", s.Len())
	}
}

// Each transport's frames, to the letter.
func TestTransports(t *testing.T) {
	html := htmlPrelude("cb")
	if !strings.Contains(html, "parent.cb;") || len(html) <= 1024 {
		t.Errorf("the page for htmlfile has %d bytes", len(html))
	}
	tests := []struct {
		transport, kind, prelude string
		open, beat, messages     string
		closed                   string
	}{
		{XHR, javaScript, "", "o\n", "h\n", `a["a","\u0001\"\\ü\u2028"]` + "\n", `c[3000,"Go away!"]` + "\n"},
		{XHRStreaming, javaScript, strings.Repeat("h", 2048) + "\n", "o\n", "h\n", `a["a","\u0001\"\\ü\u2028"]` + "\n", `c[3000,"Go away!"]` + "\n"},
		{EventSource, "text/event-stream; charset=UTF-8", "\r\n", "data: o\r\n\r\n", "data: h\r\n\r\n", `data: a["a","\u0001\"\\ü\u2028"]` + "\r\n\r\n", `data: c[3000,"Go away!"]` + "\r\n\r\n"},
		{HTMLFile, htmlText, html, "<script>\np(\"o\");\n</script>\r\n", "<script>\np(\"h\");\n</script>\r\n",
			"<script>\np(" + `"a[\"a\",\"\\u0001\\\"\\\\ü\\u2028\"]"` + ");\n</script>\r\n", "<script>\np(" + `"c[3000,\"Go away!\"]"` + ");\n</script>\r\n"},
		{JSONP, javaScript, "", "/**/cb(\"o\");\r\n", "/**/cb(\"h\");\r\n", `/**/cb("a[\"a\",\"\\u0001\\\"\\\\ü\\u2028\"]");` + "\r\n", `/**/cb("c[3000,\"Go away!\"]");` + "\r\n"},
	}
	for _, tc := range tests {
		t.Run(tc.transport, func(t *testing.T) {
			s := newTestServer(t, func(o *Options) { o.HeartBeat = 1 << 60; o.Cookie = &Cookie{} })
			streaming := transports[tc.transport].streaming
			session, x := s.open("a", tc.transport)
			for name, want := range map[string]string{"Content-Type": tc.kind, "Cache-Control": noStore, "Access-Control-Allow-Origin": "*",
				"X-Content-Type-Options": "nosniff", "Set-Cookie": "JSESSIONID=dummy; Path=/"} {
				if got := x.response.Header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			// next goes on to what the next frame is in.
			next := func(frame string) {
				t.Helper()
				if streaming {
					x.want(frame)
					return
				}
				x.wantBody(frame)
				x = nil
			}
			x.want(tc.prelude)
			next(tc.open)
			send(t, session, "a", "\x01\"\\ü\u2028")
			if !streaming {
				x = s.poll("a", tc.transport)
			}
			next(tc.messages)
			done := make(chan struct{})
			go func() {
				defer close(done)
				session.Close(nil, 3000, "Go away!", timeIn(patience))
			}()
			eventually.True(t, "the session to close", func() bool { session.mu.Lock(); defer session.mu.Unlock(); return session.closeFrame != nil })
			if !streaming {
				x = s.poll("a", tc.transport)
			}
			next(tc.closed)
			<-done
			if streaming {
				x.wantBody("") // the answer ends with the close frame
			}
			for range 2 { // and for some time polls get it again
				x = s.poll("a", tc.transport)
				x.want(tc.prelude)
				x.wantBody(tc.closed)
			}
			if got := s.ask("POST /x/1/a/xhr_send", "", `["x"]`).response.StatusCode; got != 404 {
				t.Errorf("post to a closed session: got %d, want 404", got)
			}
		})
		t.Run(tc.transport+", heart-beat", func(t *testing.T) {
			s := newTestServer(t, func(o *Options) { o.HeartBeat = 20 * 1e6 })
			_, x := s.open("a", tc.transport)
			x.want(tc.prelude + tc.open)
			if transports[tc.transport].streaming {
				x.want(tc.beat + tc.beat)
				return
			}
			x.wantBody("")
			s.poll("a", tc.transport).wantBody(tc.beat)
		})
	}
}

func TestCookieIsTheClients(t *testing.T) {
	s := newTestServer(t, func(o *Options) {
		o.Cookie = &Cookie{Secure: true, HTTPOnly: true, SameSite: http.SameSiteNoneMode}
	})
	x := s.ask("POST /x/0/a/xhr", "Cookie: JSESSIONID=abc-1; other=2\r\n", "")
	if got, want := x.response.Header.Get("Set-Cookie"), "JSESSIONID=abc-1; Path=/; HttpOnly; Secure; SameSite=None"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := s.ask("GET /x/info", "", "").body(); !strings.Contains(got, `"cookie_needed":true`) {
		t.Errorf("got %s, want a cookie to be needed", got)
	}
}

// Proxies of HTTP/1.0 get the answer without chunks, up to the end of the
// connection.
func TestHTTP10Streaming(t *testing.T) {
	s := newTestServer(t, nil)
	x := s.ask("POST /x/000/a/xhr_streaming HTTP/1.0", "Connection: keep-alive\r\n", "")
	if len(x.response.TransferEncoding) > 0 || x.response.ContentLength >= 0 || !x.response.Close {
		t.Fatalf("got %+v, want an answer to the end of the connection", x.response)
	}
	session := s.session()
	x.want(strings.Repeat("h", 2048) + "\no\n")
	go session.Close([]byte("last"), 1000, "", timeIn(patience))
	x.wantBody("a[\"last\"]\n" + `c[1000,""]` + "\n")
}

func TestIframe(t *testing.T) {
	s := newTestServer(t, nil)
	x := s.ask("GET /x/iframe-1.6.1.html", "", "")
	policy := x.response.Header.Get("Content-Security-Policy")
	for _, want := range []string{"frame-ancestors 'self' https://app.example", "script-src https://static.example/sockjs.js 'sha256-", "default-src 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("got policy %q, want %q in it", policy, want)
		}
	}
	tag := x.response.Header.Get("ETag")
	same := s.ask("GET /x/iframe-1.6.1.html", "If-None-Match: "+tag+"\r\n", "")
	if same.wantStatus(304).response.Header.Get("Content-Type") != "" || same.response.Header.Get("ETag") != tag || tag == "" {
		t.Errorf("got %v, want a 304 without a type and with the tag %s", same.response.Header, tag)
	}
	none := newServerWithout(t)
	none.ask("GET /x/iframe.html", "", "").wantStatus(404)
}

// newServerWithout serves neither old transports nor a page for iframes.
func newServerWithout(t *testing.T) *testServer {
	o := testOptions()
	return newSerialServer(t, func(p *Options) {
		*p = o
		p.ClientURL, p.Transports = "", []string{XHR}
	})
}

func TestTransportsThatAreOff(t *testing.T) {
	s := newServerWithout(t)
	for _, line := range []string{"GET /x/0/a/jsonp?c=cb", "POST /x/0/a/jsonp_send", "GET /x/0/a/htmlfile?c=cb", "GET /x/0/a/eventsource", "POST /x/0/a/xhr_streaming"} {
		s.ask(line, "", "").wantStatus(404)
	}
	if got := s.ask("GET /x/info", "", "").body(); !strings.Contains(got, `"websocket":false`) {
		t.Errorf("got %s, want no websocket", got)
	}
	s.ask("POST /x/0/a/xhr", "", "").wantBody("o\n")
}
