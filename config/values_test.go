package config

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestDefaults has every default by its value.
func TestDefaults(t *testing.T) {
	got, err := Parse([]string{"STOMPGW_BROKERS=tcp://a", "HOME=/", "STOMPGW_LISTEN=", "STOMPGW"})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Server:      Server{Listen: []Address{":8080"}, UnixSocketMode: 0o660, AdminListen: "127.0.0.1:9090", Paths: []string{"/stomp"}},
		TLS:         TLS{MinVersion: TLS12, ClientAuth: ClientAuthOff},
		Origin:      Origin{Allowed: Origins{Same: true}, AllowMissing: true},
		Broker:      Broker{[]Endpoint{{Address: "a:61613"}}, 5 * time.Second, time.Second, 30 * time.Second, ProxyProtocolOff, 200, 20, 30 * time.Second},
		Credentials: Credentials{Mode: CredentialsAuto, Dialect: DialectAuto},
		Auth:        Auth{Methods: []AuthMethod{AuthNone}, CertificateName: CertificateCN, RenewDestination: "/stompgw/renew"},
		JWT: JWT{
			Sources: []TokenSource{"header"}, NameClaim: "sub", Skew: 30 * time.Second,
			Refresh: 10 * time.Minute, MaxStale: time.Hour, Timeout: 5 * time.Second,
		},
		Webhook: Webhook{Timeout: 5 * time.Second, Cache: 5 * time.Second},
		ProxyAuth: ProxyAuth{
			User: "X-Forwarded-User", Email: "X-Forwarded-Email", Groups: "X-Forwarded-Groups",
			PreferredUsername: "X-Forwarded-Preferred-Username",
		},
		Policy: Policy{Audit: AuditDenials},
		HeartBeats: HeartBeats{
			HeartBeat{10 * time.Second, 10 * time.Second}, HeartBeat{10 * time.Second, 10 * time.Second}, 25 * time.Second,
		},
		Timeouts: Timeouts{
			Connect: 10 * time.Second, Login: 10 * time.Second, Frame: 30 * time.Second, Disconnect: 5 * time.Second,
			Close: 2 * time.Second, SlowClient: 20 * time.Second, SlowBroker: 2 * time.Minute,
		},
		Limits: Limits{10000, 1000, 16 << 10, 64 << 10, 100, 16 << 20},
		Frames: Frames{MessageType: MessageAuto},
		SockJS: SockJS{
			On:         true,
			Transports: []Transport{TransportWebSocket, TransportXHRStreaming, TransportXHR, TransportEventSource},
			HeartBeat:  25 * time.Second, DisconnectDelay: 5 * time.Second,
			StreamLimit: 128 * KiB, Buffer: MiB, MaxPost: MiB,
			Cookie: CookieOff, CookieSameSite: SameSiteNone, CookieHTTPOnly: true,
		},
		Drain:   Drain{5 * time.Second, 15 * time.Second, 30 * time.Second},
		Log:     Log{LogInfo, LogJSON},
		Tracing: Tracing{FrameTracesOff},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// everything sets each variable, but for files and what excludes others, to another value than its
// default, in the form that Lines gives.
const everything = `STOMPGW_LISTEN=127.0.0.1:0,[::1]:0,unix:/run/gw.sock,systemd,systemd:web
STOMPGW_UNIX_SOCKET_MODE=0600
STOMPGW_PROXY_PROTOCOL_FROM=192.0.2.0/24,unix
STOMPGW_ADMIN_LISTEN=[::1]:0
STOMPGW_PATHS=/stomp,/ws/v1.0_~-
STOMPGW_PPROF=true
STOMPGW_TLS_CERT_FILE=
STOMPGW_TLS_KEY_FILE=
STOMPGW_TLS_MIN_VERSION=1.2
STOMPGW_TLS_CLIENT_CA_FILE=
STOMPGW_TLS_CLIENT_AUTH=off
STOMPGW_ORIGINS=same-origin,https://a.example,http://b.example:8080,https://*.c.example,https://*.c.example:8443
STOMPGW_ALLOW_NULL_ORIGIN=true
STOMPGW_ALLOW_MISSING_ORIGIN=false
STOMPGW_TRUSTED_PROXIES=10.0.0.0/8,192.0.2.7/32,2001:db8::/32,unix
STOMPGW_BROKERS=tcp://a:1,tls://[::1]:61614
STOMPGW_BROKER_DIAL_TIMEOUT=1ms
STOMPGW_BROKER_BACKOFF_MIN=2s
STOMPGW_BROKER_BACKOFF_MAX=1h
STOMPGW_BROKER_PROXY_PROTOCOL=v2
STOMPGW_BROKER_CONNECT_RATE=0
STOMPGW_BROKER_CONNECT_AT_ONCE=10000
STOMPGW_BROKER_CONNECT_WAIT=1m
STOMPGW_BROKER_TLS_CA_FILE=
STOMPGW_BROKER_TLS_SERVER_NAME=broker.example
STOMPGW_BROKER_TLS_CERT_FILE=
STOMPGW_BROKER_TLS_KEY_FILE=
STOMPGW_BROKER_CREDENTIALS=service
STOMPGW_BROKER_LOGIN=gäste: a=b
STOMPGW_BROKER_PASSCODE=***
STOMPGW_BROKER_HOST=/
STOMPGW_BROKER_PASSCODE_MAP=
STOMPGW_BROKER_DIALECT=apollo
STOMPGW_ALLOW_MISSING_LOGIN=true
STOMPGW_CONNECT_HEADERS=client-id,x-app
STOMPGW_AUTH=jwt,proxy,webhook
STOMPGW_USERS_FILE=
STOMPGW_CERTIFICATE_NAME=cn
STOMPGW_TOKEN_EXPIRY_GRACE=1m
STOMPGW_RENEW_DESTINATION=/token
STOMPGW_TOKEN_SOURCES=cookie:t,connect:passcode,query:access_token,subprotocol
STOMPGW_JWT_ISSUER=acme
STOMPGW_JWT_AUDIENCE=https://gw.example,gw
STOMPGW_JWT_ALGORITHMS=PS512,EdDSA
STOMPGW_JWT_JWKS_URL=http://idp.example/keys
STOMPGW_JWT_JWKS_FILE=
STOMPGW_JWT_SECRET=
STOMPGW_JWT_CA_FILE=
STOMPGW_JWT_ALLOW_HTTP=true
STOMPGW_JWT_NAME_CLAIM=realm.user
STOMPGW_JWT_CLOCK_SKEW=0s
STOMPGW_JWT_ALLOW_NO_EXPIRY=true
STOMPGW_JWT_REFRESH=1m
STOMPGW_JWT_MAX_STALE=2h
STOMPGW_JWT_TIMEOUT=1s
STOMPGW_WEBHOOK_URL=http://hook.example/ask?x=1
STOMPGW_WEBHOOK_SEND=query,passcode
STOMPGW_WEBHOOK_SECRET=***
STOMPGW_WEBHOOK_CA_FILE=
STOMPGW_WEBHOOK_CERT_FILE=
STOMPGW_WEBHOOK_KEY_FILE=
STOMPGW_WEBHOOK_ALLOW_HTTP=true
STOMPGW_WEBHOOK_TIMEOUT=1s
STOMPGW_WEBHOOK_CACHE=0s
STOMPGW_WEBHOOK_RECHECK=30s
STOMPGW_PROXY_AUTH_PROXIES=10.0.0.0/8
STOMPGW_PROXY_AUTH_USER_HEADER=Remote-User
STOMPGW_PROXY_AUTH_EMAIL_HEADER=Remote-Email
STOMPGW_PROXY_AUTH_GROUPS_HEADER=Remote-Groups
STOMPGW_PROXY_AUTH_PREFERRED_USERNAME_HEADER=Remote-Name
STOMPGW_POLICY_FILE=
STOMPGW_AUDIT=all
STOMPGW_AUDIT_FILE=
STOMPGW_BROKER_HEART_BEAT=0s,1h
STOMPGW_CLIENT_HEART_BEAT=1s,1m30s
STOMPGW_PING_INTERVAL=10m
STOMPGW_CONNECT_TIMEOUT=1s
STOMPGW_LOGIN_TIMEOUT=2s
STOMPGW_FIRST_FRAME_TIMEOUT=3s
STOMPGW_IDLE_TIMEOUT=168h
STOMPGW_FRAME_TIMEOUT=4s
STOMPGW_DISCONNECT_TIMEOUT=6s
STOMPGW_CLOSE_TIMEOUT=7s
STOMPGW_SLOW_CLIENT_TIMEOUT=8s
STOMPGW_SLOW_BROKER_TIMEOUT=1h1m
STOMPGW_MAX_SESSIONS=1000000
STOMPGW_MAX_SESSIONS_PER_IP=0
STOMPGW_MAX_HEAD_BEFORE_LOGIN=256B
STOMPGW_MAX_HEAD=1MiB
STOMPGW_MAX_HEADERS=10
STOMPGW_MAX_BODY=1GiB
STOMPGW_MESSAGE_TYPE=binary
STOMPGW_CLOSE_ON_ERROR=true
STOMPGW_KEEP_ERRORS=true
STOMPGW_SOCKJS=false
STOMPGW_SOCKJS_TRANSPORTS=xhr,htmlfile,jsonp
STOMPGW_SOCKJS_CLIENT_URL=https://static.example/sockjs-1.6.1.min.js
STOMPGW_SOCKJS_HEART_BEAT=10s
STOMPGW_SOCKJS_DISCONNECT_DELAY=10s
STOMPGW_SOCKJS_STREAM_LIMIT=1MiB
STOMPGW_SOCKJS_BUFFER=128KiB
STOMPGW_SOCKJS_MAX_POST=64KiB
STOMPGW_SOCKJS_COOKIE=secure
STOMPGW_SOCKJS_COOKIE_SAME_SITE=strict
STOMPGW_SOCKJS_COOKIE_HTTP_ONLY=false
STOMPGW_CLUSTER_LISTEN=
STOMPGW_CLUSTER_PEERS=
STOMPGW_CLUSTER_SECRET=
STOMPGW_DRAIN_DELAY=0s
STOMPGW_DRAIN_SPREAD=1h
STOMPGW_DRAIN_TIMEOUT=1h
STOMPGW_LOG_LEVEL=debug
STOMPGW_LOG_FORMAT=console
STOMPGW_TRACE_FRAMES=restart
STOMPGW_ADMIN_TOKEN=***
STOMPGW_ADMIN_HOSTS=a,stompgw.internal`

// TestLines: what is written is what was read, each variable in its own field.
func TestLines(t *testing.T) {
	// A name in certificates needs certificates, which are files.
	given := strings.Replace(everything, "STOMPGW_CERTIFICATE_NAME=cn\n", "", 1)
	c, err := Parse(strings.Split(strings.Replace(given, "ADMIN_TOKEN=***", "ADMIN_TOKEN=sixteen-letters-and-more", 1), "\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, want := c.Lines(), strings.Split(everything, "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d: got\n%s\nwant\n%s", i+1, c, everything)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for text, want := range map[string]Endpoint{
		"tcp://rabbit":                 {false, "rabbit:61613"},
		"tls://rabbit":                 {true, "rabbit:61614"},
		"tcp://my_broker.internal.:1":  {false, "my_broker.internal.:1"},
		"tcp://10.0.0.1:65535":         {false, "10.0.0.1:65535"},
		"tcp://[::1]":                  {false, "[::1]:61613"},
		"tls://[fe80::1%eth0]:61614":   {true, "[fe80::1%eth0]:61614"},
		"tcp://xn--bcher-kva.example ": {false, "xn--bcher-kva.example:61613"},
	} {
		c, err := Parse([]string{"STOMPGW_BROKERS=tls://x:9, " + text})
		if err != nil || len(c.Broker.Endpoints) != 2 || c.Broker.Endpoints[1] != want {
			t.Errorf("%q: got %v, %v, want %v", text, c.Broker.Endpoints, err, want)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, test := range []struct {
		text string
		want Origins
	}{
		{"*", Origins{Any: true}},
		{" same-origin , same-origin", Origins{Same: true}},
		{"HTTPS://A.Example:443,https://a.example", Origins{Exact: []string{"https://a.example"}}},
		{"http://a:80,http://a:443", Origins{Exact: []string{"http://a", "http://a:443"}}},
		{"http://[::1]:8080,http://127.0.0.1", Origins{Exact: []string{"http://[::1]:8080", "http://127.0.0.1"}}},
		{"capacitor://localhost", Origins{Exact: []string{"capacitor://localhost"}}},
		{
			"https://*.Example.com:443, https://*.example.com, http://*.example.com:8080",
			Origins{Subdomains: []Subdomains{{"https", ".example.com", ""}, {"http", ".example.com", "8080"}}},
		},
	} {
		c, err := Parse([]string{"STOMPGW_BROKERS=tcp://a", "STOMPGW_ORIGINS=" + test.text})
		if err != nil || !reflect.DeepEqual(c.Origin.Allowed, test.want) {
			t.Errorf("%q: got %+v, %v, want %+v", test.text, c.Origin.Allowed, err, test.want)
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1":            "10.0.0.1/32",
		"::1":                 "::1/128",
		"::ffff:10.0.0.1":     "10.0.0.1/32",
		"::ffff:10.0.0.0/104": "10.0.0.0/8",
		"0.0.0.0/0":           "0.0.0.0/0",
	} {
		c, err := Parse([]string{"STOMPGW_BROKERS=tcp://a", "STOMPGW_TRUSTED_PROXIES=" + text})
		if err != nil || len(c.Origin.TrustedProxies) != 1 || c.Origin.TrustedProxies[0] != netip.MustParsePrefix(want) {
			t.Errorf("%q: got %v, %v, want %v", text, c.Origin.TrustedProxies, err, want)
		}
	}
}

// TestServiceLinks: what Kubernetes sets for the services stompgw and
// stompgw-admin is no mistake.
func TestServiceLinks(t *testing.T) {
	const links = `STOMPGW_SERVICE_HOST=10.96.0.7
STOMPGW_SERVICE_PORT=8080
STOMPGW_SERVICE_PORT_HTTP=8080
STOMPGW_PORT=tcp://10.96.0.7:8080
STOMPGW_PORT_8080_TCP=tcp://10.96.0.7:8080
STOMPGW_PORT_8080_TCP_PROTO=tcp
STOMPGW_PORT_8080_TCP_PORT=8080
STOMPGW_PORT_8080_TCP_ADDR=10.96.0.7
STOMPGW_ADMIN_SERVICE_HOST=10.96.0.8
STOMPGW_ADMIN_PORT=tcp://10.96.0.8:9090
STOMPGW_ADMIN_PORT_9090_TCP_ADDR=10.96.0.8`
	if _, err := Parse(append(strings.Split(links, "\n"), "STOMPGW_BROKERS=tcp://a")); err != nil {
		t.Error(err)
	}
}

// TestListenersApart has pairs of addresses that do not get in each other's way.
func TestListenersApart(t *testing.T) {
	for _, pair := range [][2]string{
		{":0", ":0"}, {"127.0.0.1:8080", "127.0.0.2:8080"}, {":8080", ":8081"}, {"[::1]:8080", "127.0.0.1:8080"},
	} {
		environ := []string{"STOMPGW_BROKERS=tcp://a", "STOMPGW_LISTEN=" + pair[0], "STOMPGW_ADMIN_LISTEN=" + pair[1]}
		if _, err := Parse(environ); err != nil {
			t.Errorf("%v: %v", pair, err)
		}
	}
}
