package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
)

// site serves pages and a gateway at one origin, and notes what is asked of the gateway. Below /as/<case>/ it is the
// gateway's too, so that the requests of one case can be told from another's.
type site struct {
	*httptest.Server

	mu   sync.Mutex
	seen map[string][]visit // by case
}

// visit is a request to the gateway.
type visit struct {
	request string // method, path, Origin, Referer
	cookie  bool   // whether the victim's cookie came along
	status  int
}

func (v visit) String() string { return fmt.Sprintf("%s: %d", v.request, v.status) }

const victimsCookie = "victim"

func serveSite(t *testing.T, g *gw.Gateway) *site {
	t.Helper()
	s := &site{seen: map[string][]visit{}}
	transport := &http.Transport{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: g.Listen})
	proxy.FlushInterval, proxy.Transport = -1, transport
	proxy.ModifyResponse = s.note
	mux := http.NewServeMux()
	mux.HandleFunc("/as/{case}/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Case", r.PathValue("case"))
		r.URL.Path = "/" + r.PathValue("rest")
		r.URL.RawPath = ""
		proxy.ServeHTTP(w, r)
	})
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join("..", "clients"))))
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		transport.CloseIdleConnections()
	})
	return s
}

func (s *site) note(r *http.Response) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := r.Request.Header
	name := h.Get("X-Case")
	s.seen[name] = append(s.seen[name], visit{
		request: fmt.Sprintf("%s %s from origin %q, page %q", r.Request.Method, r.Request.URL.Path, h.Get("Origin"), h.Get("Referer")),
		cookie:  strings.Contains(h.Get("Cookie"), victimsCookie+"="),
		status:  r.StatusCode,
	})
	return nil
}

func (s *site) visits(name string) []visit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[name]
}

// TestHijacking has a user's browser, with the cookie of the site, open pages of other origins, which try to get a
// session in the user's name: over a WebSocket, with sockjs-client on each transport, and by requests that no
// same-origin policy forbids, whose answers nobody reads. None gets in. From the site's own pages all of it works.
func TestHijacking(t *testing.T) {
	onlyGateway(t)
	b := rabbitMQ(t)
	needs(t, "node_modules/sockjs-client")
	g := gw.Run(t, gw.Options{Env: b.env(b.ownLogin(), map[string]string{
		"STOMPGW_ORIGINS": "same-origin", "STOMPGW_SOCKJS_TRANSPORTS": allTransports,
		"STOMPGW_SOCKJS_CLIENT_URL": world.pages.URL + "/node_modules/sockjs-client/dist/sockjs.min.js",
		"STOMPGW_AUTH":              "jwt", "STOMPGW_TOKEN_SOURCES": "cookie:" + victimsCookie,
		"STOMPGW_JWT_SECRET": signingSecret, "STOMPGW_JWT_ISSUER": "test", "STOMPGW_JWT_AUDIENCE": "test",
	})})
	home := serveSite(t, g)
	pages := map[string]string{
		"home":         home.URL,
		"another port": servePages(t, "127.0.0.1:0"), // same site to browsers, so every cookie comes along
		"another site": servePages(t, "127.0.0.2:0"),
	}
	cases := map[string]sockjsCase{}
	add := func(from string, c sockjsCase) {
		c.Tag = unique(t)
		c.Name = fmt.Sprintf("%s, %s", from, c.Name)
		c.URL, c.Page = home.URL+"/as/"+c.Tag+"/stomp", pages[from]+"/sockjs/page.html"
		c.Refused, c.Count, c.Patience = from != "home", 5, 30_000
		cases[c.Name] = c
	}
	for from := range pages {
		for _, transport := range []string{"plain", "websocket", "xhr-streaming", "eventsource", "htmlfile", "xhr-polling", "jsonp-polling",
			"iframe-eventsource", "iframe-htmlfile", "iframe-xhr-polling"} {
			if from == "home" && (transport == "iframe-htmlfile" || transport == "iframe-xhr-polling") {
				continue // sockjs-client has them for other origins only
			}
			add(from, sockjsCase{Name: transport, Version: "1.6.1", Transport: transport, Headstrong: true})
		}
		for _, transport := range []string{"xhr", "xhr_streaming", "eventsource", "htmlfile", "jsonp"} {
			add(from, sockjsCase{Name: "blind " + transport, Version: "1.6.1", Transport: transport, Blind: true})
			if from != "home" {
				add(from, sockjsCase{Name: "blind " + transport + " without a word of where from", Version: "1.6.1", Transport: transport,
					Blind: true, Referrer: "no-referrer"})
			}
		}
	}
	var list []sockjsCase
	for _, c := range cases {
		list = append(list, c)
	}
	host, _, _ := net.SplitHostPort(home.Listener.Addr().String())
	if count := runNode(t, "run-sockjs-chromium.js", map[string]any{"cases": list, "parallel": 4, "cookies": []map[string]any{{
		"name": victimsCookie, "value": token(signingSecret, "victim"), "domain": host, "path": "/", "httpOnly": true, "secure": true, "sameSite": "None",
	}}}); count != len(list) {
		t.Errorf("cases that were reported: got %d, want %d", count, len(list))
	}
	for name, c := range cases {
		t.Run("at the gateway, "+name, func(t *testing.T) {
			t.Parallel()
			home.judge(t, c)
			if c.Blind {
				arrivesFirst(t, b, "/queue/"+c.Tag, map[bool]string{true: "sentinel", false: "hijacked"}[c.Refused])
			}
		})
	}
}

// token is a JWT for a name, good for an hour.
func token(secret, name string) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims, err := json.Marshal(map[string]any{"iss": "test", "aud": "test", "sub": name, "exp": time.Now().Add(time.Hour).Unix()})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// ownLogin has the gateway log in at the broker by itself.
func (b *backend) ownLogin() map[string]string {
	return map[string]string{
		"STOMPGW_BROKER_CREDENTIALS": "service", "STOMPGW_BROKER_LOGIN": b.user.Login,
		"STOMPGW_BROKER_PASSCODE": b.user.Passcode, "STOMPGW_BROKER_HOST": b.user.Host,
	}
}

// judge looks at what a case asked of the gateway: always with the victim's cookie; and whether it was let in.
func (s *site) judge(t *testing.T, c sockjsCase) {
	t.Helper()
	cookies, admitted := 0, 0
	visits := s.visits(c.Tag)
	for _, v := range visits {
		if v.cookie {
			cookies++
		}
		if v.status < 400 {
			admitted++
			if c.Refused {
				t.Errorf("let in: %v", v)
			}
		}
	}
	if cookies == 0 {
		t.Errorf("no request came with the victim's cookie: %v", visits)
	}
	if !c.Refused && admitted == 0 {
		t.Errorf("the site's own page was not let in: %v", visits)
	}
}

// arrivesFirst wants the first message of a queue, to which "sentinel" is sent now, to be the one that is named.
func arrivesFirst(t *testing.T, b *backend, queue, want string) {
	t.Helper()
	s := b.openBare(t)
	s.Connect(b.login()...)
	s.Do("SUBSCRIBE", "", "id", "1", "destination", queue)
	if want == "sentinel" {
		s.Do("SEND", "sentinel", "destination", queue)
	}
	s.ExpectBody(want)
}

// servePages serves test/clients at an address of its own.
func servePages(t *testing.T, addr string) string {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.FileServer(http.Dir(filepath.Join("..", "clients")))}}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}
