package auth

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

func TestDiscovery(t *testing.T) {
	p := newProvider(t, "k1")
	o := p.options()
	o.JWT.KeySetURL = ""
	id, err := newAuthenticator(t, o).FromRequest(context.Background(), bearing(p.token(t, "k1", nil)))
	expect(t, id, err, "alice", "")
}

// TestDiscoveryBehindSlash: an issuer that ends with a slash has its document behind
// one slash, not two (OpenID Connect Discovery 1.0 section 4).
func TestDiscoveryBehindSlash(t *testing.T) {
	asked := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	defer server.Close()
	for issuer, want := range map[string]string{
		server.URL + "/": "/.well-known/openid-configuration", server.URL + "/realm": "/realm/.well-known/openid-configuration",
	} {
		_, _ = discover(context.Background(), http.DefaultClient, &JWTOptions{Issuer: issuer}) // there is no document
		if got := eventually.Receive(t, "it is asked", asked); got != want {
			t.Errorf("%s: got %s, want %s", issuer, got, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestDiscoveryOfAnotherIssuer(t *testing.T) {
	p := newProvider(t, "k1")
	const plain = "refresh the keys of tokens: the discovery document names no https URL of the keys"
	for name, test := range map[string]struct{ document, want string }{
		"issuer":    {`{"issuer":"https://evil.example","jwks_uri":"` + p.URL + `/keys"}`, `refresh the keys of tokens: the discovery document is of issuer "https://evil.example", not "ISSUER"`},
		"plain":     {`{"issuer":"ISSUER","jwks_uri":"http://192.0.2.1/keys"}`, plain},
		"no keys":   {`{"issuer":"ISSUER"}`, plain},
		"no JSON":   {`<html>`, "refresh the keys of tokens: the discovery document is not JSON of the expected form"},
		"not an IP": {`{"issuer":"ISSUER","jwks_uri":"http://localhost.evil.example/keys"}`, plain},
	} {
		t.Run(name, func(t *testing.T) {
			var issuer string
			liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprint(w, strings.ReplaceAll(test.document, "ISSUER", issuer))
			}))
			defer liar.Close()
			issuer = liar.URL
			o := p.options()
			o.JWT.KeySetURL, o.JWT.Issuer, o.JWT.UnknownKeyWait = "", issuer, 100*time.Millisecond
			failed := make(chan error, 1)
			o.JWT.UnknownKeyInterval = time.Hour // once is enough
			o.Failed = func(err error) { failed <- err }
			id, err := newAuthenticator(t, o).FromRequest(context.Background(), bearing(p.token(t, "k1", nil)))
			expect(t, id, err, "", Unavailable)
			if err, want := <-failed, strings.ReplaceAll(test.want, "ISSUER", issuer); err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// TestDiscoveryStaysSecure: an issuer behind https does not send for its keys without,
// be it to this machine.
func TestDiscoveryStaysSecure(t *testing.T) {
	var keys string
	var server *httptest.Server
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, server.URL, keys)
	}))
	defer server.Close()
	for address, good := range map[string]bool{"https://keys.example/": true, "http://127.0.0.1/keys": false} {
		keys = address
		got, err := discover(context.Background(), server.Client(), &JWTOptions{Issuer: server.URL})
		if good && got != address || !good && (err == nil || err.Error() != "the discovery document names no https URL of the keys") {
			t.Errorf("%s: got %q, %v", address, got, err)
		}
	}
}

// TestRotation: a key that appears verifies at its first token, and one that is
// gone verifies no more.
func TestRotation(t *testing.T) {
	p := newProvider(t, "old")
	a := newAuthenticator(t, p.options())
	ctx := context.Background()
	old := bearing(p.token(t, "old", nil))
	id, err := a.FromRequest(ctx, old)
	expect(t, id, err, "alice", "")

	p.add(t, "new")
	id, err = a.FromRequest(ctx, bearing(p.token(t, "new", nil)))
	expect(t, id, err, "alice", "")
	id, err = a.FromRequest(ctx, old)
	expect(t, id, err, "alice", "")

	p.remove("old")
	stranger := p.add(t, "stranger")
	p.remove("stranger")
	unknown := bearing(sign(t, methodOf(stranger), stranger, "stranger", p.claims(nil)))
	id, err = a.FromRequest(ctx, unknown) // makes it ask
	expect(t, id, err, "", BadToken)
	id, err = a.FromRequest(ctx, old)
	expect(t, id, err, "", BadToken)
}

// TestRevocation: without any unknown key, the next refresh does it.
func TestRevocation(t *testing.T) {
	p := newProvider(t, "k1", "k2")
	o := p.options()
	o.JWT.Refresh = 5 * time.Millisecond
	a := newAuthenticator(t, o)
	token := bearing(p.token(t, "k1", nil))
	id, err := a.FromRequest(context.Background(), token)
	expect(t, id, err, "alice", "")
	p.remove("k1")
	eventually.True(t, "the withdrawn key is refused", func() bool {
		_, err := a.FromRequest(context.Background(), token)
		return code(t, err) == BadToken
	})
}

// TestUnknownKeyFlood: made-up key ids make no flood of questions.
func TestUnknownKeyFlood(t *testing.T) {
	p := newProvider(t, "k1")
	o := p.options()
	o.JWT.UnknownKeyInterval, o.JWT.UnknownKeyWait = time.Hour, 20*time.Millisecond
	a := newAuthenticator(t, o)
	ctx := context.Background()
	token := bearing(p.token(t, "k1", nil))
	eventually.True(t, "the keys are there", func() bool { _, err := a.FromRequest(ctx, token); return err == nil })
	asked := p.asked.Load()
	key := p.keys["k1"]
	var all sync.WaitGroup
	for i := range 200 {
		forged := bearing(sign(t, methodOf(key), key, fmt.Sprint("made-up-", i), p.claims(nil)))
		all.Go(func() {
			_, err := a.FromRequest(ctx, forged)
			if got := code(t, err); got != Unavailable {
				t.Errorf("got %q, want %s", got, Unavailable)
			}
		})
	}
	all.Wait()
	if more := p.asked.Load() - asked; more != 0 {
		t.Errorf("the endpoint was asked %d times, want none within the interval", more)
	}
	id, err := a.FromRequest(ctx, token)
	expect(t, id, err, "alice", "")
}

func TestKeySetFile(t *testing.T) {
	p := newProvider(t, "k1")
	file := writeFile(t, "keys.json", string(p.keySet()))
	o := p.options()
	o.JWT.KeySetURL, o.JWT.KeySetFile = "", file
	failed := make(chan error, 1)
	o.Failed = func(err error) { failed <- err }
	a := newAuthenticator(t, o)
	ctx := context.Background()
	old := bearing(p.token(t, "k1", nil))
	id, err := a.FromRequest(ctx, old)
	expect(t, id, err, "alice", "")

	p.add(t, "k2")
	p.remove("k1")
	writeFile(t, file, string(p.keySet()))
	young := bearing(p.token(t, "k2", nil))
	eventually.True(t, "the new key verifies", func() bool { _, err := a.FromRequest(ctx, young); return err == nil })
	id, err = a.FromRequest(ctx, old)
	expect(t, id, err, "", BadToken)

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the missing file is told, once", func() bool {
		_, err := a.FromRequest(ctx, young)
		return err == nil && len(failed) == 1
	})
}

// TestPause: after a failure the next attempt comes sooner, and never sooner than
// attempts may follow each other.
func TestPause(t *testing.T) {
	for _, test := range []struct {
		every, gap time.Duration
		err        error
		want       time.Duration
	}{
		{time.Hour, time.Second, nil, time.Hour},
		{time.Hour, time.Second, context.Canceled, time.Second},
		{time.Second, time.Hour, context.Canceled, time.Second},
	} {
		r := remoteKeys{every: test.every, gap: test.gap, lastErr: test.err}
		if got := r.pause(); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}

// TestCloseIsNoFailure: a fetch that Close breaks off is nobody's mistake.
func TestCloseIsNoFailure(t *testing.T) {
	p := newProvider(t, "k1")
	p.answerBy(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	o := p.options()
	failed := make(chan error, 10)
	o.Failed = func(err error) { failed <- err }
	a := newAuthenticator(t, o)
	eventually.True(t, "the keys are asked for", func() bool { return p.asked.Load() > 0 })
	a.Close()
	if len(failed) != 0 {
		t.Errorf("got %v", <-failed)
	}
}

func TestCloseEndsWithTheContext(t *testing.T) {
	p := newProvider(t, "k1")
	ctx, cancel := context.WithCancel(context.Background())
	a, err := New(ctx, p.options())
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-ctx.Done()
	a.Close() // would hang if the context did not end it
}
