package gateway

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func prefixes(t *testing.T, list ...string) []netip.Prefix {
	t.Helper()
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// asked makes a request as net/http would hand it on; headers are "Name: value".
func asked(peer, host string, secure bool, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/stomp", nil)
	r.RemoteAddr, r.Host = peer, host
	if secure {
		r.TLS = &tls.ConnectionState{}
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func TestResolveForwarded(t *testing.T) {
	trusted := prefixes(t, "10.0.0.0/8", "2001:db8:1::/48")
	tests := []struct {
		name    string
		peer    string
		headers []string
		want    string // client scheme host
	}{
		{"no headers", "10.0.0.1:9", nil, "10.0.0.1 http gw"},
		{"untrusted peer", "203.0.113.1:9", []string{"X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil"}, "203.0.113.1 http gw"},
		{"untrusted peer, Forwarded", "203.0.113.1:9", []string{"Forwarded: for=1.2.3.4;proto=https;host=evil"}, "203.0.113.1 http gw"},
		{"mapped peer is trusted", "[::ffff:10.0.0.1]:9", []string{"X-Forwarded-For: 203.0.113.7"}, "203.0.113.7 http gw"},
		{"one hop", "10.0.0.1:9", []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: app"}, "203.0.113.7 https app"},
		{"spoofed left part", "10.0.0.1:9", []string{"X-Forwarded-For: 1.2.3.4, 203.0.113.7"}, "203.0.113.7 http gw"},
		{"spoofed in its own header", "10.0.0.1:9", []string{"X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 203.0.113.7"}, "203.0.113.7 http gw"},
		{"spoofed as a proxy", "10.0.0.1:9", []string{"X-Forwarded-For: 10.9.9.9, 203.0.113.7"}, "203.0.113.7 http gw"},
		{"two proxies", "10.0.0.1:9", []string{"X-Forwarded-For: 1.2.3.4, 203.0.113.7, 10.0.0.2"}, "203.0.113.7 http gw"},
		{"the scheme of the outermost", "10.0.0.1:9", []string{"X-Forwarded-For: 203.0.113.7, 10.0.0.2", "X-Forwarded-Proto: https"}, "203.0.113.7 https gw"},
		{"all trusted", "10.0.0.1:9", []string{"X-Forwarded-For: 10.0.0.3, 10.0.0.2"}, "10.0.0.3 http gw"},
		{"nonsense stops the walk", "10.0.0.1:9", []string{"X-Forwarded-For: 203.0.113.7, unknown, 10.0.0.2"}, "10.0.0.2 http gw"},
		{"empty items", "10.0.0.1:9", []string{"X-Forwarded-For: 203.0.113.7,,"}, "10.0.0.1 http gw"},
		{"with a port", "10.0.0.1:9", []string{"X-Forwarded-For: 203.0.113.7:4711"}, "203.0.113.7 http gw"},
		{"IPv6", "[2001:db8:1::2]:9", []string{"X-Forwarded-For: 2001:db8:2::7"}, "2001:db8:2::7 http gw"},
		{"IPv6 with port", "10.0.0.1:9", []string{"X-Forwarded-For: [2001:db8:2::7]:4711"}, "2001:db8:2::7 http gw"},
		{"Forwarded", "10.0.0.1:9", []string{"Forwarded: for=203.0.113.7;proto=https;host=app"}, "203.0.113.7 https app"},
		{"Forwarded, case and blanks", "10.0.0.1:9", []string{"Forwarded: For=203.0.113.7; Proto=HTTPS ; HOST=app"}, "203.0.113.7 https app"},
		{"Forwarded, quoted IPv6 with port", "10.0.0.1:9", []string{`Forwarded: for="[2001:db8:2::7]:4711"`}, "2001:db8:2::7 http gw"},
		{"Forwarded, spoofed left part", "10.0.0.1:9", []string{"Forwarded: for=1.2.3.4;proto=https;host=evil, for=203.0.113.7"}, "203.0.113.7 http gw"},
		{"Forwarded, spoofed in its own header", "10.0.0.1:9", []string{"Forwarded: for=1.2.3.4;host=evil", "Forwarded: for=203.0.113.7"}, "203.0.113.7 http gw"},
		{"Forwarded, hidden", "10.0.0.1:9", []string{"Forwarded: for=1.2.3.4, for=_hidden;proto=https"}, "10.0.0.1 https gw"},
		{"Forwarded, an address inside a quoted host", "10.0.0.1:9", []string{`Forwarded: for=203.0.113.7;host="x,for=6.6.6.6"`}, "203.0.113.7 http x,for=6.6.6.6"},
		{"Forwarded, behind an escaped quote", "10.0.0.1:9", []string{`Forwarded: for=203.0.113.7;host="x\",for=6.6.6.6"`}, `203.0.113.7 http x",for=6.6.6.6`},
		{"both families, contradicting", "10.0.0.1:9", []string{"Forwarded: for=1.2.3.4", "X-Forwarded-For: 203.0.113.7"}, "10.0.0.1 http gw"},
		{"both families, agreeing", "10.0.0.1:9", []string{"Forwarded: for=203.0.113.7;proto=https", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"}, "203.0.113.7 https gw"},
		{"peer that is no address", "@", []string{"X-Forwarded-For: 1.2.3.4"}, "invalid IP http gw"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			via := resolveForwarded(asked(tt.peer, "gw", false, tt.headers...), trusted)
			if got := fmt.Sprint(via.client, " ", via.scheme, " ", via.host); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A quote that the client left open must not swallow what the proxy wrote: the
// client is the proxy's word or the proxy, never the client's.
func TestForwardedOpenQuote(t *testing.T) {
	trusted := prefixes(t, "10.0.0.0/8")
	for _, headers := range [][]string{
		{`Forwarded: for="1.2.3.4, for=203.0.113.7`},
		{`Forwarded: for="1.2.3.4`, `Forwarded: for=203.0.113.7`},
		{`Forwarded: for=1.2.3.4;host="`, `Forwarded: for="203.0.113.7"`},
		{`Forwarded: for=1.2.3.4;x="\`, `Forwarded: for="203.0.113.7"`},
		{`Forwarded: for=1.2.3.4;=;;"";for`, `Forwarded: for=203.0.113.7`},
	} {
		switch got := resolveForwarded(asked("10.0.0.1:9", "gw", false, headers...), trusted).client.String(); got {
		case "203.0.113.7", "10.0.0.1":
		default:
			t.Errorf("%q: got client %s", headers, got)
		}
	}
}

// A peer that came by a Unix socket has no address. It is believed where the zero
// Prefix is among those that are.
func TestUnixPeer(t *testing.T) {
	header := []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"}
	for _, peer := range []string{"@", "", "/run/proxy.sock"} {
		r := asked(peer, "gw", false, header...)
		if via := resolveForwarded(r, prefixes(t, "0.0.0.0/0", "::/0")); via != (forwarded{scheme: "http", host: "gw"}) {
			t.Errorf("%q, not trusted: got %+v", peer, via)
		}
		if via := resolveForwarded(r, []netip.Prefix{{}}); via != (forwarded{client: netip.MustParseAddr("203.0.113.7"), scheme: "https", host: "gw"}) {
			t.Errorf("%q, trusted: got %+v", peer, via)
		}
	}
	if via := resolveForwarded(asked("10.0.0.1:9", "gw", false, header...), []netip.Prefix{{}}); via.client != netip.MustParseAddr("10.0.0.1") {
		t.Errorf("another peer: got %+v", via)
	}
}

// The port is the client's own, or not known.
func TestClientPort(t *testing.T) {
	trusted := prefixes(t, "10.0.0.0/8")
	if via := resolveForwarded(asked("203.0.113.7:4711", "gw", false), trusted); via.port != 4711 {
		t.Errorf("got %d", via.port)
	}
	if via := resolveForwarded(asked("10.0.0.1:4711", "gw", false, "X-Forwarded-For: 203.0.113.7"), trusted); via.port != 0 {
		t.Errorf("behind a proxy: got %d", via.port)
	}
}
