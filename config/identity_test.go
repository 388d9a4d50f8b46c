package config

import (
	"strings"
	"testing"

	"github.com/stompgw/stompgw/internal/testcert"
)

// everyMethod is an environment with all methods and what they need. DIR has a
// file users.
const everyMethod = `AUTH=jwt,proxy,certificate,users,webhook
JWT_ISSUER=https://idp.example
JWT_AUDIENCE=gw
PROXY_AUTH_PROXIES=10.0.0.1
USERS_FILE=DIR/users
WEBHOOK_URL=https://hook.example`

const (
	jwtAuth      = "AUTH=jwt\nJWT_ISSUER=https://idp.example\nJWT_AUDIENCE=gw\n"
	webhookAuth  = "AUTH=webhook\nWEBHOOK_URL=https://hook.example\n"
	certificates = "TLS_CERT_FILE=DIR/cert\nTLS_KEY_FILE=DIR/key\nTLS_CLIENT_CA_FILE=DIR/cert\nTLS_CLIENT_AUTH=optional\n"
	secret32     = "0123456789abcdef0123456789abcdef"
)

func TestSoundIdentities(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "users", "")
	made := testcert.New(t, "gateway")
	write(t, dir, "cert", string(made.Cert))
	write(t, dir, "key", string(made.Key))
	for _, sound := range []string{
		certificates + everyMethod,
		"AUTH=none",
		jwtAuth + "JWT_JWKS_URL=http://127.0.0.1:1/keys\nJWT_CA_FILE=DIR/cert",
		jwtAuth + "JWT_JWKS_URL=http://localhost/keys\nTOKEN_SOURCES=cookie:t",
		jwtAuth + "JWT_ISSUER=acme\nJWT_JWKS_FILE=DIR/users\nORIGINS=*",
		jwtAuth + "JWT_ISSUER=acme\nJWT_SECRET=" + secret32 + "\nJWT_ALGORITHMS=HS512",
		jwtAuth + "JWT_ISSUER=http://idp.example\nJWT_ALLOW_HTTP=true",
		jwtAuth + "BROKER_CREDENTIALS=token\nBROKER_HOST=/",
		jwtAuth + "BROKER_CREDENTIALS=map\nBROKER_LOGIN=app-{claims.https://x.example/t}\nBROKER_HOST={name}\nBROKER_PASSCODE_MAP=DIR/users",
		webhookAuth + "WEBHOOK_CA_FILE=DIR/cert\nWEBHOOK_CERT_FILE=DIR/cert\nWEBHOOK_KEY_FILE=DIR/key\nWEBHOOK_SECRET=x",
		certificates + "AUTH=certificate,none\nCERTIFICATE_NAME=dns",
		"BROKER_CREDENTIALS=passthrough\nBROKER_HOST=/",
		"BROKER_CREDENTIALS=service\nBROKER_LOGIN=a",
		"BROKER_LOGIN={braces}",
	} {
		if _, err := Parse(lines(dir, sound)); err != nil {
			t.Errorf("%q: %v", sound, err)
		}
	}
}

var identityMistakes = []struct{ environ, want string }{
	// The methods.
	{"AUTH=ldap", `STOMPGW_AUTH="ldap": expected methods of authentication: jwt, webhook, proxy, certificate, users, none`},
	{"AUTH=certificate,certificate", `STOMPGW_AUTH="certificate,certificate": expected each method once (item 2)`},
	{certificates + "AUTH=none,certificate", `STOMPGW_AUTH="none,certificate": expected none last: nothing is asked after it`},
	{webhookAuth + "AUTH=webhook,none", `STOMPGW_AUTH="webhook,none": expected webhook last: nothing is asked after it`},
	{certificates + "AUTH=certificate\nORIGINS=*", `STOMPGW_AUTH="certificate": expected neither proxy nor certificate with STOMPGW_ORIGINS=*: every page could act as its visitor`},
	{certificates + "AUTH=certificate\nCERTIFICATE_NAME=ou", `STOMPGW_CERTIFICATE_NAME="ou": expected cn, dns, uri or email`},
	{"AUTH=certificate", `STOMPGW_TLS_CLIENT_CA_FILE="": expected a value, since STOMPGW_AUTH has certificate`},
	{"CERTIFICATE_NAME=dns", `STOMPGW_CERTIFICATE_NAME="dns": expected nothing without certificate in STOMPGW_AUTH`},
	{"AUTH=users", `STOMPGW_USERS_FILE="": expected a value, since STOMPGW_AUTH has users`},
	{"AUTH=users\nUSERS_FILE=DIR/none", `STOMPGW_USERS_FILE="DIR/none": expected a readable file (no such file or directory)`},
	{"USERS_FILE=DIR/users", `STOMPGW_USERS_FILE="DIR/users": expected nothing without users in STOMPGW_AUTH`},
	{"TOKEN_EXPIRY_GRACE=2h", `STOMPGW_TOKEN_EXPIRY_GRACE="2h": expected a duration from 0s to 1h, such as 30s`},
	{jwtAuth + "RENEW_DESTINATION=renew", `STOMPGW_RENEW_DESTINATION="renew": expected a destination that begins with /, without blanks or wildcards, such as /stompgw/renew`},
	{jwtAuth + "RENEW_DESTINATION=/a>", `STOMPGW_RENEW_DESTINATION="/a>": expected a destination that begins with /, without blanks or wildcards, such as /stompgw/renew`},
	{"RENEW_DESTINATION=/a", `STOMPGW_RENEW_DESTINATION="/a": expected nothing without jwt in STOMPGW_AUTH`},

	// Tokens.
	{"AUTH=jwt", "" +
		`STOMPGW_JWT_ISSUER="": expected a value, since STOMPGW_AUTH has jwt` + "\n" +
		`STOMPGW_JWT_AUDIENCE="": expected a value, since STOMPGW_AUTH has jwt`},
	{"JWT_ISSUER=https://idp.example", `STOMPGW_JWT_ISSUER="https://idp.example": expected nothing without jwt in STOMPGW_AUTH`},
	{"JWT_SECRET=" + secret32, `STOMPGW_JWT_SECRET="***": expected nothing without jwt in STOMPGW_AUTH`},
	{"TOKEN_SOURCES=cookie:t", `STOMPGW_TOKEN_SOURCES="cookie:t": expected nothing without jwt in STOMPGW_AUTH`},
	{jwtAuth + "TOKEN_SOURCES=cookie", `STOMPGW_TOKEN_SOURCES="cookie": expected places of tokens: header, subprotocol, cookie:name, connect:header, query:name`},
	{jwtAuth + "TOKEN_SOURCES=header,query:a b", `STOMPGW_TOKEN_SOURCES="header,query:a b": expected places of tokens: header, subprotocol, cookie:name, connect:header, query:name (item 2)`},
	{jwtAuth + "TOKEN_SOURCES=header:X", `STOMPGW_TOKEN_SOURCES="header:X": expected places of tokens: header, subprotocol, cookie:name, connect:header, query:name`},
	{jwtAuth + "TOKEN_SOURCES=header,header", `STOMPGW_TOKEN_SOURCES="header,header": expected each place once (item 2)`},
	{jwtAuth + "TOKEN_SOURCES=header,cookie:t\nORIGINS=*", `STOMPGW_TOKEN_SOURCES="header,cookie:t": expected no cookie with STOMPGW_ORIGINS=*: every page could act as its visitor`},
	{jwtAuth + "JWT_ISSUER=acme", `STOMPGW_JWT_ISSUER="acme": expected an https URL, where discovery finds the keys, or one of STOMPGW_JWT_JWKS_URL, STOMPGW_JWT_JWKS_FILE and STOMPGW_JWT_SECRET`},
	{jwtAuth + "JWT_ISSUER=http://idp.example", `STOMPGW_JWT_ISSUER="http://idp.example": expected an https URL, where discovery finds the keys, or one of STOMPGW_JWT_JWKS_URL, STOMPGW_JWT_JWKS_FILE and STOMPGW_JWT_SECRET`},
	{jwtAuth + "JWT_ISSUER=a\tb\nJWT_SECRET=" + secret32, `STOMPGW_JWT_ISSUER="a\tb": expected text without control characters`},
	{jwtAuth + "JWT_AUDIENCE=a,", `STOMPGW_JWT_AUDIENCE="a,": expected a comma-separated list without empty items (item 2)`},
	{jwtAuth + "JWT_AUDIENCE=a\x7f", `STOMPGW_JWT_AUDIENCE="a\x7f": expected a list of audiences`},
	{jwtAuth + "JWT_ALGORITHMS=none", `STOMPGW_JWT_ALGORITHMS="none": expected algorithms of tokens: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, or HS256, HS384, HS512 with a secret`},
	{jwtAuth + "JWT_ALGORITHMS=RS256,HS256", `STOMPGW_JWT_ALGORITHMS="RS256,HS256": expected no HS256 without STOMPGW_JWT_SECRET`},
	{jwtAuth + "JWT_ALGORITHMS=RS256\nJWT_SECRET=" + secret32, `STOMPGW_JWT_ALGORITHMS="RS256": expected no RS256 with STOMPGW_JWT_SECRET`},
	{jwtAuth + "JWT_JWKS_URL=http://idp.example/keys", `STOMPGW_JWT_JWKS_URL="http://idp.example/keys": expected an https URL without a login, or an http one of this machine`},
	{jwtAuth + "JWT_JWKS_URL=https://a:b@idp.example/keys", `STOMPGW_JWT_JWKS_URL="https://***@idp.example/keys": expected an https URL without a login, or an http one of this machine`},
	{jwtAuth + "JWT_JWKS_URL=https://idp.example/keys\nJWT_JWKS_FILE=DIR/users", `STOMPGW_JWT_JWKS_FILE="DIR/users": expected only one of STOMPGW_JWT_JWKS_URL, STOMPGW_JWT_JWKS_FILE and STOMPGW_JWT_SECRET`},
	{jwtAuth + "JWT_JWKS_FILE=DIR/users\nJWT_SECRET=" + secret32, `STOMPGW_JWT_SECRET="***": expected only one of STOMPGW_JWT_JWKS_URL, STOMPGW_JWT_JWKS_FILE and STOMPGW_JWT_SECRET`},
	{jwtAuth + "JWT_JWKS_FILE=DIR/none", `STOMPGW_JWT_JWKS_FILE="DIR/none": expected a readable file (no such file or directory)`},
	{jwtAuth + "JWT_SECRET=" + secret32[1:], `STOMPGW_JWT_SECRET="***": expected 32 bytes or more`},
	{jwtAuth + "JWT_SECRET_FILE=DIR/short", `STOMPGW_JWT_SECRET_FILE="DIR/short": expected 32 bytes or more`},
	{jwtAuth + "JWT_CA_FILE=DIR/users", `STOMPGW_JWT_CA_FILE="DIR/users": expected a PEM file with CA certificates`},
	{jwtAuth + "JWT_ALLOW_HTTP=yes", `STOMPGW_JWT_ALLOW_HTTP="yes": expected true or false`},
	{jwtAuth + "JWT_NAME_CLAIM=\t", `STOMPGW_JWT_NAME_CLAIM="\t": expected text without control characters`},
	{jwtAuth + "JWT_CLOCK_SKEW=10m", `STOMPGW_JWT_CLOCK_SKEW="10m": expected a duration from 0s to 5m, such as 30s`},
	{jwtAuth + "JWT_ALLOW_NO_EXPIRY=1s", `STOMPGW_JWT_ALLOW_NO_EXPIRY="1s": expected true or false`},
	{jwtAuth + "JWT_REFRESH=0", `STOMPGW_JWT_REFRESH="0": expected a duration from 1s to 24h, such as 10m`},
	{jwtAuth + "JWT_REFRESH=2h", `STOMPGW_JWT_MAX_STALE="1h": expected at least STOMPGW_JWT_REFRESH (2h)`},
	{jwtAuth + "JWT_MAX_STALE=never", `STOMPGW_JWT_MAX_STALE="never": expected a duration from 1s to 168h, such as 1h`},
	{jwtAuth + "JWT_TIMEOUT=0", `STOMPGW_JWT_TIMEOUT="0": expected a duration from 1ms to 1m, such as 5s`},

	// The webhook.
	{"AUTH=webhook", `STOMPGW_WEBHOOK_URL="": expected a value, since STOMPGW_AUTH has webhook`},
	{"WEBHOOK_SECRET=x", `STOMPGW_WEBHOOK_SECRET="***": expected nothing without webhook in STOMPGW_AUTH`},
	{webhookAuth + "WEBHOOK_URL=hook.example", `STOMPGW_WEBHOOK_URL="hook.example": expected an https URL without a login, or an http one of this machine`},
	{webhookAuth + "WEBHOOK_URL=http://127.0.0.1.evil.example/", `STOMPGW_WEBHOOK_URL="http://127.0.0.1.evil.example/": expected an https URL without a login, or an http one of this machine`},
	{webhookAuth + "WEBHOOK_SEND=everything", `STOMPGW_WEBHOOK_SEND="everything": expected what to send: passcode, cookie, authorization, query`},
	{webhookAuth + "WEBHOOK_SEND=query,query", `STOMPGW_WEBHOOK_SEND="query,query": expected each thing once (item 2)`},
	{webhookAuth + "WEBHOOK_SECRET=a\rb", `STOMPGW_WEBHOOK_SECRET="***": expected text without CR, LF or NUL`},
	{webhookAuth + "WEBHOOK_CA_FILE=DIR/none", `STOMPGW_WEBHOOK_CA_FILE="DIR/none": expected a readable PEM file (no such file or directory)`},
	{webhookAuth + "WEBHOOK_CERT_FILE=DIR/users", `STOMPGW_WEBHOOK_CERT_FILE="DIR/users": expected only together with STOMPGW_WEBHOOK_KEY_FILE`},
	{webhookAuth + "WEBHOOK_KEY_FILE=DIR/users", `STOMPGW_WEBHOOK_KEY_FILE="DIR/users": expected only together with STOMPGW_WEBHOOK_CERT_FILE`},
	{webhookAuth + "WEBHOOK_ALLOW_HTTP=1m", `STOMPGW_WEBHOOK_ALLOW_HTTP="1m": expected true or false`},
	{webhookAuth + "WEBHOOK_TIMEOUT=2m", `STOMPGW_WEBHOOK_TIMEOUT="2m": expected a duration from 1ms to 1m, such as 5s`},
	{webhookAuth + "WEBHOOK_CACHE=1h", `STOMPGW_WEBHOOK_CACHE="1h": expected a duration from 0s to 5m, such as 5s`},
	{webhookAuth + "WEBHOOK_RECHECK=1ms", `STOMPGW_WEBHOOK_RECHECK="1ms": expected 0 (off) or a duration from 1s to 24h, such as 1m`},

	// The proxy.
	{"AUTH=proxy", `STOMPGW_PROXY_AUTH_PROXIES="": expected a value, since STOMPGW_AUTH has proxy`},
	{"AUTH=proxy\nPROXY_AUTH_PROXIES=lb", `STOMPGW_PROXY_AUTH_PROXIES="lb": expected addresses, CIDRs and unix, such as 10.0.0.0/8,192.0.2.7,2001:db8::/32`},
	{"PROXY_AUTH_USER_HEADER=Remote-User", `STOMPGW_PROXY_AUTH_USER_HEADER="Remote-User": expected nothing without proxy in STOMPGW_AUTH`},
	{"AUTH=proxy\nPROXY_AUTH_PROXIES=::1\nPROXY_AUTH_USER_HEADER=a b\nPROXY_AUTH_EMAIL_HEADER=é\nPROXY_AUTH_GROUPS_HEADER=a:\nPROXY_AUTH_PREFERRED_USERNAME_HEADER=(", "" +
		`STOMPGW_PROXY_AUTH_USER_HEADER="a b": expected the name of a header` + "\n" +
		`STOMPGW_PROXY_AUTH_EMAIL_HEADER="é": expected the name of a header` + "\n" +
		`STOMPGW_PROXY_AUTH_GROUPS_HEADER="a:": expected the name of a header` + "\n" +
		`STOMPGW_PROXY_AUTH_PREFERRED_USERNAME_HEADER="(": expected the name of a header`},

	// The login at the broker.
	{"BROKER_CREDENTIALS=none", `STOMPGW_BROKER_CREDENTIALS="none": expected auto, passthrough, service, token or map`},
	{"BROKER_PASSCODE_MAP=DIR/users", `STOMPGW_BROKER_PASSCODE_MAP="DIR/users": expected only with STOMPGW_BROKER_CREDENTIALS=map`},
	{"BROKER_CREDENTIALS=passthrough\nBROKER_LOGIN=a\nBROKER_PASSCODE=b", "" +
		`STOMPGW_BROKER_LOGIN="a": expected nothing with STOMPGW_BROKER_CREDENTIALS=passthrough` + "\n" +
		`STOMPGW_BROKER_PASSCODE="***": expected nothing with STOMPGW_BROKER_CREDENTIALS=passthrough`},
	{"BROKER_CREDENTIALS=service", `STOMPGW_BROKER_LOGIN="": expected a login, since STOMPGW_BROKER_CREDENTIALS is service`},
	{"BROKER_CREDENTIALS=service\nBROKER_LOGIN=a\nBROKER_PASSCODE_MAP=DIR/users", `STOMPGW_BROKER_PASSCODE_MAP="DIR/users": expected only with STOMPGW_BROKER_CREDENTIALS=map`},
	{"BROKER_CREDENTIALS=token", `STOMPGW_BROKER_CREDENTIALS="token": expected another mode than token without jwt in STOMPGW_AUTH`},
	{jwtAuth + "BROKER_CREDENTIALS=token\nBROKER_LOGIN=a\nBROKER_PASSCODE=b", `STOMPGW_BROKER_PASSCODE="***": expected nothing with STOMPGW_BROKER_CREDENTIALS=token`},
	{jwtAuth + "BROKER_CREDENTIALS=map", `STOMPGW_BROKER_LOGIN="": expected a template such as app-{claims.tenant}, since STOMPGW_BROKER_CREDENTIALS is map`},
	{jwtAuth + "BROKER_CREDENTIALS=map\nBROKER_LOGIN={tenant}\nBROKER_HOST=}", "" +
		`STOMPGW_BROKER_LOGIN="{tenant}": expected text with {name} or {claims.tenant} and no other braces` + "\n" +
		`STOMPGW_BROKER_HOST="}": expected text with {name} or {claims.tenant} and no other braces`},
	{"BROKER_CREDENTIALS=map\nBROKER_LOGIN={name}", `STOMPGW_BROKER_CREDENTIALS="map": expected another mode than map without a method in STOMPGW_AUTH`},
	{jwtAuth + "BROKER_CREDENTIALS=map\nBROKER_LOGIN={name}\nBROKER_PASSCODE=x\nBROKER_PASSCODE_MAP=DIR/users", `STOMPGW_BROKER_PASSCODE_MAP="DIR/users": expected only one of STOMPGW_BROKER_PASSCODE and STOMPGW_BROKER_PASSCODE_MAP`},
	{jwtAuth + "BROKER_CREDENTIALS=map\nBROKER_LOGIN={name}\nBROKER_PASSCODE_MAP=DIR", `STOMPGW_BROKER_PASSCODE_MAP="DIR": expected a readable file (is a directory)`},
}

func TestIdentityMistakes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "users", "")
	made := testcert.New(t, "gateway")
	write(t, dir, "cert", string(made.Cert))
	write(t, dir, "key", string(made.Key))
	write(t, dir, "short", strings.Repeat("x", 31)+"\n")
	for _, test := range identityMistakes {
		expectMistakes(t, dir, test.environ, test.want)
	}
}
