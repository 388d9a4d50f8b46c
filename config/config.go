package config

import (
	"net/netip"
	"time"
)

// Prefix begins the name of every variable.
const Prefix = "STOMPGW_"

// Config is everything that the environment says: plain values, already
// validated, defaults filled in. Each struct is one topic of the reference, and
// the limits of each value are in its table (reference.go).
type Config struct {
	Server      Server
	TLS         TLS
	Origin      Origin
	Broker      Broker
	BrokerTLS   BrokerTLS
	Credentials Credentials
	Auth        Auth
	JWT         JWT
	Webhook     Webhook
	ProxyAuth   ProxyAuth
	Policy      Policy
	HeartBeats  HeartBeats
	Timeouts    Timeouts
	Limits      Limits
	Frames      Frames
	SockJS      SockJS
	Cluster     Cluster
	Drain       Drain
	Log         Log
	Tracing     Tracing
	Admin       Admin
}

// Server is where the gateway listens.
type Server struct {
	Listen            []Address      `env:"LISTEN" envDefault:":8080"`                // of the browsers; at least one
	UnixSocketMode    FileMode       `env:"UNIX_SOCKET_MODE" envDefault:"0660"`       // of unix: addresses
	ProxyProtocolFrom []netip.Prefix `env:"PROXY_PROTOCOL_FROM"`                      // as TrustedProxies
	AdminListen       string         `env:"ADMIN_LISTEN" envDefault:"127.0.0.1:9090"` // host:port of health and metrics
	Paths             []string       `env:"PATHS" envDefault:"/stomp"`                // clean and distinct, never "/"
	PProf             bool           `env:"PPROF" envDefault:"false"`                 // profiles at the admin listener
}

// TLS is how browsers are served over TLS. The files were readable and parsed
// when the configuration was read.
type TLS struct {
	CertFile     string     `env:"TLS_CERT_FILE"` // PEM; "" is without TLS
	KeyFile      string     `env:"TLS_KEY_FILE"`  // PEM; set where CertFile is
	MinVersion   TLSVersion `env:"TLS_MIN_VERSION" envDefault:"1.2"`
	ClientCAFile string     `env:"TLS_CLIENT_CA_FILE"` // PEM bundle; set where ClientAuth is not off
	ClientAuth   ClientAuth `env:"TLS_CLIENT_AUTH" envDefault:"off"`
}

// Origin is which pages may open a session.
type Origin struct {
	Allowed        Origins        `env:"ORIGINS" envDefault:"same-origin"`
	AllowNull      bool           `env:"ALLOW_NULL_ORIGIN" envDefault:"false"`
	AllowMissing   bool           `env:"ALLOW_MISSING_ORIGIN" envDefault:"true"`
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES"` // masked; IPv4 is never mapped into IPv6; zero is unix
}

// Broker is where the brokers are and how often they are tried.
type Broker struct {
	Endpoints     []Endpoint    `env:"BROKERS"` // at least one, in order of preference
	DialTimeout   time.Duration `env:"BROKER_DIAL_TIMEOUT" envDefault:"5s"`
	BackoffMin    time.Duration `env:"BROKER_BACKOFF_MIN" envDefault:"1s"`
	BackoffMax    time.Duration `env:"BROKER_BACKOFF_MAX" envDefault:"30s"`
	ProxyProtocol ProxyProtocol `env:"BROKER_PROXY_PROTOCOL" envDefault:"off"`
	ConnectRate   int           `env:"BROKER_CONNECT_RATE" envDefault:"200"` // logins a second; 0 is no queue
	ConnectAtOnce int           `env:"BROKER_CONNECT_AT_ONCE" envDefault:"20"`
	ConnectWait   time.Duration `env:"BROKER_CONNECT_WAIT" envDefault:"30s"` // for a login's turn
}

// BrokerTLS is how tls:// brokers are verified, and what the gateway shows
// them. The files were readable and parsed when the configuration was read.
type BrokerTLS struct {
	CAFile     string `env:"BROKER_TLS_CA_FILE"`     // PEM bundle; "" is the system's
	ServerName string `env:"BROKER_TLS_SERVER_NAME"` // "" is the endpoint's host
	CertFile   string `env:"BROKER_TLS_CERT_FILE"`   // PEM; "" shows no certificate
	KeyFile    string `env:"BROKER_TLS_KEY_FILE"`    // PEM; set where CertFile is
}

// Credentials are what the broker is told in place of what the client's CONNECT
// says, as the mode has it.
type Credentials struct {
	Mode     CredentialsMode `env:"BROKER_CREDENTIALS" envDefault:"auto"`
	Login    string          `env:"BROKER_LOGIN"`    // a template in mode map
	Passcode Secret          `env:"BROKER_PASSCODE"` // never without Login
	Host     string          `env:"BROKER_HOST"`     // virtual host; a template in mode map
	// PasscodeMap is a file with the passcodes of the logins that mode map makes.
	PasscodeMap string `env:"BROKER_PASSCODE_MAP"`

	Dialect Dialect `env:"BROKER_DIALECT" envDefault:"auto"`
	// AllowMissing passes a CONNECT without login on as it is, instead of with an
	// empty one, so that the broker's default user applies.
	AllowMissing bool `env:"ALLOW_MISSING_LOGIN" envDefault:"false"`
	// ConnectHeaders go on to the broker beside the standard ones; * is all. None
	// are all without a policy, and none with one.
	ConnectHeaders []ConnectHeader `env:"CONNECT_HEADERS"`
}

// Policy is which principals may send and subscribe to what.
type Policy struct {
	File      string    `env:"POLICY_FILE"`                // readable when the configuration was read; "" allows what the broker does
	Audit     AuditMode `env:"AUDIT" envDefault:"denials"` // which decisions are logged
	AuditFile string    `env:"AUDIT_FILE"`                 // "" is standard output
}

// HeartBeats are what the gateway offers on each leg.
type HeartBeats struct {
	Broker       HeartBeat     `env:"BROKER_HEART_BEAT" envDefault:"10s,10s"`
	Client       HeartBeat     `env:"CLIENT_HEART_BEAT" envDefault:"10s,10s"`
	PingInterval time.Duration `env:"PING_INTERVAL" envDefault:"25s"` // WebSocket pings; never 0
}

// Timeouts end a session that waits for something. Zero is off where the
// comment says so, and is refused elsewhere.
type Timeouts struct {
	Connect    time.Duration `env:"CONNECT_TIMEOUT" envDefault:"10s"`    // upgrade to complete CONNECT
	Login      time.Duration `env:"LOGIN_TIMEOUT" envDefault:"10s"`      // broker's answer to CONNECT, once it is the login's turn
	FirstFrame time.Duration `env:"FIRST_FRAME_TIMEOUT" envDefault:"0s"` // after CONNECTED; 0 is off
	Idle       time.Duration `env:"IDLE_TIMEOUT" envDefault:"0s"`        // no frame either way; 0 is off
	Frame      time.Duration `env:"FRAME_TIMEOUT" envDefault:"30s"`      // frame or message that stalls
	Disconnect time.Duration `env:"DISCONNECT_TIMEOUT" envDefault:"5s"`  // broker's RECEIPT of DISCONNECT
	Close      time.Duration `env:"CLOSE_TIMEOUT" envDefault:"2s"`       // closing handshake, and linger of the broker's side
	SlowClient time.Duration `env:"SLOW_CLIENT_TIMEOUT" envDefault:"20s"`
	SlowBroker time.Duration `env:"SLOW_BROKER_TIMEOUT" envDefault:"2m"`
}

// Limits bound what one gateway, one address and one frame may take.
type Limits struct {
	Sessions        int  `env:"MAX_SESSIONS" envDefault:"10000"`
	SessionsPerIP   int  `env:"MAX_SESSIONS_PER_IP" envDefault:"1000"` // 0 is no limit
	HeadBeforeLogin Size `env:"MAX_HEAD_BEFORE_LOGIN" envDefault:"16KiB"`
	Head            Size `env:"MAX_HEAD" envDefault:"64KiB"`
	Headers         int  `env:"MAX_HEADERS" envDefault:"100"`
	Body            Size `env:"MAX_BODY" envDefault:"16MiB"` // at most 1GiB
}

// Frames is how the broker's frames reach the browser.
type Frames struct {
	MessageType  MessageType `env:"MESSAGE_TYPE" envDefault:"auto"`
	CloseOnError bool        `env:"CLOSE_ON_ERROR" envDefault:"false"` // after any ERROR of the broker
	KeepErrors   bool        `env:"KEEP_ERRORS" envDefault:"false"`    // of the broker, with its internals
}

// SockJS is what browsers and networks without WebSocket get, on the same paths.
type SockJS struct {
	On              bool          `env:"SOCKJS" envDefault:"true"`
	Transports      []Transport   `env:"SOCKJS_TRANSPORTS" envDefault:"websocket,xhr_streaming,xhr,eventsource"`
	ClientURL       string        `env:"SOCKJS_CLIENT_URL"`                         // of the script in the iframe page; "" is no page
	HeartBeat       time.Duration `env:"SOCKJS_HEART_BEAT" envDefault:"25s"`        // h frames
	DisconnectDelay time.Duration `env:"SOCKJS_DISCONNECT_DELAY" envDefault:"5s"`   // without a poll
	StreamLimit     Size          `env:"SOCKJS_STREAM_LIMIT" envDefault:"128KiB"`   // of one answer
	Buffer          Size          `env:"SOCKJS_BUFFER" envDefault:"1MiB"`           // that waits for a poll; also the largest frame
	MaxPost         Size          `env:"SOCKJS_MAX_POST" envDefault:"1MiB"`         // what a client sends at a time
	Cookie          CookieMode    `env:"SOCKJS_COOKIE" envDefault:"off"`            // JSESSIONID
	CookieSameSite  SameSite      `env:"SOCKJS_COOKIE_SAME_SITE" envDefault:"none"` // none only with a secure cookie
	CookieHTTPOnly  bool          `env:"SOCKJS_COOKIE_HTTP_ONLY" envDefault:"true"`
}

// Cluster is where other gateways are that SockJS sessions are served with. It is
// off where Listen is empty; otherwise all is set.
type Cluster struct {
	Listen string `env:"CLUSTER_LISTEN"` // host:port of the other members
	Peers  []Peer `env:"CLUSTER_PEERS"`
	Secret Secret `env:"CLUSTER_SECRET"` // of 32 characters or more
}

// Drain is how the gateway goes away: Delay, then Spread, both within Timeout.
type Drain struct {
	Delay   time.Duration `env:"DRAIN_DELAY" envDefault:"5s"`    // readiness fails, all else goes on
	Spread  time.Duration `env:"DRAIN_SPREAD" envDefault:"15s"`  // closes are spread over it
	Timeout time.Duration `env:"DRAIN_TIMEOUT" envDefault:"30s"` // hard deadline from the signal
}

// Log is what is logged and how.
type Log struct {
	Level  LogLevel  `env:"LOG_LEVEL" envDefault:"info"`
	Format LogFormat `env:"LOG_FORMAT" envDefault:"json"`
}

// Tracing is what is traced beside handshakes and logins. Whether anything is, and
// where spans go, OpenTelemetry's own variables say.
type Tracing struct {
	Frames FrameTraces `env:"TRACE_FRAMES" envDefault:"off"`
}

// Admin is who may change something at the admin listener.
type Admin struct {
	Token Secret     `env:"ADMIN_TOKEN"` // without it nothing can be changed
	Hosts []HostName `env:"ADMIN_HOSTS"` // beside IP addresses and localhost
}
