package main

import (
	"crypto/tls"
	"io/fs"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/gateway"
	"github.com/stompgw/stompgw/internal/testcert"
	"github.com/stompgw/stompgw/policy"
)

// setting is one variable, with what it needs beside it, and where it arrives.
type setting struct {
	set  string // NAME=value, and others behind it
	at   func(made) any
	want any
}

// settingsBeside are settings that mean something only where others are.
type settingsBeside struct {
	beside   string
	settings []setting
}

// settings are all of them. One that arrives at several places has a line for each.
// In dir are a certificate and files to name.
func settings(t testing.TB, dir string, pair testcert.Pair) []settingsBeside {
	const (
		browsersTLS = "TLS_CERT_FILE=DIR/tls.crt TLS_KEY_FILE=DIR/tls.key "
		jwt         = "AUTH=jwt JWT_ISSUER=https://idp.example JWT_AUDIENCE=gw "
		webhook     = "AUTH=webhook WEBHOOK_URL=https://hook.example "
		secret      = "0123456789abcdef0123456789abcdef"
	)
	ten := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	beats := frameinspect.HeartBeat{Send: 2 * time.Second, Receive: 3 * time.Second}
	chain := pair.TLS(t).Certificate
	// Of what is nil by default, so that the table has no line of two.
	from := func(m made) any {
		if m.listen.Proxies == nil {
			return nil
		}
		return m.listen.Proxies.From
	}
	certificate := func(c *tls.Config) any {
		if len(c.Certificates) == 0 {
			return nil
		}
		return c.Certificates[0].Certificate
	}
	shown := func(m made) any { return certificate(m.broker.TLS()) }
	shownToHook := func(m made) any { return certificate(m.auth.Webhook.TLS()) }
	sources := func(m made) any {
		var all []string
		for _, s := range m.auth.JWT.Sources {
			all = append(all, s.String())
		}
		return all
	}
	return []settingsBeside{
		{"", []setting{
			{"LISTEN=127.0.0.1:1,[::1]:2", func(m made) any { return m.listen.Addresses }, []string{"127.0.0.1:1", "[::1]:2"}},
			{"UNIX_SOCKET_MODE=0600", func(m made) any { return m.listen.UnixMode }, fs.FileMode(0o600)},
			{"PROXY_PROTOCOL_FROM=10.0.0.0/8", from, ten},
			{"PPROF=true", func(m made) any { return m.admin.Profiles }, true},
			{"TLS_CERT_FILE=DIR/tls.crt TLS_KEY_FILE=DIR/tls.key", func(m made) any { return m.tls.Cert }, dir + "/tls.crt"},
			{"TLS_KEY_FILE=DIR/tls.key TLS_CERT_FILE=DIR/tls.crt", func(m made) any { return m.tls.Key }, dir + "/tls.key"},

			{"ORIGINS=https://a.example", func(m made) any { return m.gateway.Origins.Exact }, []string{"https://a.example"}},
			{"ORIGINS=https://*.a.example:8443", func(m made) any { return m.gateway.Origins.Subdomains },
				[]gateway.Subdomains{{Scheme: "https", Suffix: ".a.example", Port: "8443"}}},
			{"ORIGINS=https://a.example", func(m made) any { return m.gateway.Origins.Same }, false},
			{"ORIGINS=*", func(m made) any { return m.gateway.Origins.Any }, true},
			{"ALLOW_NULL_ORIGIN=true", func(m made) any { return m.gateway.Origins.Null }, true},
			{"ALLOW_MISSING_ORIGIN=false", func(m made) any { return m.gateway.Origins.Missing }, false},
			{"TRUSTED_PROXIES=10.0.0.0/8", func(m made) any { return m.gateway.TrustedProxies }, ten},

			{"BROKERS=tcp://b:1,tls://c:2", func(m made) any { return m.broker.Endpoints },
				[]broker.Endpoint{{Address: "b:1"}, {TLS: true, Address: "c:2"}}},
			{"BROKER_DIAL_TIMEOUT=7s", func(m made) any { return m.broker.DialTimeout }, 7 * time.Second},
			{"BROKER_BACKOFF_MIN=7s", func(m made) any { return m.broker.BackoffMin }, 7 * time.Second},
			{"BROKER_BACKOFF_MAX=7s", func(m made) any { return m.broker.BackoffMax }, 7 * time.Second},
			{"BROKER_PROXY_PROTOCOL=v2", func(m made) any { return m.broker.ProxyProtocol }, true},
			{"BROKER_CONNECT_RATE=7", func(m made) any { return m.pace.Rate }, 7},
			{"BROKER_CONNECT_RATE=0", func(m made) any { return m.gateway.LoginQueue == nil }, true},
			{"BROKER_CONNECT_AT_ONCE=7", func(m made) any { return m.pace.AtOnce }, 7},
			{"BROKER_CONNECT_WAIT=7s", func(m made) any { return m.pace.MaxWait }, 7 * time.Second},
			{"BROKER_TLS_CA_FILE=DIR/tls.crt", func(m made) any { return m.broker.TLS().RootCAs.Equal(pair.Roots()) }, true},
			{"BROKER_TLS_SERVER_NAME=b.example", func(m made) any { return m.broker.TLS().ServerName }, "b.example"},
			{"BROKER_TLS_CERT_FILE=DIR/tls.crt BROKER_TLS_KEY_FILE=DIR/tls.key", shown, chain},
			{"BROKER_TLS_KEY_FILE=DIR/tls.key BROKER_TLS_CERT_FILE=DIR/tls.crt", shown, chain},

			{"BROKER_CREDENTIALS=service BROKER_LOGIN=l", func(m made) any { return m.auth.Broker.Mode }, auth.Service},
			{"BROKER_LOGIN=l", func(m made) any { return m.gateway.Credentials.Login }, "l"},
			{"BROKER_LOGIN=l", func(m made) any { return m.auth.Broker.Login }, "l"},
			{"BROKER_PASSCODE=p BROKER_LOGIN=l", func(m made) any { return m.gateway.Credentials.Passcode }, "p"},
			{"BROKER_PASSCODE=p BROKER_LOGIN=l", func(m made) any { return m.auth.Broker.Passcode }, "p"},
			{"BROKER_HOST=h", func(m made) any { return m.gateway.Credentials.Host }, "h"},
			{"BROKER_HOST=h", func(m made) any { return m.auth.Broker.Host }, "h"},
			{"BROKER_DIALECT=artemis", func(m made) any { return m.broker.Dialect }, broker.Artemis},
			{"ALLOW_MISSING_LOGIN=true", func(m made) any { return m.gateway.Credentials.AllowMissingLogin }, true},
			{"CONNECT_HEADERS=client-id", func(m made) any { return m.gateway.ConnectHeaders }, []string{"client-id"}},

			{"AUTH=users USERS_FILE=DIR/users", func(m made) any { return m.auth.Methods }, []auth.Method{auth.Users}},
			{"USERS_FILE=DIR/users AUTH=users", func(m made) any { return m.auth.UsersFile }, dir + "/users"},
			{"POLICY_FILE=DIR/policy", func(m made) any { return m.policy.File }, dir + "/policy"},
			{"AUDIT=all", func(m made) any { return m.policy.Audit }, policy.AuditAll},
			{"AUDIT_FILE=DIR/audit POLICY_FILE=DIR/policy", func(m made) any { return m.policy.AuditFile }, dir + "/audit"},

			{"BROKER_HEART_BEAT=2s,3s", func(m made) any { return m.gateway.BrokerHeartBeat }, beats},
			{"CLIENT_HEART_BEAT=2s,3s", func(m made) any { return m.gateway.ClientHeartBeat }, beats},
			{"PING_INTERVAL=7s", func(m made) any { return m.gateway.PingInterval }, 7 * time.Second},

			{"CONNECT_TIMEOUT=7s", func(m made) any { return m.gateway.ConnectTimeout }, 7 * time.Second},
			{"LOGIN_TIMEOUT=7s", func(m made) any { return m.gateway.LoginTimeout }, 7 * time.Second},
			{"FIRST_FRAME_TIMEOUT=7s", func(m made) any { return m.gateway.FirstFrameTimeout }, 7 * time.Second},
			{"IDLE_TIMEOUT=7s", func(m made) any { return m.gateway.IdleTimeout }, 7 * time.Second},
			{"FRAME_TIMEOUT=7s", func(m made) any { return m.gateway.FrameTimeout }, 7 * time.Second},
			{"FRAME_TIMEOUT=7s", func(m made) any { return m.cluster.BodyTimeout }, 7 * time.Second},
			{"DISCONNECT_TIMEOUT=7s", func(m made) any { return m.gateway.DisconnectTimeout }, 7 * time.Second},
			{"CLOSE_TIMEOUT=7s", func(m made) any { return m.gateway.CloseTimeout }, 7 * time.Second},
			{"SLOW_CLIENT_TIMEOUT=7s", func(m made) any { return m.gateway.SlowClientTimeout }, 7 * time.Second},
			{"SLOW_CLIENT_TIMEOUT=7s", func(m made) any { return m.cluster.WriteTimeout }, 7 * time.Second},
			{"SLOW_BROKER_TIMEOUT=7s", func(m made) any { return m.broker.WriteLimit }, 7 * time.Second},

			{"MAX_SESSIONS=7", func(m made) any { return m.gateway.MaxSessions }, 7},
			{"MAX_SESSIONS=7", func(m made) any { return m.cluster.MaxForwarded }, 14},
			{"MAX_SESSIONS_PER_IP=7", func(m made) any { return m.gateway.MaxSessionsPerIP }, 7},
			{"MAX_HEAD_BEFORE_LOGIN=300", func(m made) any { return m.gateway.MaxHeadBeforeLogin }, 300},
			{"MAX_HEAD=300", func(m made) any { return m.gateway.MaxHead }, 300},
			{"MAX_HEADERS=17", func(m made) any { return m.gateway.MaxHeaders }, 17},
			{"MAX_BODY=300", func(m made) any { return m.gateway.MaxBody }, int64(300)},

			{"MESSAGE_TYPE=text", func(m made) any { return m.gateway.MessageType }, gateway.TextMessages},
			{"MESSAGE_TYPE=binary", func(m made) any { return m.gateway.MessageType }, gateway.BinaryMessages},
			{"CLOSE_ON_ERROR=true", func(m made) any { return m.gateway.CloseOnError }, true},
			{"KEEP_ERRORS=true", func(m made) any { return m.gateway.KeepErrors }, true},

			{"SOCKJS=false", func(m made) any { return m.gateway.SockJS == nil }, true},
			{"SOCKJS_TRANSPORTS=jsonp,xhr", func(m made) any { return m.gateway.SockJS.Transports }, []string{"jsonp", "xhr"}},
			{"SOCKJS_CLIENT_URL=/sockjs.js", func(m made) any { return m.gateway.SockJS.ClientURL }, "/sockjs.js"},
			{"SOCKJS_HEART_BEAT=7s", func(m made) any { return m.gateway.SockJS.HeartBeat }, 7 * time.Second},
			{"SOCKJS_DISCONNECT_DELAY=7s", func(m made) any { return m.gateway.SockJS.DisconnectDelay }, 7 * time.Second},
			{"SOCKJS_STREAM_LIMIT=7KiB", func(m made) any { return m.gateway.SockJS.StreamLimit }, 7 << 10},
			{"SOCKJS_BUFFER=700KiB", func(m made) any { return m.gateway.SockJS.Buffer }, 700 << 10},
			{"SOCKJS_MAX_POST=7KiB", func(m made) any { return m.gateway.SockJS.MaxPost }, 7 << 10},
			{"SOCKJS_MAX_POST=7KiB", func(m made) any { return m.cluster.MaxBody }, int64(7 << 10)},
			{"SOCKJS_COOKIE=on", func(m made) any { return m.gateway.SockJS.Cookie != nil }, true},

			{"CLUSTER_PEERS=a:1,dns:b:2 CLUSTER_LISTEN=:3 CLUSTER_SECRET=" + secret, func(m made) any { return m.cluster.Peers }, []string{"a:1", "dns:b:2"}},
			{"CLUSTER_SECRET=" + secret + " CLUSTER_LISTEN=:3 CLUSTER_PEERS=a:1", func(m made) any { return m.cluster.Secret }, secret},

			{"LOG_LEVEL=error", func(m made) any { return m.level }, "error"},
			{"LOG_FORMAT=console", func(m made) any { return strings.HasPrefix(m.logged, "{") }, false},
			{"TRACE_FRAMES=continue", func(m made) any { return m.gateway.FrameTraces }, gateway.ContinueTraces},
			{"TRACE_FRAMES=restart", func(m made) any { return m.gateway.FrameTraces }, gateway.RestartTraces},
			{"ADMIN_TOKEN=" + secret, func(m made) any { return m.admin.Token }, secret},
			{"ADMIN_HOSTS=gw.internal", func(m made) any { return m.admin.Hosts }, []string{"gw.internal"}},
		}},
		{browsersTLS, []setting{
			{"TLS_MIN_VERSION=1.3", func(m made) any { return m.tls.MinVersion }, uint16(tls.VersionTLS13)},
			{"TLS_CLIENT_CA_FILE=DIR/tls.crt TLS_CLIENT_AUTH=optional", func(m made) any { return m.tls.ClientCA }, dir + "/tls.crt"},
			{"TLS_CLIENT_AUTH=optional TLS_CLIENT_CA_FILE=DIR/tls.crt", func(m made) any { return m.tls.ClientAuth }, tls.VerifyClientCertIfGiven},
			{"TLS_CLIENT_AUTH=required TLS_CLIENT_CA_FILE=DIR/tls.crt", func(m made) any { return m.tls.ClientAuth }, tls.RequireAndVerifyClientCert},
			{"CERTIFICATE_NAME=uri AUTH=certificate TLS_CLIENT_AUTH=optional TLS_CLIENT_CA_FILE=DIR/tls.crt",
				func(m made) any { return m.auth.Certificate }, auth.NameFromURI},
		}},
		{"SOCKJS_COOKIE=secure", []setting{
			{"SOCKJS_COOKIE=on", func(m made) any { return m.gateway.SockJS.Cookie.Secure }, false},
			{"SOCKJS_COOKIE_SAME_SITE=unset", func(m made) any { return m.gateway.SockJS.Cookie.SameSite }, http.SameSite(0)},
			{"SOCKJS_COOKIE_SAME_SITE=lax", func(m made) any { return m.gateway.SockJS.Cookie.SameSite }, http.SameSiteLaxMode},
			{"SOCKJS_COOKIE_SAME_SITE=strict", func(m made) any { return m.gateway.SockJS.Cookie.SameSite }, http.SameSiteStrictMode},
			{"SOCKJS_COOKIE=on", func(m made) any { return m.gateway.SockJS.Cookie.SameSite }, http.SameSite(0)}, // none needs a secure cookie
			{"SOCKJS_COOKIE_HTTP_ONLY=false", func(m made) any { return m.gateway.SockJS.Cookie.HTTPOnly }, false},
		}},
		{jwt, []setting{
			{"BROKER_CREDENTIALS=token", func(m made) any { return m.auth.Broker.Mode }, auth.PassToken},
			{"BROKER_PASSCODE_MAP=DIR/keys BROKER_CREDENTIALS=map BROKER_LOGIN={name}", func(m made) any { return m.auth.Broker.PasscodesFile }, dir + "/keys"},
			{"TOKEN_EXPIRY_GRACE=7s", func(m made) any { return m.gateway.ExpiryGrace }, 7 * time.Second},
			{"RENEW_DESTINATION=/new", func(m made) any { return m.gateway.RenewDestination }, "/new"},
			{"TOKEN_SOURCES=cookie:t,subprotocol", sources, []string{"cookie:t", "subprotocol"}},
			{"JWT_ISSUER=https://other.example", func(m made) any { return m.auth.JWT.Issuer }, "https://other.example"},
			{"JWT_AUDIENCE=a,b", func(m made) any { return m.auth.JWT.Audience }, []string{"a", "b"}},
			{"JWT_ALGORITHMS=PS256,ES256", func(m made) any { return m.auth.JWT.Algorithms }, []string{"PS256", "ES256"}},
			{"JWT_JWKS_URL=https://keys.example", func(m made) any { return m.auth.JWT.KeySetURL }, "https://keys.example"},
			{"JWT_JWKS_FILE=DIR/keys", func(m made) any { return m.auth.JWT.KeySetFile }, dir + "/keys"},
			{"JWT_SECRET=" + secret, func(m made) any { return string(m.auth.JWT.Secret) }, secret},
			{"JWT_CA_FILE=DIR/tls.crt", func(m made) any { return m.auth.JWT.TLS().RootCAs.Equal(pair.Roots()) }, true},
			{"JWT_ALLOW_HTTP=true", func(m made) any { return m.auth.JWT.AllowHTTP }, true},
			{"JWT_NAME_CLAIM=email", func(m made) any { return m.auth.JWT.NameClaim }, "email"},
			{"JWT_CLOCK_SKEW=7s", func(m made) any { return m.auth.JWT.Skew }, 7 * time.Second},
			{"JWT_ALLOW_NO_EXPIRY=true", func(m made) any { return m.auth.JWT.AllowNoExpiry }, true},
			{"JWT_REFRESH=7s", func(m made) any { return m.auth.JWT.Refresh }, 7 * time.Second},
			{"JWT_MAX_STALE=7h", func(m made) any { return m.auth.JWT.MaxStale }, 7 * time.Hour},
			{"JWT_TIMEOUT=7s", func(m made) any { return m.auth.JWT.Timeout }, 7 * time.Second},
		}},
		{webhook, []setting{
			{"WEBHOOK_URL=https://other.example", func(m made) any { return m.auth.Webhook.URL }, "https://other.example"},
			{"WEBHOOK_SEND=passcode,query", func(m made) any { return m.auth.Webhook.Send }, []auth.WebhookSecret{auth.SendPasscode, auth.SendQuery}},
			{"WEBHOOK_SECRET=s", func(m made) any { return m.auth.Webhook.Secret }, "s"},
			{"WEBHOOK_CA_FILE=DIR/tls.crt", func(m made) any { return m.auth.Webhook.TLS().RootCAs.Equal(pair.Roots()) }, true},
			{"WEBHOOK_CERT_FILE=DIR/tls.crt WEBHOOK_KEY_FILE=DIR/tls.key", shownToHook, chain},
			{"WEBHOOK_KEY_FILE=DIR/tls.key WEBHOOK_CERT_FILE=DIR/tls.crt", shownToHook, chain},
			{"WEBHOOK_ALLOW_HTTP=true", func(m made) any { return m.auth.Webhook.AllowHTTP }, true},
			{"WEBHOOK_TIMEOUT=7s", func(m made) any { return m.auth.Webhook.Timeout }, 7 * time.Second},
			{"WEBHOOK_CACHE=7s", func(m made) any { return m.auth.Webhook.CacheTime }, 7 * time.Second},
			{"WEBHOOK_RECHECK=7s", func(m made) any { return m.auth.RecheckInterval }, 7 * time.Second},
			{"WEBHOOK_RECHECK=7s", func(m made) any { return m.gateway.RecheckInterval }, 7 * time.Second},
		}},
		{"AUTH=proxy PROXY_AUTH_PROXIES=192.0.2.1", []setting{
			{"PROXY_AUTH_PROXIES=10.0.0.0/8", func(m made) any { return m.auth.Proxy.Networks }, ten},
			{"PROXY_AUTH_USER_HEADER=U", func(m made) any { return m.auth.Proxy.User }, "U"},
			{"PROXY_AUTH_EMAIL_HEADER=E", func(m made) any { return m.auth.Proxy.Email }, "E"},
			{"PROXY_AUTH_GROUPS_HEADER=G", func(m made) any { return m.auth.Proxy.Groups }, "G"},
			{"PROXY_AUTH_PREFERRED_USERNAME_HEADER=P", func(m made) any { return m.auth.Proxy.PreferredUsername }, "P"},
		}},
	}
}
