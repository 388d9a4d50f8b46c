package auth

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestAnonymous(t *testing.T) {
	a := newAuthenticator(t, Options{})
	id, err := a.FromRequest(context.Background(), request())
	if id != nil || err != nil {
		t.Errorf("got %v, %v from the request", id, err)
	}
	id, err = a.FromConnect(context.Background(), request(), connect())
	expect(t, id, err, "", "")
	if id.Method != Anonymous {
		t.Errorf("got method %s", id.Method)
	}
}

// TestOrder: a method that refuses is not made good by the next, and the list's
// order holds between what a request and what CONNECT says.
func TestOrder(t *testing.T) {
	p := newProvider(t, "k1")
	file := writeFile(t, "users", "bob:"+bobsHash)
	token := p.token(t, "k1", nil)
	for _, test := range []struct {
		name    string
		methods []Method
		request *Request
		connect *Connect
		early   string // from the request alone
		who     string
		code    string
	}{
		{"token first", []Method{JWT, Users}, bearing(token), connect("login", "bob", "passcode", "secret"), "alice", "alice", ""},
		{"users first", []Method{Users, JWT}, bearing(token), connect("login", "bob", "passcode", "secret"), "", "bob", ""},
		{"users first, no login", []Method{Users, JWT}, bearing(token), connect(), "", "alice", ""},
		{"bad token, good login", []Method{JWT, Users}, bearing("x"), connect("login", "bob", "passcode", "secret"), "", "", BadToken},
		{"bad login, good token", []Method{Users, JWT}, bearing(token), connect("login", "bob", "passcode", "wrong"), "", "", Unauthenticated},
		{"bad login, none", []Method{Users, Anonymous}, request(), connect("login", "bob", "passcode", "wrong"), "", "", Unauthenticated},
		{"nothing, none", []Method{JWT, Users, Anonymous}, request(), connect(), "", "", ""},
		{"nothing", []Method{JWT, Users}, request(), connect(), "", "", Unauthenticated},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := p.options()
			o.Methods, o.UsersFile = test.methods, file
			a := newAuthenticator(t, o)
			early, err := a.FromRequest(context.Background(), test.request)
			if got := code(t, err); got != "" && got != test.code {
				t.Errorf("got %s from the request, want %s", got, test.code)
			}
			if early != nil && early.Name != test.early || early == nil && test.early != "" {
				t.Errorf("got %+v from the request, want %q", early, test.early)
			}
			id, err := a.FromConnect(context.Background(), test.request, test.connect)
			expect(t, id, err, test.who, test.code)
		})
	}
}

func TestOptions(t *testing.T) {
	fetching := newProvider(t).options() // begins to, and must end with the mistake
	fetching.Broker.Mode = "x"
	for _, test := range []struct {
		options Options
		want    string
	}{
		{Options{Methods: []Method{"ldap"}}, `auth: unknown method "ldap"`},
		{Options{Methods: []Method{Certificate, Certificate}}, "auth: method certificate twice"},
		{Options{Methods: []Method{Anonymous, Certificate}}, "auth: nothing is asked after method none"},
		{Options{Methods: []Method{Users}}, "auth: users: no file"},
		{Options{Methods: []Method{Proxy}}, "auth: proxy: no proxies are named"},
		{Options{Methods: []Method{Certificate}, Certificate: "ou"}, `auth: certificate: name from "ou"`},
		{Options{Methods: []Method{Webhook}}, "auth: webhook: URL: expected https://host/path without a login"},
		{Options{Methods: []Method{Webhook}, Webhook: WebhookOptions{URL: "http://hook.example"}}, "auth: webhook: URL: expected https://, or http:// of this machine"},
		{Options{Methods: []Method{Webhook}, Webhook: WebhookOptions{URL: "https://hook.example", Send: []WebhookSecret{"all"}}}, `auth: webhook: nothing to send is called "all"`},
		{Options{Broker: BrokerOptions{Mode: "x"}}, `auth: unknown broker mode "x"`},
		{Options{Broker: BrokerOptions{Mode: Service}}, "auth: broker mode service without a login"},
		{Options{Broker: BrokerOptions{Mode: Service, Login: "a\nb"}}, "auth: the broker's login, passcode or host has a line break or NUL"},
		{Options{Broker: BrokerOptions{Mode: Service, Login: "a", Passcode: "b\x00"}}, "auth: the broker's login, passcode or host has a line break or NUL"},
		{Options{Broker: BrokerOptions{Host: "v\r"}}, "auth: the broker's login, passcode or host has a line break or NUL"},
		{Options{Methods: []Method{Webhook}, Webhook: WebhookOptions{URL: "https://hook.example/#x"}}, "auth: webhook: URL: expected https://host/path without a login"},
		{fetching, `auth: unknown broker mode "x"`},
		{Options{Broker: BrokerOptions{Mode: PassToken}}, "auth: broker mode token without method jwt"},
		{Options{Broker: BrokerOptions{Mode: Map}}, "auth: broker mode map without a login"},
		{Options{Broker: BrokerOptions{Mode: Map, Login: "{x}"}}, "auth: broker mode map: expected {name} or {claims.<claim>}, not {x}"},
		{Options{Methods: []Method{"a", "b"}}, "auth: unknown method \"a\"\nauth: unknown method \"b\""},
	} {
		a, err := New(context.Background(), test.options)
		if err == nil {
			a.Close()
		}
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestIdentityEndsOnTime(t *testing.T) {
	now := time.Now()
	a := newAuthenticator(t, Options{now: func() time.Time { return now }})
	for expires, want := range map[time.Time]string{{}: "", now.Add(1): "", now: TokenExpired, now.Add(-1): TokenExpired} {
		err := a.check(&Identity{Principal: Principal{Name: "alice", Method: Proxy, Expires: expires}})
		if got := code(t, err); got != want {
			t.Errorf("expires %v of now: got %q, want %q", expires.Sub(now), got, want)
		}
	}
}

// TestOfAnotherMethod: what only one method can do is nothing where it is not in use.
func TestOfAnotherMethod(t *testing.T) {
	a, ctx := newAuthenticator(t, Options{}), context.Background()
	_, err := a.Renew(ctx, &Identity{Principal: Principal{Name: "alice", Method: JWT}}, "x")
	if got := code(t, err); got != NotSamePrincipal {
		t.Errorf("got %q from a renewal without method jwt", got)
	}
	asked := &Identity{Principal: Principal{Name: "alice", Method: Webhook}, question: []byte("{}")}
	if _, err := a.Recheck(ctx, asked); err != nil {
		t.Errorf("got %v from a recheck without method webhook", err)
	}
}

func TestRefusal(t *testing.T) {
	r := badToken(context.Canceled)
	if r.Error() != "bad_token: context canceled" || r.Unwrap() != context.Canceled || strings.Contains(r.Message, "canceled") {
		t.Errorf("got %v", r)
	}
	if got := refuse(Unauthenticated, "log in first", nil).Error(); got != "unauthenticated: log in first" {
		t.Errorf("got %v", got)
	}
}
