package auth

import (
	"context"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestTokenClaims(t *testing.T) {
	p := newProvider(t, "k1")
	plain := p.options()
	skewed := p.options()
	skewed.JWT.Skew = time.Minute
	eternal := p.options()
	eternal.JWT.AllowNoExpiry = true
	named := p.options()
	named.JWT.NameClaim = "realm.user"
	from := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for _, test := range []struct {
		name    string
		options Options
		claims  jwt.MapClaims
		who     string
		code    string
	}{
		{"good", plain, nil, "alice", ""},
		{"audience in a list", plain, jwt.MapClaims{"aud": []string{"x", "stompgw"}}, "alice", ""},
		{"wrong issuer", plain, jwt.MapClaims{"iss": p.URL + "/"}, "", BadToken},
		{"no issuer", plain, jwt.MapClaims{"iss": nil}, "", BadToken},
		{"wrong audience", plain, jwt.MapClaims{"aud": "other"}, "", BadToken},
		{"no audience", plain, jwt.MapClaims{"aud": nil}, "", BadToken},
		{"expired", plain, jwt.MapClaims{"exp": from(-time.Second)}, "", TokenExpired},
		{"expired and of somebody else's", plain, jwt.MapClaims{"exp": from(-time.Second), "aud": "other"}, "", BadToken},
		{"expired and without an audience", plain, jwt.MapClaims{"exp": from(-time.Second), "aud": nil}, "", BadToken},
		{"expired within the skew", skewed, jwt.MapClaims{"exp": from(-30 * time.Second)}, "alice", ""},
		{"expired beyond the skew", skewed, jwt.MapClaims{"exp": from(-90 * time.Second)}, "", TokenExpired},
		{"no expiry", plain, jwt.MapClaims{"exp": nil}, "", BadToken},
		{"no expiry, allowed", eternal, jwt.MapClaims{"exp": nil}, "alice", ""},
		{"expiry that is no number", eternal, jwt.MapClaims{"exp": "never"}, "", BadToken},
		{"not yet valid", plain, jwt.MapClaims{"nbf": from(30 * time.Second)}, "", BadToken},
		{"not yet valid, within the skew", skewed, jwt.MapClaims{"nbf": from(30 * time.Second)}, "alice", ""},
		{"no name", plain, jwt.MapClaims{"sub": nil}, "", BadIdentity},
		{"empty name", plain, jwt.MapClaims{"sub": ""}, "", BadIdentity},
		{"name with a line break", plain, jwt.MapClaims{"sub": "alice\nbob"}, "", BadIdentity},
		{"name with a blank at its end", plain, jwt.MapClaims{"sub": "alice "}, "", BadIdentity},
		{"long name", plain, jwt.MapClaims{"sub": strings.Repeat("a", maxName+1)}, "", BadIdentity},
		{"name that is a list", plain, jwt.MapClaims{"sub": []string{"alice"}}, "", BadIdentity},
		{"name in an object", named, jwt.MapClaims{"realm": map[string]any{"user": "bob"}}, "bob", ""},
		{"name that is a number", named, jwt.MapClaims{"realm": map[string]any{"user": 4711}}, "4711", ""},
		{"token too big", plain, jwt.MapClaims{"x": strings.Repeat("a", maxToken)}, "", BadToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAuthenticator(t, test.options)
			id, err := a.FromRequest(context.Background(), bearing(p.token(t, "k1", test.claims)))
			expect(t, id, err, test.who, test.code)
		})
	}
}

func TestTokenIdentity(t *testing.T) {
	p := newProvider(t, "k1")
	o := p.options()
	o.JWT.Skew = time.Minute
	a := newAuthenticator(t, o)
	token := p.token(t, "k1", jwt.MapClaims{"tenant": "acme", "exp": int64(4102444800)})
	id, err := a.FromRequest(context.Background(), bearing(token))
	expect(t, id, err, "alice", "")
	if id.Method != JWT || id.Token != token || id.Claims["tenant"] != "acme" || !id.Expires.Equal(time.Unix(4102444800+60, 0)) {
		t.Errorf("got %+v", id)
	}
}

// TestTokenForgeries has tokens that no provider made.
func TestTokenForgeries(t *testing.T) {
	p := newProvider(t, "k1")
	rsa2048, rsa1024, p256, p521 := rsaKey(t, 2048), rsaKey(t, 1024), ecKey(t, elliptic.P256()), ecKey(t, elliptic.P521())
	p.addKey("rsa", rsa2048)
	p.addKey("weak", rsa1024)
	p.addKey("p256", p256)
	p.addKey("p521", p521)
	der, err := x509.MarshalPKIXPublicKey(rsa2048.Public())
	if err != nil {
		t.Fatal(err)
	}
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	claims := p.claims(nil)
	critical := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	critical.Header["kid"], critical.Header["crit"] = "k1", []string{"exp"}
	withCrit, err := critical.SignedString(p.keys["k1"])
	if err != nil {
		t.Fatal(err)
	}
	good := p.token(t, "k1", nil)
	head, rest, _ := strings.Cut(good, ".")
	body, signature, _ := strings.Cut(rest, ".")
	for name, test := range map[string]struct{ token, code string }{
		"good EdDSA":                {good, ""},
		"good RS256":                {p.token(t, "rsa", nil), ""},
		"good ES256":                {p.token(t, "p256", nil), ""},
		"good without kid":          {sign(t, jwt.SigningMethodES256, p256, "", claims), ""},
		"none":                      {sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "k1", claims), BadToken},
		"none in capitals":          {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"NONE","kid":"k1"}`)) + "." + body + ".", BadToken},
		"HMAC with the public PEM":  {sign(t, jwt.SigningMethodHS256, asPEM, "rsa", claims), BadToken},
		"HMAC with the public DER":  {sign(t, jwt.SigningMethodHS256, der, "rsa", claims), BadToken},
		"HMAC without a key id":     {sign(t, jwt.SigningMethodHS256, asPEM, "", claims), BadToken},
		"algorithm not allowed":     {sign(t, jwt.SigningMethodRS512, rsa2048, "rsa", claims), BadToken},
		"another kind of key":       {sign(t, jwt.SigningMethodRS256, rsa2048, "p256", claims), BadToken},
		"another key of the kind":   {sign(t, jwt.SigningMethodES256, ecKey(t, elliptic.P256()), "p256", claims), BadToken},
		"unknown key without kid":   {sign(t, jwt.SigningMethodES256, ecKey(t, elliptic.P256()), "", claims), BadToken},
		"no signature":              {head + "." + body + ".", BadToken},
		"signature of another":      {head + "." + body + "." + signature[:len(signature)-8] + "AAAAAAAA", BadToken},
		"critical header":           {withCrit, BadToken},
		"no token at all":           {"x", BadToken},
		"header that is not JSON":   {"eyJ." + body + "." + signature, BadToken},
		"kid that is a number":      {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":1}`)) + "." + body + "." + signature, BadToken},
		"weak RSA key":              {sign(t, jwt.SigningMethodRS256, rsa1024, "weak", claims), BadToken},
		"P-521 key, not for ES256":  {sign(t, jwt.SigningMethodES512, p521, "p521", claims), BadToken},
		"two tokens in one":         {good + "." + good, BadToken},
		"good with a trailing dot":  {good + ".", BadToken},
		"good with a second header": {good + " " + good, BadToken},
		"line break in signature":   {good[:len(good)-8] + "\r\n" + good[len(good)-8:], BadToken},
		"line feed before the dot":  {head + "." + body + "\n." + signature, BadToken},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthenticator(t, p.options())
			id, err := a.FromRequest(context.Background(), bearing(test.token))
			expect(t, id, err, "alice", test.code)
			if err != nil && strings.Contains(fmt.Sprint(err), signature) {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

func TestTokenSecret(t *testing.T) {
	secret := []byte(strings.Repeat("s", minSecret))
	p := newProvider(t, "k1")
	o := p.options()
	o.JWT.KeySetURL, o.JWT.Secret = "", secret
	a := newAuthenticator(t, o)
	id, err := a.FromRequest(context.Background(), bearing(sign(t, jwt.SigningMethodHS256, secret, "", p.claims(nil))))
	expect(t, id, err, "alice", "")
	for _, bad := range []string{
		sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("t", minSecret)), "", p.claims(nil)),
		sign(t, jwt.SigningMethodHS384, secret, "", p.claims(nil)),
		p.token(t, "k1", nil),
	} {
		id, err := a.FromRequest(context.Background(), bearing(bad))
		expect(t, id, err, "", BadToken)
	}
}

func TestTokenOptions(t *testing.T) {
	p := newProvider(t)
	for _, test := range []struct {
		change func(*JWTOptions)
		want   string
	}{
		{func(o *JWTOptions) { o.Issuer = "" }, "auth: jwt: no issuer"},
		{func(o *JWTOptions) { o.Audience = nil }, "auth: jwt: no audience"},
		{func(o *JWTOptions) { o.Audience = []string{""} }, "auth: jwt: no audience"},
		{func(o *JWTOptions) { o.Sources = nil }, "auth: jwt: no source of tokens"},
		{func(o *JWTOptions) { o.Algorithms = []string{"none"} }, `auth: jwt: algorithm "none" is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA`},
		{func(o *JWTOptions) { o.Algorithms = []string{"HS256"} }, `auth: jwt: algorithm "HS256" is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA`},
		{func(o *JWTOptions) { o.Secret = make([]byte, minSecret) }, "auth: jwt: keys from more than one place"},
		{func(o *JWTOptions) { o.KeySetURL, o.Secret = "", make([]byte, minSecret-1) }, "auth: jwt: a secret of less than 32 bytes"},
		{func(o *JWTOptions) {
			o.KeySetURL, o.Secret, o.Algorithms = "", make([]byte, minSecret), []string{"RS256"}
		}, `auth: jwt: algorithm "RS256" is not one of HS256, HS384, HS512`},
		{func(o *JWTOptions) { o.KeySetURL = "http://idp.example/keys" }, "auth: jwt: URL of the keys: expected https://, or http:// of this machine"},
		{func(o *JWTOptions) { o.KeySetURL = "https://a:b@idp.example/" }, "auth: jwt: URL of the keys: expected https://host/path without a login"},
		{func(o *JWTOptions) { o.KeySetURL, o.Issuer = "", "acme" }, "auth: jwt: URL of the keys: expected https://host/path without a login"},
		{func(o *JWTOptions) { o.Refresh = 2 * time.Hour }, "auth: jwt: keys grow stale before they are refreshed"},
		{func(o *JWTOptions) { o.KeySetURL, o.KeySetFile = "", "/none" }, "auth: JWT.KeySetFile: open /none: no such file or directory"},
	} {
		o := p.options()
		test.change(&o.JWT)
		a, err := New(context.Background(), o)
		if err == nil {
			a.Close()
		}
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestRenew(t *testing.T) {
	p := newProvider(t, "k1")
	a := newAuthenticator(t, p.options())
	ctx := context.Background()
	old, err := a.FromRequest(ctx, bearing(p.token(t, "k1", nil)))
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(2 * time.Hour).Unix()
	for _, test := range []struct {
		name  string
		old   *Identity
		token string
		code  string
	}{
		{"same", old, p.token(t, "k1", jwt.MapClaims{"exp": later}), ""},
		{"with Bearer", old, "Bearer " + p.token(t, "k1", jwt.MapClaims{"exp": later}), ""},
		{"another principal", old, p.token(t, "k1", jwt.MapClaims{"sub": "bob"}), NotSamePrincipal},
		{"expired", old, p.token(t, "k1", jwt.MapClaims{"exp": 1}), TokenExpired},
		{"empty", old, "", BadToken},
		{"big", old, p.token(t, "k1", jwt.MapClaims{"x": strings.Repeat("a", maxToken)}), BadToken},
		{"of a session without a token", &Identity{Principal: Principal{Name: "alice", Method: Users}}, p.token(t, "k1", nil), NotSamePrincipal},
	} {
		t.Run(test.name, func(t *testing.T) {
			id, err := a.Renew(ctx, test.old, test.token)
			expect(t, id, err, "alice", test.code)
			if id != nil && id.Expires.Unix() != later {
				t.Errorf("got expiry %v, want the new token's", id.Expires)
			}
		})
	}
}
