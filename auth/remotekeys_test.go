package auth

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestDiscovery(t *testing.T) {
	p := newProvider(t, "k1")
	o := p.options()
	o.JWT.KeySetURL = ""
	id, err := newAuthenticator(t, o).FromRequest(context.Background(), bearing(p.token(t, "k1", nil)))
	expect(t, id, err, "alice", "")
}

func TestDiscoveryOfAnotherIssuer(t *testing.T) {
	p := newProvider(t, "k1")
	for name, document := range map[string]string{
		"issuer":    `{"issuer":"https://evil.example","jwks_uri":"` + p.URL + `/keys"}`,
		"plain":     `{"issuer":"ISSUER","jwks_uri":"http://192.0.2.1/keys"}`,
		"no keys":   `{"issuer":"ISSUER"}`,
		"no JSON":   `<html>`,
		"not an IP": `{"issuer":"ISSUER","jwks_uri":"http://localhost.evil.example/keys"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var issuer string
			liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprint(w, strings.ReplaceAll(document, "ISSUER", issuer))
			}))
			defer liar.Close()
			issuer = liar.URL
			o := p.options()
			o.JWT.KeySetURL, o.JWT.Issuer, o.JWT.UnknownKeyWait = "", issuer, 100*time.Millisecond
			id, err := newAuthenticator(t, o).FromRequest(context.Background(), bearing(p.token(t, "k1", nil)))
			expect(t, id, err, "", Unavailable)
		})
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
	eventually(t, "the withdrawn key is refused", func() bool {
		_, err := a.FromRequest(context.Background(), token)
		return code(t, err) == BadToken
	})
}

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
	eventually(t, "failures are told", func() bool { return failures.Load() > 2 })
	id, err = a.FromRequest(ctx, token)
	expect(t, id, err, "alice", "")
	ahead.Store(int64(61 * time.Minute))
	id, err = a.FromRequest(ctx, token)
	expect(t, id, err, "", Unavailable)

	p.answerBy(nil)
	eventually(t, "the keys are back", func() bool {
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
		"huge":         func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxDocument+1)) },
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
			eventually(t, "the keys are there", func() bool {
				_, err := a.FromRequest(context.Background(), token)
				return err == nil
			})
			p.answerBy(lie)
			before := failures.Load()
			eventually(t, "the lie is noticed", func() bool { return failures.Load() > before+1 })
			id, err = a.FromRequest(context.Background(), token)
			expect(t, id, err, "alice", "")
		})
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
	eventually(t, "the keys are there", func() bool { _, err := a.FromRequest(ctx, token); return err == nil })
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
	select {
	case err := <-failed:
		if strings.Contains(err.Error(), "/keys") {
			t.Errorf("the error shows the URL: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the fetch goes on")
	}
}

// TestUnknownKeyFlood: made-up key ids make no flood of questions.
func TestUnknownKeyFlood(t *testing.T) {
	p := newProvider(t, "k1")
	o := p.options()
	o.JWT.UnknownKeyInterval, o.JWT.UnknownKeyWait = time.Hour, 20*time.Millisecond
	a := newAuthenticator(t, o)
	ctx := context.Background()
	token := bearing(p.token(t, "k1", nil))
	eventually(t, "the keys are there", func() bool { _, err := a.FromRequest(ctx, token); return err == nil })
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
	eventually(t, "the new key verifies", func() bool { _, err := a.FromRequest(ctx, young); return err == nil })
	id, err = a.FromRequest(ctx, old)
	expect(t, id, err, "", BadToken)

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the missing file is told, once", func() bool {
		_, err := a.FromRequest(ctx, young)
		return err == nil && len(failed) == 1
	})
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
