package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// provider is an identity provider on loopback.
type provider struct {
	*httptest.Server
	asked atomic.Int64 // for keys

	mu     sync.Mutex
	keys   map[string]crypto.Signer
	answer http.HandlerFunc // in place of the key set; nil for the key set
}

func newProvider(t *testing.T, ids ...string) *provider {
	t.Helper()
	p := &provider{keys: map[string]crypto.Signer{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", p.serveKeys)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": p.URL, "jwks_uri": p.URL + "/keys"})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	for _, id := range ids {
		p.add(t, id)
	}
	return p
}

// add gives the provider an Ed25519 key.
func (p *provider) add(t *testing.T, id string) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.addKey(id, key)
	return key
}

func (p *provider) addKey(id string, key crypto.Signer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[id] = key
}

func (p *provider) remove(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.keys, id)
}

// answerBy replaces the key set by something else; nil brings it back.
func (p *provider) answerBy(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = h
}

func (p *provider) serveKeys(w http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	p.mu.Lock()
	answer := p.answer
	p.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	_, _ = w.Write(p.keySet())
}

// keySet gives the public keys as a JWK set.
func (p *provider) keySet() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	set := jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{}}
	for id, key := range p.keys {
		jwk, err := jwkset.NewJWKFromKey(key.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id}})
		if err != nil {
			panic(err)
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	text, err := json.Marshal(set)
	if err != nil {
		panic(err)
	}
	return text
}

// options believe the provider's tokens from the Authorization header.
func (p *provider) options() Options {
	return Options{Methods: []Method{JWT}, JWT: JWTOptions{
		Issuer: p.URL, Audience: []string{"stompgw"}, Sources: []Source{{kind: "header"}}, KeySetURL: p.URL + "/keys",
		UnknownKeyWait: patience, UnknownKeyInterval: time.Millisecond, Timeout: patience,
	}}
}

// token signs claims over those of alice, who is known for an hour; a nil claim is
// left out.
func (p *provider) token(t *testing.T, id string, claims jwt.MapClaims) string {
	t.Helper()
	p.mu.Lock()
	key := p.keys[id]
	p.mu.Unlock()
	return sign(t, methodOf(key), key, id, p.claims(claims))
}

func (p *provider) claims(changes jwt.MapClaims) jwt.MapClaims {
	claims := jwt.MapClaims{"iss": p.URL, "aud": "stompgw", "sub": "alice", "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func methodOf(key any) jwt.SigningMethod {
	switch key.(type) {
	case *rsa.PrivateKey:
		return jwt.SigningMethodRS256
	case *ecdsa.PrivateKey:
		return jwt.SigningMethodES256
	}
	return jwt.SigningMethodEdDSA
}

func sign(t *testing.T, method jwt.SigningMethod, key any, id string, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	if id != "" {
		token.Header["kid"] = id
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// bearing makes a request with a token in its Authorization header.
func bearing(token string) *Request { return request("Authorization", "Bearer "+token) }
