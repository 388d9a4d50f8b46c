package auth

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// JWTOptions say which tokens are believed (RFC 7519). The keys come from exactly
// one place: KeySetURL, KeySetFile, Secret or, where all are empty, the issuer's
// discovery document (OpenID Connect Discovery 1.0).
type JWTOptions struct {
	Issuer   string   // exact; required
	Audience []string // one of them must be meant; at least one
	// Algorithms that a token may have; nil is RS256, ES256 and EdDSA, or HS256 with
	// a Secret.
	Algorithms []string
	Sources    []Source // where to look, in this order; at least one

	KeySetURL  string // https, or http of this machine
	KeySetFile string // read again when it changes
	Secret     []byte // for HS256 and its like, 32 bytes or more
	AllowHTTP  bool   // http of other machines too: whoever is in between can make tokens
	// TLS gives what a connection to the key endpoint begins with, anew for each; nil
	// is TLS as it comes.
	TLS func() *tls.Config

	NameClaim     string        // whose value is the principal's name; "" is sub
	Skew          time.Duration // by how much clocks may differ
	AllowNoExpiry bool          // believe tokens that never expire

	// How keys are fetched; the zero values are 10 minutes, 1 hour, 5 seconds.
	Refresh  time.Duration // between fetches, and so how long a withdrawn key lives
	MaxStale time.Duration // how old keys may grow while the endpoint is down
	Timeout  time.Duration // of one fetch
	// UnknownKeyInterval is the least time between fetches, of which an unknown key
	// id asks for one; UnknownKeyWait is how long its token waits for that. The zero
	// values are 10 seconds and 1 second.
	UnknownKeyInterval, UnknownKeyWait time.Duration
}

const minSecret = 32

// maxToken is the longest token that is looked at, in bytes.
const maxToken = 16 << 10

var (
	publicAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	secretAlgorithms = []string{"HS256", "HS384", "HS512"}
)

// withDefaults fills in what is zero, and says what cannot stand.
func (o JWTOptions) withDefaults() (JWTOptions, error) {
	setDefault(&o.NameClaim, "sub")
	setDefault(&o.Refresh, 10*time.Minute)
	setDefault(&o.MaxStale, time.Hour)
	setDefault(&o.Timeout, 5*time.Second)
	setDefault(&o.UnknownKeyInterval, 10*time.Second)
	setDefault(&o.UnknownKeyWait, time.Second)

	allowed := publicAlgorithms
	if len(o.Secret) > 0 {
		allowed = secretAlgorithms
	}
	if len(o.Algorithms) == 0 && len(o.Secret) > 0 {
		o.Algorithms = []string{"HS256"}
	} else if len(o.Algorithms) == 0 {
		o.Algorithms = []string{"RS256", "ES256", "EdDSA"}
	}
	var errs []error
	check := func(ok bool, text string) {
		if !ok {
			errs = append(errs, errors.New("auth: jwt: "+text))
		}
	}
	check(o.Issuer != "", "no issuer")
	check(len(o.Audience) > 0 && !slices.Contains(o.Audience, ""), "no audience")
	check(len(o.Sources) > 0, "no source of tokens")
	check(o.keySources() <= 1, "keys from more than one place")
	check(len(o.Secret) == 0 || len(o.Secret) >= minSecret, fmt.Sprintf("a secret of less than %d bytes", minSecret))
	check(o.MaxStale >= o.Refresh, "keys grow stale before they are refreshed")
	for _, alg := range o.Algorithms {
		check(slices.Contains(allowed, alg), fmt.Sprintf("algorithm %q is not one of %s", alg, strings.Join(allowed, ", ")))
	}
	if address := o.endpoint(); address != "" {
		if err := checkURL(address, o.AllowHTTP); err != nil {
			check(false, "URL of the keys: "+err.Error())
		}
	}
	return o, errors.Join(errs...)
}

func (o *JWTOptions) keySources() int {
	n := 0
	for _, given := range []bool{o.KeySetURL != "", o.KeySetFile != "", len(o.Secret) > 0} {
		if given {
			n++
		}
	}
	return n
}

// endpoint is the URL that is asked first; "" where none is.
func (o *JWTOptions) endpoint() string {
	switch {
	case o.KeySetURL != "":
		return o.KeySetURL
	case o.keySources() == 0:
		return o.Issuer
	}
	return ""
}

func setDefault[T comparable](v *T, byDefault T) {
	var zero T
	if *v == zero {
		*v = byDefault
	}
}

// tokenMethod is the JWT method.
type tokenMethod struct {
	options JWTOptions
	parser  *jwt.Parser
	// keys gives those that may have signed a token of an algorithm; id is "" where
	// the token names none. Its errors are Refusals.
	keys func(ctx context.Context, id, alg string) ([]crypto.PublicKey, error)
}

func newTokenMethod(ctx context.Context, a *Authenticator, given JWTOptions) (*tokenMethod, error) {
	o, err := given.withDefaults()
	if err != nil {
		return nil, err
	}
	m := &tokenMethod{options: o, parser: newParser(&o, a.now)}
	switch {
	case len(o.Secret) > 0:
	case o.KeySetFile != "":
		file, err := watch(o.KeySetFile, parseKeySet, a.failed)
		if err != nil {
			return nil, &FileError{"JWT.KeySetFile", err}
		}
		m.keys = func(_ context.Context, id, alg string) ([]crypto.PublicKey, error) {
			if chosen := choose(file.get(), id, alg); len(chosen) > 0 {
				return chosen, nil
			}
			return nil, badToken(fmt.Errorf("no key %q for %s", short(id), short(alg)))
		}
	default:
		client := newHTTPClient(o.TLS, o.Timeout)
		remote := newRemoteKeys(&o, keyEndpoint(&o, client), a.failed, a.now)
		go remote.run(ctx)
		a.onClose(func() { <-remote.stopped; client.CloseIdleConnections() })
		m.keys = remote.lookup
	}
	return m, nil
}

func newParser(o *JWTOptions, now func() time.Time) *jwt.Parser {
	options := []jwt.ParserOption{
		jwt.WithValidMethods(o.Algorithms),
		jwt.WithIssuer(o.Issuer),
		jwt.WithAudience(o.Audience...),
		jwt.WithLeeway(o.Skew),
		jwt.WithTimeFunc(now),
	}
	if !o.AllowNoExpiry {
		options = append(options, jwt.WithExpirationRequired())
	}
	return jwt.NewParser(options...)
}

// identify looks for a token where it may be, and verifies the first. c is nil
// while there is no CONNECT yet; then a source in CONNECT ends the search, because
// what comes after it in the list must not win over it.
func (m *tokenMethod) identify(ctx context.Context, r *Request, c *Connect) (*Identity, error) {
	for _, s := range m.options.Sources {
		if c == nil && s.inConnect() {
			return nil, errNeedsConnect
		}
		token, err := s.token(r, c)
		if err != nil {
			return nil, err
		}
		if token != "" {
			return m.verify(ctx, token)
		}
	}
	return nil, nil
}

// verify gives the identity that a token proves. Every error is a Refusal.
func (m *tokenMethod) verify(ctx context.Context, text string) (*Identity, error) {
	if len(text) > maxToken {
		return nil, badToken(fmt.Errorf("a token of %d bytes, over %d", len(text), maxToken))
	}
	if strings.ContainsFunc(text, notCompact) {
		return nil, badToken(errors.New("the token has a character that none has"))
	}
	claims := jwt.MapClaims{}
	_, err := m.parser.ParseWithClaims(text, claims, func(t *jwt.Token) (any, error) { return m.keyOf(ctx, t) })
	if err != nil {
		return nil, tokenRefusal(err)
	}
	name, ok := lookupClaim(claims, m.options.NameClaim)
	if !ok {
		return nil, badIdentity(fmt.Errorf("the token has no claim %q that is text", m.options.NameClaim))
	}
	id := &Identity{Principal: Principal{Name: name, Method: JWT, Claims: claims}, Token: text}
	if expires, err := claims.GetExpirationTime(); err == nil && expires != nil {
		// By this clock it runs out when the parser would refuse it, no sooner.
		id.Expires = expires.Add(m.options.Skew)
	}
	return id, nil
}

// notCompact says that a character has no place in a token's compact form, which is
// base64url and dots (RFC 7515 section 7.1). Go's base64 passes over line breaks, so a
// signature that is good could carry them on to the broker's CONNECT.
func notCompact(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_', r == '.':
		return false
	}
	return true
}

func (m *tokenMethod) keyOf(ctx context.Context, t *jwt.Token) (any, error) {
	// Who lists crit wants tokens refused where it is not understood (RFC 7515
	// section 4.1.11), and the library does not look.
	if _, ok := t.Header["crit"]; ok {
		return nil, badToken(errors.New("the token has critical headers"))
	}
	if len(m.options.Secret) > 0 {
		return m.options.Secret, nil
	}
	id, isText := t.Header["kid"].(string)
	if _, given := t.Header["kid"]; given && !isText {
		return nil, badToken(errors.New("the token's kid is no text"))
	}
	chosen, err := m.keys(ctx, id, t.Method.Alg())
	if err != nil {
		return nil, err
	}
	set := jwt.VerificationKeySet{}
	for _, key := range chosen {
		set.Keys = append(set.Keys, key)
	}
	return set, nil
}

// tokenRefusal says what the library's error means. A token that is expired and
// wrong otherwise is wrong.
func tokenRefusal(err error) *Refusal {
	var ours *Refusal
	if errors.As(err, &ours) {
		return ours
	}
	for _, worse := range []error{jwt.ErrTokenInvalidIssuer, jwt.ErrTokenInvalidAudience, jwt.ErrTokenNotValidYet, jwt.ErrTokenRequiredClaimMissing, jwt.ErrInvalidType} {
		if errors.Is(err, worse) {
			return badToken(worse)
		}
	}
	if errors.Is(err, jwt.ErrTokenExpired) {
		return refuse(TokenExpired, "the token has expired", nil)
	}
	return badToken(errors.New(short(err.Error())))
}
