package e2e

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
)

// sockjsCase is one run of test/clients/sockjs/scenario.js.
type sockjsCase struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Transport string `json:"transport"`
	URL       string `json:"url"`
	Page      string `json:"page"`
	Login     string `json:"login"`
	Passcode  string `json:"passcode"`
	Host      string `json:"host"`
	Tag       string `json:"tag"`
	Count     int    `json:"count"`
	Patience  int    `json:"patience"` // milliseconds for each step
	Refused   bool   `json:"refused"`
	ASCII     bool   `json:"ascii"` // no character of more than one byte
	// What attackers do.
	Headstrong bool   `json:"headstrong"` // tries the transport although /info is refused
	Blind      bool   `json:"blind"`      // sends by hand, without reading an answer
	Referrer   string `json:"referrer"`   // referrer policy of the blind
}

const allTransports = "websocket,xhr_streaming,xhr,eventsource,htmlfile,jsonp"

// startSockJS starts a gateway in front of RabbitMQ that serves every transport.
func startSockJS(t *testing.T, b *backend) *gw.Gateway {
	t.Helper()
	return gw.Run(t, gw.Options{Env: b.env(map[string]string{
		"STOMPGW_SOCKJS_TRANSPORTS": allTransports,
		"STOMPGW_SOCKJS_CLIENT_URL": world.pages.URL + "/node_modules/sockjs-client/dist/sockjs.min.js",
	})})
}

func (b *backend) sockjsCase(t *testing.T, kind, version, transport, url, page string) sockjsCase {
	return sockjsCase{
		Name: kind + version + " " + transport, Version: version, Transport: transport, URL: url, Page: page,
		Login: b.user.Login, Passcode: b.user.Passcode, Host: b.user.Host,
		Tag: unique(t), Count: 1000, Patience: 60_000,
	}
}

func needs(t *testing.T, file string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "clients", file)); err != nil {
		lacking(t, errors.New(file+" of test/clients is not installed (run test/setup.sh)"))
	}
}

// The tests of SockJS keep many connections and a browser busy, so they have the machine to themselves.

// TestSockJSInNode: 1,000 messages each way in order, a frame larger than a read, DISCONNECT with receipt, and all of it
// again, on each transport that sockjs-client has in Node.
func TestSockJSInNode(t *testing.T) {
	onlyGateway(t)
	b := rabbitMQ(t)
	needs(t, "node_modules/sockjs-client-1.1")
	g := startSockJS(t, b)
	var cases []sockjsCase
	for _, version := range []string{"1.6.1", "1.1.5"} {
		for _, transport := range []string{"websocket", "xhr-streaming", "xhr-polling", "eventsource"} {
			c := b.sockjsCase(t, "", version, transport, "http://"+g.Listen+"/stomp", "")
			// Under sockjs-client 1.1.5, Node's eventsource 0.1.6 makes a string of each chunk it reads, and so breaks
			// a character that two chunks share. Browsers, and the eventsource of 1.6.1, put bytes together first.
			c.ASCII = version == "1.1.5" && transport == "eventsource"
			cases = append(cases, c)
		}
	}
	if count := runNode(t, "run-sockjs-node.js", map[string]any{"cases": cases}); count != len(cases) {
		t.Errorf("cases that were reported: got %d, want %d", count, len(cases))
	}
	gone(t, g)
}

// TestSockJSInChromium does the same with each transport of a browser, for pages of the gateway's own origin and of
// another one that is allowed; a page of a third is refused on each.
func TestSockJSInChromium(t *testing.T) {
	onlyGateway(t)
	b := rabbitMQ(t)
	needs(t, "node_modules/sockjs-client-1.1")
	needs(t, "sockjs/old/sockjs-0.3.4.min.js")
	g := startSockJS(t, b)
	same := serveBoth(t, g)
	stranger := httptest.NewServer(http.FileServer(http.Dir(filepath.Join("..", "clients"))))
	t.Cleanup(stranger.Close)
	const page = "/sockjs/page.html"
	var cases []sockjsCase
	for version, transports := range map[string][]string{
		"1.6.1": {"websocket", "xhr-streaming", "eventsource", "htmlfile", "xhr-polling", "jsonp-polling", "iframe-eventsource"},
		"1.1.5": {"websocket", "xhr-streaming", "eventsource", "htmlfile", "xhr-polling", "jsonp-polling"},
		"0.3.4": {"websocket", "xhr-streaming", "xhr-polling", "jsonp-polling"},
	} {
		for _, transport := range transports {
			cases = append(cases, b.sockjsCase(t, "same origin, ", version, transport, same.URL+"/stomp", same.URL+page))
		}
	}
	for version, transports := range map[string][]string{
		"1.6.1": {"websocket", "xhr-streaming", "eventsource", "xhr-polling", "jsonp-polling", "iframe-eventsource", "iframe-htmlfile", "iframe-xhr-polling"},
		"1.1.5": {"xhr-streaming", "xhr-polling"},
		"0.3.4": {"xhr-streaming", "xhr-polling"},
	} {
		for _, transport := range transports {
			cases = append(cases, b.sockjsCase(t, "allowed origin, ", version, transport, "http://"+g.Listen+"/stomp", world.pages.URL+page))
			refused := b.sockjsCase(t, "refused origin, ", version, transport, "http://"+g.Listen+"/stomp", stranger.URL+page)
			refused.Refused = true
			cases = append(cases, refused)
		}
	}
	if count := runNode(t, "run-sockjs-chromium.js", map[string]any{"cases": cases}); count != len(cases) {
		t.Errorf("cases that were reported: got %d, want %d", count, len(cases))
	}
	gone(t, g)
}

// gone waits until the sessions of clients that have left are gone too.
func gone(t *testing.T, g *gw.Gateway) {
	t.Helper()
	gw.Eventually(t, 30*time.Second, "no session left in the gateway", func() bool { return g.Sessions(t) == 0 })
}

// serveBoth serves test/clients and the gateway at one origin.
func serveBoth(t *testing.T, g *gw.Gateway) *httptest.Server {
	t.Helper()
	transport := &http.Transport{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: g.Listen})
	proxy.FlushInterval = -1
	proxy.Transport = transport
	mux := http.NewServeMux()
	mux.Handle("/stomp", proxy)
	mux.Handle("/stomp/", proxy)
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join("..", "clients"))))
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		transport.CloseIdleConnections()
	})
	return s
}
