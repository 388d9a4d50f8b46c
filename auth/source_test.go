package auth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestSources has a token in each place where it may be, and where it may not.
func TestSources(t *testing.T) {
	p := newProvider(t, "k1")
	alice := p.token(t, "k1", nil)
	bob := p.token(t, "k1", map[string]any{"sub": "bob"})
	lax := func(r *Request) *Request { r.StrictOrigin = false; return r }
	query := func(q string) *Request { r := request(); r.URL.RawQuery = q; return r }
	none := connect()
	for _, test := range []struct {
		name    string
		sources string
		request *Request
		connect *Connect
		who     string
		code    string
	}{
		{"header", "header", bearing(alice), none, "alice", ""},
		{"header, scheme in small letters", "header", request("Authorization", "bearer  "+alice), none, "alice", ""},
		{"header, another scheme", "header", request("Authorization", "Basic "+alice), none, "", Unauthenticated},
		{"header, nothing", "header", request("Authorization", "Bearer "), none, "", Unauthenticated},
		{"header, bad", "header", bearing("x"), none, "", BadToken},
		{"header, the same twice", "header", request("Authorization", "Bearer "+alice, "Authorization", "Bearer "+alice), none, "alice", ""},
		{"header, two", "header", request("Authorization", "Bearer "+alice, "Authorization", "Bearer "+bob), none, "", BadToken},
		{"cookie", "cookie:t", request("Cookie", "a=b; t="+alice), none, "alice", ""},
		{"cookie, of any page", "cookie:t", lax(request("Cookie", "t="+alice)), none, "", Unauthenticated},
		{"cookie, another", "cookie:t", request("Cookie", "T="+alice), none, "", Unauthenticated},
		{"cookie, two", "cookie:t", request("Cookie", "t="+alice+"; t="+bob), none, "", BadToken},
		{"cookie, two lines", "cookie:t", request("Cookie", "t="+alice, "Cookie", "t="+bob), none, "", BadToken},
		{"subprotocol", "subprotocol", request("Sec-WebSocket-Protocol", "v12.stomp, bearer."+alice), none, "alice", ""},
		{"subprotocol, two lines", "subprotocol", request("Sec-WebSocket-Protocol", "v12.stomp", "Sec-WebSocket-Protocol", "Bearer."+alice), none, "alice", ""},
		{"subprotocol, two", "subprotocol", request("Sec-WebSocket-Protocol", "bearer."+bob+",bearer."+alice), none, "", BadToken},
		{"query", "query:access_token", query("access_token=" + alice), none, "alice", ""},
		{"query, two", "query:access_token", query("access_token=" + alice + "&access_token=" + bob), none, "", BadToken},
		{"query, not asked for", "header", query("access_token=" + alice), none, "", Unauthenticated},
		{"connect", "connect:Authorization", request(), connect("Authorization", "Bearer "+alice), "alice", ""},
		{"connect, plain", "connect:Authorization", request(), connect("Authorization", alice), "alice", ""},
		{"connect, two", "connect:Authorization", request(), connect("Authorization", alice, "Authorization", bob), "", BadToken},
		{"passcode", "connect:passcode", request(), connect("login", "x", "passcode", alice), "alice", ""},
		{"passcode that is none", "connect:passcode", request(), connect("login", "x", "passcode", "secret"), "", Unauthenticated},
		{"passcode that looks like one", "connect:passcode", request(), connect("passcode", "eyJ.a.b"), "", BadToken},
		{"the first source counts", "cookie:t,header", request("Cookie", "t="+bob, "Authorization", "Bearer "+alice), none, "bob", ""},
		{"the first that has one counts", "cookie:t,header", bearing(alice), none, "alice", ""},
		{"a bad one is not passed over", "cookie:t,header", request("Cookie", "t=x", "Authorization", "Bearer "+alice), none, "", BadToken},
		{"connect before header", "connect:token,header", bearing(alice), connect("token", bob), "bob", ""},
		{"header where connect has none", "connect:token,header", bearing(alice), none, "alice", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := p.options()
			o.JWT.Sources = sources(t, test.sources)
			a := newAuthenticator(t, o)
			ctx := context.Background()
			early, earlyErr := a.FromRequest(ctx, test.request)
			id, err := a.FromConnect(ctx, test.request, test.connect)
			expect(t, id, err, test.who, test.code)
			if early != nil && early.Name != test.who {
				t.Errorf("got %q from the request, %q from CONNECT", early.Name, test.who)
			}
			if earlyErr != nil && code(t, earlyErr) != test.code {
				t.Errorf("got %v from the request, %v from CONNECT", earlyErr, err)
			}
		})
	}
}

func sources(t *testing.T, list string) (all []Source) {
	t.Helper()
	for item := range strings.SplitSeq(list, ",") {
		s, err := ParseSource(item)
		if err != nil {
			t.Fatal(err)
		}
		if s.String() != item {
			t.Errorf("got %s, want %s", s, item)
		}
		all = append(all, s)
	}
	return all
}

func TestParseSource(t *testing.T) {
	for _, bad := range []string{"", "cookie", "cookie:", "header:", "header:x", "body", ":", "Header"} {
		if s, err := ParseSource(bad); err == nil {
			t.Errorf("%q: got %v, want an error", bad, s)
		}
	}
}

func TestRedact(t *testing.T) {
	u, err := url.Parse("https://gw/stomp%2fx?access_token=secret#f")
	if err != nil {
		t.Fatal(err)
	}
	if got := Redact(u); got != "/stomp%2fx?***" {
		t.Errorf("got %s", got)
	}
	if got := Redact(&url.URL{Path: "/stomp"}); got != "/stomp" {
		t.Errorf("got %s", got)
	}
	h := http.Header{}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Forwarded-Access-Token", "X-Auth-Request-Access-Token"} {
		h.Add(name, "secret")
		h.Add(name, "secret")
	}
	h.Add("Sec-WebSocket-Protocol", "v12.stomp,\tBearer.secret")
	h.Add("Origin", "https://app.example")
	before := h.Clone()
	shown := RedactHeader(h)
	for name, values := range shown {
		if strings.Contains(strings.Join(values, " "), "secret") {
			t.Errorf("%s shows %v", name, values)
		}
	}
	if shown.Get("Sec-WebSocket-Protocol") != "v12.stomp, bearer.***" || shown.Get("Origin") != "https://app.example" {
		t.Errorf("got %v", shown)
	}
	if h.Get("Sec-WebSocket-Protocol") != before.Get("Sec-WebSocket-Protocol") || h.Get("Cookie") != "secret" {
		t.Error("the request was changed")
	}
}

func TestLooksLikeJWT(t *testing.T) {
	for text, want := range map[string]bool{"eyJ.a.b": true, "eyJ.a": false, "eyJ.a.b.c": false, "a.b.c": false, "eyJpassword": false, "": false} {
		if got := looksLikeJWT(text); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestIsCredential(t *testing.T) {
	for offered, want := range map[string]bool{"bearer.x": true, "BEARER.x": true, "bearer.": true, "bearer": false, "v12.stomp": false, "": false} {
		if got := IsCredential(offered); got != want {
			t.Errorf("%q: got %v", offered, got)
		}
	}
}
