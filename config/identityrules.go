package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const authMethodForm = "methods of authentication: jwt, webhook, proxy, certificate, users, none"

func parseAuthMethod(s string) (AuthMethod, error) {
	return parseWord(s, authMethodForm, AuthNone, AuthJWT, AuthWebhook, AuthProxy, AuthCertificate, AuthUsers)
}

const webhookSecretForm = "what to send: passcode, cookie, authorization, query"

func parseWebhookSecret(s string) (WebhookSecret, error) {
	return parseWord(s, webhookSecretForm, WebhookPasscode, WebhookCookie, WebhookAuthorization, WebhookQuery)
}

var (
	publicAlgorithms = []JWTAlgorithm{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	secretAlgorithms = []JWTAlgorithm{"HS256", "HS384", "HS512"}
)

const algorithmForm = "algorithms of tokens: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, or HS256, HS384, HS512 with a secret"

func parseAlgorithm(s string) (JWTAlgorithm, error) {
	return parseWord(s, algorithmForm, append(slices.Clone(publicAlgorithms), secretAlgorithms...)...)
}

// parseWord takes the words of a named string type.
func parseWord[T ~string](s, form string, words ...T) (T, error) {
	if slices.Contains(words, T(s)) {
		return T(s), nil
	}
	return "", unexpected(form)
}

const audienceForm = "a list of audiences"

func parseAudience(s string) (Audience, error) {
	if !isPlainText(s) {
		return "", unexpected(audienceForm)
	}
	return Audience(s), nil
}

const sourceForm = "places of tokens: header, subprotocol, cookie:name, connect:header, query:name"

func parseSource(s string) (TokenSource, error) {
	kind, name, named := strings.Cut(s, ":")
	switch kind {
	case "header", "subprotocol":
		if !named {
			return TokenSource(s), nil
		}
	case "cookie", "connect", "query":
		if isHTTPToken(name) {
			return TokenSource(s), nil
		}
	}
	return "", unexpected(sourceForm)
}

// isHTTPToken says whether s can name a header or a cookie (RFC 9110 section 5.6.2).
func isHTTPToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c > unicode.MaxASCII || !isAlphanumeric(byte(c)) && !strings.ContainsRune("!#$%&'*+-.^_`~", c)
	})
}

// isPlainText says whether s is a word or more, without control characters.
func isPlainText(s string) bool {
	return s != "" && !strings.ContainsFunc(s, unicode.IsControl)
}

// isServiceURL takes https URLs, and http ones of this machine or where they are
// allowed.
func isServiceURL(s string, allowHTTP bool) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && (allowHTTP || loopback)
}

// loginTemplate is a text with {name} and {claims.<claim>} in it.
var loginTemplate = regexp.MustCompile(`^([^{}]|\{name\}|\{claims\.[^{}]+\})*$`)

var (
	authMethods    = rule{form: authMethodForm}
	tokenSources   = rule{form: sourceForm}
	audiences      = rule{form: audienceForm}
	algorithms     = rule{form: algorithmForm}
	webhookSecrets = rule{form: webhookSecretForm}
	readableFile   = rule{form: "a readable file"}
	serviceURL     = rule{form: "an https URL without a login, or an http one of this machine"}
	plainText      = rule{form: "text without control characters", ok: func(v any) bool {
		return v.(string) == "" || isPlainText(v.(string))
	}}
	headerName  = rule{form: "the name of a header", ok: func(v any) bool { return isHTTPToken(v.(string)) }}
	tokenSecret = rule{form: "32 bytes or more", ok: func(v any) bool {
		return !v.(Secret).IsSet() || len(v.(Secret).Reveal()) >= 32
	}}
	destination = rule{form: "a destination that begins with /, without blanks or wildcards", example: "/stompgw/renew", ok: func(v any) bool {
		s := v.(string)
		return len(s) > 1 && s[0] == '/' && isPlainText(s) && !strings.ContainsAny(s, " ,*>#%")
	}}
)
