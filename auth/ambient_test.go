package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What a browser or a proxy adds to every request, whichever page sent it.

func TestProxy(t *testing.T) {
	a := newAuthenticator(t, Options{Methods: []Method{Proxy}, Proxy: ProxyOptions{
		Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
	}})
	socket := newAuthenticator(t, Options{Methods: []Method{Proxy}, Proxy: ProxyOptions{Networks: []netip.Prefix{{}}}})
	from := func(peer string, r *Request) *Request {
		r.Peers = nil
		for _, p := range strings.Fields(peer) {
			r.Peers = append(r.Peers, netip.MustParseAddr(p))
		}
		return r
	}
	anyPage := func(r *Request) *Request { r.StrictOrigin = false; return r }
	program := func(r *Request) *Request { r.StrictOrigin = false; r.Header.Del("Origin"); return r }
	user := func() *Request { return request("X-Forwarded-User", "alice") }
	for _, test := range []struct {
		name    string
		request *Request
		who     string
		code    string
	}{
		{"named", user(), "alice", ""},
		{"named, IPv6", from("2001:db8::1", user()), "alice", ""},
		{"named, IPv4 in IPv6", from("::ffff:10.0.0.1", user()), "alice", ""},
		{"not named", from("192.0.2.1", user()), "", Unauthenticated},
		{"client's address in the network", func() *Request {
			r := from("192.0.2.1", user())
			r.Addr = netip.MustParseAddr("10.0.0.1")
			return r
		}(), "", Unauthenticated},
		{"a stranger claims to speak for one that is named", from("192.0.2.1 10.0.0.1", user()), "", Unauthenticated},
		{"one that is named speaks for a stranger", from("10.0.0.1 192.0.2.1", user()), "", Unauthenticated},
		{"one that is named speaks for another", from("10.0.0.1 10.0.0.2", user()), "alice", ""},
		{"no peer", func() *Request { r := user(); r.Peers = []netip.Addr{{}}; return r }(), "", Unauthenticated},
		{"peer not known", from("", user()), "", Unauthenticated},
		{"no user", request("X-Forwarded-Email", "a@x.example"), "", Unauthenticated},
		{"empty user", request("X-Forwarded-User", ""), "", Unauthenticated},
		{"two users", request("X-Forwarded-User", "alice", "X-Forwarded-User", "bob"), "", BadIdentity},
		{"two emails", request("X-Forwarded-User", "alice", "X-Forwarded-Email", "a@x", "X-Forwarded-Email", "b@x"), "", BadIdentity},
		{"two groups", request("X-Forwarded-User", "alice", "X-Forwarded-Groups", "admin", "X-Forwarded-Groups", "staff"), "", BadIdentity},
		{"control character", request("X-Forwarded-User", "a\tb"), "", BadIdentity},
		{"page of any origin", anyPage(user()), "", Unauthenticated},
		{"no page at all", program(user()), "alice", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			early, earlyErr := a.FromRequest(context.Background(), test.request)
			id, err := a.FromConnect(context.Background(), test.request, connect())
			expect(t, id, err, test.who, test.code)
			if (early != nil) != (id != nil) || earlyErr != nil && code(t, earlyErr) != test.code {
				t.Errorf("got %v, %v from the request", early, earlyErr)
			}
		})
	}
	bySocket := user()
	bySocket.Peers = []netip.Addr{{}}
	id, err := socket.FromRequest(context.Background(), bySocket)
	expect(t, id, err, "alice", "")
	if id, err = socket.FromRequest(context.Background(), user()); id != nil || err != nil {
		t.Errorf("got %v, %v by TCP where only the socket is named", id, err)
	}
	id, err = a.FromRequest(context.Background(), request("X-Forwarded-User", "alice", "X-Forwarded-Email", "a@x.example",
		"X-Forwarded-Groups", "staff,, ops,dev", "X-Forwarded-Preferred-Username", "ali"))
	expect(t, id, err, "alice", "")
	want := map[string]any{"email": "a@x.example", "preferred_username": "ali", "groups": []any{"staff", "ops", "dev"}}
	if id.Method != Proxy || !reflect.DeepEqual(id.Claims, want) {
		t.Errorf("got %s %v, want %v", id.Method, id.Claims, want)
	}
}

func TestProxyHeaders(t *testing.T) {
	a := newAuthenticator(t, Options{Methods: []Method{Proxy}, Proxy: ProxyOptions{
		Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, User: "Remote-User",
	}})
	id, err := a.FromRequest(context.Background(), request("Remote-User", "alice", "X-Forwarded-User", "mallory"))
	expect(t, id, err, "alice", "")
	id, err = a.FromConnect(context.Background(), request("X-Forwarded-User", "mallory"), connect())
	expect(t, id, err, "", Unauthenticated)
}

func TestCertificate(t *testing.T) {
	end := time.Now().Add(time.Hour)
	uri, err := url.Parse("spiffe://x.example/app")
	if err != nil {
		t.Fatal(err)
	}
	whole := x509.Certificate{
		Subject: pkix.Name{CommonName: "app"}, SerialNumber: big.NewInt(255), NotAfter: end,
		DNSNames: []string{"app.example", "b.example"}, EmailAddresses: []string{"app@x.example"}, URIs: []*url.URL{uri},
	}
	bare := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: end}
	old := whole
	old.NotAfter = time.Now().Add(-time.Second)
	verified := func(c x509.Certificate) *tls.ConnectionState {
		return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{&c}, VerifiedChains: [][]*x509.Certificate{{&c}}}
	}
	for _, test := range []struct {
		name string
		from CertificateName
		tls  *tls.ConnectionState
		who  string
		code string
	}{
		{"subject", "", verified(whole), "app", ""},
		{"dns", NameFromDNS, verified(whole), "app.example", ""},
		{"uri", NameFromURI, verified(whole), "spiffe://x.example/app", ""},
		{"email", NameFromEmail, verified(whole), "app@x.example", ""},
		{"no name", NameFromDNS, verified(bare), "", BadIdentity},
		{"no subject", "", verified(bare), "", BadIdentity},
		{"no longer valid", "", verified(old), "", TokenExpired},
		{"shown, not verified", "", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{&whole}}, "", Unauthenticated},
		{"none shown", "", &tls.ConnectionState{}, "", Unauthenticated},
		{"no TLS", "", nil, "", Unauthenticated},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAuthenticator(t, Options{Methods: []Method{Certificate}, Certificate: test.from})
			r := request()
			r.TLS = test.tls
			id, err := a.FromConnect(context.Background(), r, connect())
			expect(t, id, err, test.who, test.code)
			if id != nil && (!id.Expires.Equal(end) || id.Claims["serial"] != "ff") {
				t.Errorf("got %+v", id)
			}
			r.StrictOrigin = false
			id, err = a.FromConnect(context.Background(), r, connect())
			expect(t, id, err, "", Unauthenticated)
		})
	}
}
