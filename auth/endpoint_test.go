package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

// What becomes of tokens when the key endpoint does not do what it should.

// TestEndpointDown: old keys go on for a set time, and no longer.
func TestEndpointDown(t *testing.T) {
	p := newProvider(t, "k1")
	var ahead atomic.Int64
	var failures atomic.Int64
	o := p.options()
	o.JWT.Refresh, o.JWT.MaxStale, o.JWT.UnknownKeyInterval = time.Millisecond, time.Hour, time.Millisecond
	o.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	o.Failed = func(error) { failures.Add(1) }
	a := newAuthenticator(t, o)
	ctx := context.Background()
	token := bearing(p.token(t, "k1", map[string]any{"exp": time.Now().Add(24 * time.Hour).Unix()}))
	id, err := a.FromRequest(ctx, token)
	expect(t, id, err, "alice", "")

	p.answerBy(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	eventually.True(t, "failures are told", func() bool { return failures.Load() > 2 })
	id, err = a.FromRequest(ctx, token)
	expect(t, id, err, "alice", "")
	ahead.Store(int64(61 * time.Minute))
	id, err = a.FromRequest(ctx, token)
	expect(t, id, err, "", Unavailable)

	p.answerBy(nil)
	eventually.True(t, "the keys are back", func() bool {
		_, err := a.FromRequest(ctx, token)
		return err == nil
	})
}

// TestEndpointLies has answers that are no key set. Whatever comes, tokens are
// refused for the time being, and the old keys stay where there were some.
func TestEndpointLies(t *testing.T) {
	elsewhere := newProvider(t, "k1")
	for name, lie := range map[string]http.HandlerFunc{
		"garbage":      text("<html>"),
		"another JSON": text(`{"error":"x"}`),
		"a list":       text(`[]`),
		"huge":         text(`{"keys":[]}` + strings.Repeat(" ", maxDocument)),
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		},
		"nothing": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"redirect elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/keys", http.StatusFound)
		},
		"redirect in a circle": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"keys":[`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, "k1")
			p.answerBy(lie)
			o := p.options()
			o.JWT.UnknownKeyInterval, o.JWT.Refresh = 10*time.Millisecond, 10*time.Millisecond
			var failures atomic.Int64
			o.Failed = func(error) { failures.Add(1) }
			a := newAuthenticator(t, o)
			token := bearing(p.token(t, "k1", nil))
			id, err := a.FromRequest(context.Background(), token)
			expect(t, id, err, "", Unavailable)

			p.answerBy(nil)
			eventually.True(t, "the keys are there", func() bool {
				_, err := a.FromRequest(context.Background(), token)
				return err == nil
			})
			p.answerBy(lie)
			before := failures.Load()
			eventually.True(t, "the lie is noticed", func() bool { return failures.Load() > before+1 })
			id, err = a.FromRequest(context.Background(), token)
			expect(t, id, err, "alice", "")
		})
	}
}

// TestEndpointTLS: the endpoint must prove who it is.
func TestEndpointTLS(t *testing.T) {
	p := newProvider(t, "k1")
	secure := httptest.NewTLSServer(http.HandlerFunc(p.serveKeys))
	defer secure.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	o := p.options()
	o.JWT.KeySetURL, o.JWT.UnknownKeyInterval, o.JWT.UnknownKeyWait = secure.URL, time.Hour, 100*time.Millisecond
	token := bearing(p.token(t, "k1", nil))
	id, err := newAuthenticator(t, o).FromRequest(context.Background(), token)
	expect(t, id, err, "", Unavailable)

	o.JWT.TLS, o.JWT.UnknownKeyWait = trusting(secure), patience
	id, err = newAuthenticator(t, o).FromRequest(context.Background(), token)
	expect(t, id, err, "alice", "")
}

// trusting is TLS with a server of the test, of which TLS as it comes knows nothing.
func trusting(s *httptest.Server) func() *tls.Config {
	conf := &tls.Config{RootCAs: x509.NewCertPool()}
	conf.RootCAs.AddCert(s.Certificate())
	return func() *tls.Config { return conf }
}

// TestRedirects: only the host that was asked may answer, as safely as it was asked.
func TestRedirects(t *testing.T) {
	at := func(address string) *http.Request { return httptest.NewRequest(http.MethodGet, address, nil) }
	follow := newHTTPClient(nil, time.Second).CheckRedirect
	asked := []*http.Request{at("https://idp.example/keys")}
	for to, good := range map[string]bool{
		"https://idp.example/other": true, "https://evil.example/keys": false, "https://idp.example:8443/keys": false, "http://idp.example/keys": false,
	} {
		if err := follow(at(to), asked); (err == nil) != good {
			t.Errorf("to %s: got %v", to, err)
		}
	}
	for n, good := range map[int]bool{3: true, 4: false} {
		if err := follow(asked[0], slices.Repeat(asked, n)); (err == nil) != good {
			t.Errorf("the %dth: got %v", n, err)
		}
	}
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s)) }
}

func TestEmptyKeySetRevokesAll(t *testing.T) {
	p := newProvider(t, "k1")
	a := newAuthenticator(t, p.options())
	token := p.token(t, "k1", nil)
	id, err := a.FromRequest(context.Background(), bearing(token))
	expect(t, id, err, "alice", "")
	p.answerBy(text(`{"keys":[]}`))
	stranger := sign(t, methodOf(p.keys["k1"]), p.keys["k1"], "other", p.claims(nil))
	id, err = a.FromRequest(context.Background(), bearing(stranger))
	expect(t, id, err, "", BadToken)
	id, err = a.FromRequest(context.Background(), bearing(token))
	expect(t, id, err, "", BadToken)
}

// TestEndpointSlow: nobody waits for longer than the set time, and keys at hand
// need no endpoint.
func TestEndpointSlow(t *testing.T) {
	p := newProvider(t, "k1")
	release := make(chan struct{})
	defer close(release)
	slow := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	o := p.options()
	o.JWT.UnknownKeyWait, o.JWT.Timeout = 50*time.Millisecond, time.Minute
	a := newAuthenticator(t, o)
	ctx := context.Background()
	token := bearing(p.token(t, "k1", nil))
	eventually.True(t, "the keys are there", func() bool { _, err := a.FromRequest(ctx, token); return err == nil })
	p.answerBy(slow)
	stranger := p.add(t, "new")
	begin := time.Now()
	id, err := a.FromRequest(ctx, bearing(sign(t, methodOf(stranger), stranger, "new", p.claims(nil))))
	expect(t, id, err, "", Unavailable)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("waited for %v", took)
	}
	id, err = a.FromRequest(ctx, token)
	expect(t, id, err, "alice", "")

	ended, cancel := context.WithCancel(ctx)
	cancel()
	id, err = a.FromRequest(ended, bearing(sign(t, methodOf(stranger), stranger, "new", p.claims(nil))))
	expect(t, id, err, "", Unavailable)
}

// TestEndpointTimeout: a fetch ends by itself.
func TestEndpointTimeout(t *testing.T) {
	p := newProvider(t, "k1")
	p.answerBy(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	o := p.options()
	o.JWT.Timeout = 20 * time.Millisecond
	failed := make(chan error, 1)
	o.Failed = func(err error) {
		select {
		case failed <- err:
		default:
		}
	}
	newAuthenticator(t, o)
	if err := eventually.Receive(t, "the fetch ends", failed); strings.Contains(err.Error(), "/keys") {
		t.Errorf("the error shows the URL: %v", err)
	}
}
