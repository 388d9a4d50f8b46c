package config

import (
	"net/netip"
	"time"
)

// Auth is how clients prove who they are.
type Auth struct {
	Methods         []AuthMethod    `env:"AUTH" envDefault:"none"` // in this order; webhook and none last
	UsersFile       string          `env:"USERS_FILE"`             // set where users is a method
	CertificateName CertificateName `env:"CERTIFICATE_NAME" envDefault:"cn"`
	ExpiryGrace     time.Duration   `env:"TOKEN_EXPIRY_GRACE" envDefault:"0s"` // a session outlives its identity by this
	// RenewDestination takes new tokens, and never reaches the broker.
	RenewDestination string `env:"RENEW_DESTINATION" envDefault:"/stompgw/renew"`
}

// JWT is which tokens are believed. Of JWKSURL, JWKSFile and Secret at most one is
// set; without any the issuer's discovery document names the keys.
type JWT struct {
	Sources       []TokenSource  `env:"TOKEN_SOURCES" envDefault:"header"`
	Issuer        string         `env:"JWT_ISSUER"`     // set where jwt is a method
	Audience      []Audience     `env:"JWT_AUDIENCE"`   // likewise
	Algorithms    []JWTAlgorithm `env:"JWT_ALGORITHMS"` // none are RS256, ES256, EdDSA, or HS256 with Secret
	JWKSURL       string         `env:"JWT_JWKS_URL"`
	JWKSFile      string         `env:"JWT_JWKS_FILE"`
	Secret        Secret         `env:"JWT_SECRET"`
	CAFile        string         `env:"JWT_CA_FILE"` // PEM bundle; "" is the system's
	AllowHTTP     bool           `env:"JWT_ALLOW_HTTP" envDefault:"false"`
	NameClaim     string         `env:"JWT_NAME_CLAIM" envDefault:"sub"`
	Skew          time.Duration  `env:"JWT_CLOCK_SKEW" envDefault:"30s"`
	AllowNoExpiry bool           `env:"JWT_ALLOW_NO_EXPIRY" envDefault:"false"`
	Refresh       time.Duration  `env:"JWT_REFRESH" envDefault:"10m"`
	MaxStale      time.Duration  `env:"JWT_MAX_STALE" envDefault:"1h"` // never below Refresh
	Timeout       time.Duration  `env:"JWT_TIMEOUT" envDefault:"5s"`
}

// Webhook is who is asked about every CONNECT.
type Webhook struct {
	URL       string          `env:"WEBHOOK_URL"` // set where webhook is a method
	Send      []WebhookSecret `env:"WEBHOOK_SEND"`
	Secret    Secret          `env:"WEBHOOK_SECRET"`
	CAFile    string          `env:"WEBHOOK_CA_FILE"`   // PEM bundle; "" is the system's
	CertFile  string          `env:"WEBHOOK_CERT_FILE"` // PEM; "" shows no certificate
	KeyFile   string          `env:"WEBHOOK_KEY_FILE"`  // PEM; set where CertFile is
	AllowHTTP bool            `env:"WEBHOOK_ALLOW_HTTP" envDefault:"false"`
	Timeout   time.Duration   `env:"WEBHOOK_TIMEOUT" envDefault:"5s"`
	Cache     time.Duration   `env:"WEBHOOK_CACHE" envDefault:"5s"`   // 0 is off
	Recheck   time.Duration   `env:"WEBHOOK_RECHECK" envDefault:"0s"` // 0 is off
}

// ProxyAuth is which proxies say who their users are, and in which headers.
type ProxyAuth struct {
	Proxies           []netip.Prefix `env:"PROXY_AUTH_PROXIES"` // set where proxy is a method
	User              string         `env:"PROXY_AUTH_USER_HEADER" envDefault:"X-Forwarded-User"`
	Email             string         `env:"PROXY_AUTH_EMAIL_HEADER" envDefault:"X-Forwarded-Email"`
	Groups            string         `env:"PROXY_AUTH_GROUPS_HEADER" envDefault:"X-Forwarded-Groups"`
	PreferredUsername string         `env:"PROXY_AUTH_PREFERRED_USERNAME_HEADER" envDefault:"X-Forwarded-Preferred-Username"`
}

// AuthMethod is a way to prove who one is.
type AuthMethod string

// The methods.
const (
	AuthNone        AuthMethod = "none"
	AuthJWT         AuthMethod = "jwt"
	AuthWebhook     AuthMethod = "webhook"
	AuthProxy       AuthMethod = "proxy"
	AuthCertificate AuthMethod = "certificate"
	AuthUsers       AuthMethod = "users"
)

// CertificateName is the part of a client certificate that names its owner.
type CertificateName string

// The parts: of the subject, or the first alternative name of its kind.
const (
	CertificateCN    CertificateName = "cn"
	CertificateDNS   CertificateName = "dns"
	CertificateURI   CertificateName = "uri"
	CertificateEmail CertificateName = "email"
)

// CredentialsMode is where the login at the broker comes from.
type CredentialsMode string

// The modes. CredentialsAuto is service where there is a login, else passthrough.
const (
	CredentialsAuto        CredentialsMode = "auto"
	CredentialsPassthrough CredentialsMode = "passthrough"
	CredentialsService     CredentialsMode = "service"
	CredentialsToken       CredentialsMode = "token"
	CredentialsMap         CredentialsMode = "map"
)

// JWTAlgorithm is an algorithm of RFC 7518 that signs tokens.
type JWTAlgorithm string

// Audience is whom a token is for.
type Audience string

// TokenSource is where a token may be: header, subprotocol, cookie:name,
// connect:header or query:name.
type TokenSource string

// WebhookSecret is what a webhook is told only on demand.
type WebhookSecret string

// What may be demanded.
const (
	WebhookPasscode      WebhookSecret = "passcode"
	WebhookCookie        WebhookSecret = "cookie"
	WebhookAuthorization WebhookSecret = "authorization"
	WebhookQuery         WebhookSecret = "query"
)
