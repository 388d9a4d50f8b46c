package auth

import (
	"crypto/elliptic"
	"encoding/json"
	"testing"

	"github.com/MicahParks/jwkset"
)

// TestParseKeySet: what cannot be used is passed over, and takes nothing with it.
func TestParseKeySet(t *testing.T) {
	jwk := func(key any, id string, change func(*jwkset.JWKMarshal)) json.RawMessage {
		k, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Marshal: jwkset.JWKMarshalOptions{Private: true}, Metadata: jwkset.JWKMetadataOptions{KID: id}})
		if err != nil {
			t.Fatal(err)
		}
		m := k.Marshal()
		if change != nil {
			change(&m)
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	public := ecKey(t, elliptic.P256())
	text, err := json.Marshal(map[string]any{"keys": []json.RawMessage{
		jwk(public.Public(), "good", nil),
		jwk(public.Public(), "sig", func(m *jwkset.JWKMarshal) { m.USE = jwkset.UseSig }),
		jwk(public.Public(), "enc", func(m *jwkset.JWKMarshal) { m.USE = jwkset.UseEnc }),
		jwk(public.Public(), "sign", func(m *jwkset.JWKMarshal) { m.KEYOPS = []jwkset.KEYOPS{jwkset.KeyOpsSign} }),
		jwk(public.Public(), "384", func(m *jwkset.JWKMarshal) { m.ALG = jwkset.AlgES384 }),
		jwk(public.Public(), "off the curve", func(m *jwkset.JWKMarshal) { m.Y = m.X }),
		jwk([]byte("0123456789abcdef0123456789abcdef"), "secret", nil),
		json.RawMessage(`{"kty":"EC"}`), json.RawMessage(`{"kty":"OKP","crv":"Ed448","x":"AA"}`), json.RawMessage(`{"kid":1}`), json.RawMessage(`7`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := parseKeySet(text)
	if err != nil {
		t.Fatal(err)
	}
	verifying := map[string]bool{}
	for _, k := range keys {
		if len(choose(keys, k.id, "ES256")) > 0 {
			verifying[k.id] = true
		}
		if len(choose(keys, k.id, "HS256")) > 0 {
			t.Errorf("key %s verifies HMAC", k.id)
		}
	}
	if len(verifying) != 2 || !verifying["good"] || !verifying["sig"] {
		t.Errorf("got keys %v, want good and sig", verifying)
	}
}

// TestKeyFits: a key verifies only the algorithms of its kind and, where it names one,
// that one.
func TestKeyFits(t *testing.T) {
	p256, p384 := ecKey(t, elliptic.P256()).Public(), ecKey(t, elliptic.P384()).Public()
	for _, test := range []struct {
		key  verifyKey
		alg  string
		want bool
	}{
		{verifyKey{public: p256}, "ES256", true},
		{verifyKey{public: p384}, "ES256", false},
		{verifyKey{public: p256}, "ES384", false},
		{verifyKey{public: p256}, "RS256", false},
		{verifyKey{public: p256}, "", false},
		{verifyKey{public: p256, alg: "ES256"}, "ES256", true},
		{verifyKey{public: p256, alg: "ES384"}, "ES256", false},
		{verifyKey{public: p256, alg: "RS256"}, "RS256", false},
		{verifyKey{public: p256, alg: "HS256"}, "HS256", false},
	} {
		if got := test.key.fits(test.alg); got != test.want {
			t.Errorf("key %T of %q for %q: got %v", test.key.public, test.key.alg, test.alg, got)
		}
	}
}
