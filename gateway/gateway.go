// Package gateway admits browsers, joins each to one broker connection, keeps
// both legs alive, and ends both.
package gateway

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/policy"
	"github.com/stompgw/stompgw/sockjs"
	"github.com/stompgw/stompgw/websocket"
	"github.com/stompgw/stompgw/wire"
)

// Options are the settings of a Gateway. Every duration and limit must be set,
// except where zero is said to have a meaning.
type Options struct {
	Origins        OriginPolicy
	TrustedProxies []netip.Prefix // whose forwarding headers are believed; the zero Prefix is whoever comes by a Unix socket
	Credentials    Credentials
	Auth           Authenticator  // nil leaves it to the broker
	Policy         *policy.Engine // nil allows every frame
	MessageType    MessageType
	CloseOnError   bool // end a session after any ERROR of the broker
	KeepErrors     bool // let an ERROR of the broker through with its stack traces and all

	ClientHeartBeat frameinspect.HeartBeat // what the gateway offers a client
	BrokerHeartBeat frameinspect.HeartBeat // what the gateway offers a broker
	PingInterval    time.Duration          // between WebSocket pings on a silent leg

	ConnectTimeout    time.Duration // from the upgrade to a complete CONNECT
	LoginTimeout      time.Duration // from CONNECT to the broker's answer, without the wait in LoginQueue
	FirstFrameTimeout time.Duration // from CONNECTED to the client's first frame; 0 is no limit
	IdleTimeout       time.Duration // without a frame in either direction; 0 is no limit
	FrameTimeout      time.Duration // without a byte inside a frame of the client
	DisconnectTimeout time.Duration // for the broker's RECEIPT of a DISCONNECT
	CloseTimeout      time.Duration // for the last words on both connections
	SlowClientTimeout time.Duration // for a client to read what was written

	// ExpiryGrace is how long a session may outlive the proof of who its client is.
	ExpiryGrace time.Duration
	// RecheckInterval is how often the authenticator is asked again; 0 is never.
	RecheckInterval time.Duration
	// RenewDestination is where a client sends a new token; "" is nowhere.
	RenewDestination string
	// ConnectHeaders are the headers of a CONNECT that go on to the broker beside
	// the standard ones; nil lets all of them.
	ConnectHeaders []string

	MaxSessions        int
	MaxSessionsPerIP   int // 0 is no limit
	MaxHeadBeforeLogin int // bytes
	MaxHead            int // bytes
	MaxHeaders         int
	MaxBody            int64 // bytes

	// LoginQueue is where sessions wait for their turn to log in at a broker; nil
	// lets each at once.
	LoginQueue *broker.Queue

	Tracer      trace.Tracer // records handshakes and logins, and frames as FrameTraces says; nil is without
	FrameTraces FrameTraces

	// SockJS has the settings of SockJS; nil is without. What the gateway decides
	// for all clients, it fills in.
	SockJS *sockjs.Options
	// Cluster serves SockJS sessions together with other gateways; nil is alone.
	Cluster Cluster
}

func (o *Options) limits() frameinspect.Limits {
	return frameinspect.Limits{Head: o.MaxHead, Headers: o.MaxHeaders, Body: o.MaxBody}
}

func (o *Options) limitsBeforeLogin() frameinspect.Limits {
	return frameinspect.Limits{Head: o.MaxHeadBeforeLogin, Headers: o.MaxHeaders}
}

// brokerLimits bound only the head: a body streams through.
func (o *Options) brokerLimits() frameinspect.Limits { return frameinspect.Limits{Head: 1 << 20} }

// Dialer reaches a broker. The caller owns the connection it gets.
type Dialer interface {
	Dial(ctx context.Context) (*wire.Conn, *broker.Target, error)
}

// Gateway serves browsers. It is an http.Handler for the paths that upgrade.
type Gateway struct {
	options   Options
	brokers   Dialer
	log       *zap.Logger
	metrics   *metrics
	sessions  *registry
	schedule  *schedule
	pool      *wire.Pool     // for sessions that are connected
	loginPool *wire.Pool     // for those that are not yet
	poller    wire.Poller    // waits for quiet connections
	sockjs    *sockjs.Server // nil where SockJS is off
	tracing   *tracing
	lastEnds  lastEnds
	pace      pace
	watching  atomic.Pointer[watch] // nil while nobody watches a session

	leastGrace time.Duration // of a peer that falls silent
}

// Sizes of the buffers that a session borrows while it has bytes in hand. Larger
// reads than 64 KiB gain nothing, but a frame with a body of that size should fit
// in whole, and all that was read into one write. Before login nobody gets that
// much.
const (
	readSize       = 72 << 10
	copySize       = readSize + 8<<10 // and the headers of messages
	loginReadSize  = 4 << 10
	loginWriteSize = 1 << 10
)

// Subprotocols are the WebSocket subprotocols spoken, best first. The last is
// what ActiveMQ calls it.
var Subprotocols = []string{"v12.stomp", "v11.stomp", "v10.stomp", "stomp"}

// New makes a gateway in front of the brokers. Its figures go to r.
func New(o Options, brokers Dialer, log *zap.Logger, r prometheus.Registerer) *Gateway {
	sessions := newRegistry(o.MaxSessions, o.MaxSessionsPerIP)
	g := &Gateway{
		options:   o,
		tracing:   newTracing(o.Tracer),
		log:       log,
		metrics:   newMetrics(r, sessions, o.LoginQueue),
		sessions:  sessions,
		pool:      wire.NewPool(readSize, copySize),
		loginPool: wire.NewPool(loginReadSize, loginWriteSize),

		leastGrace: leastGrace,
	}
	g.brokers = tracedDialer{brokers, g.tracing}
	g.schedule = newSchedule(g.clock)
	r.MustRegister(loadCollector{g})
	if o.SockJS != nil {
		g.sockjs = sockjs.New(o.sockJS())
	}
	return g
}

// clock reads the clock that sessions keep their times by.
func (g *Gateway) clock() int64 { return wire.Now() }

// Dialed is a hook for broker.Options.OnDial.
func (g *Gateway) Dialed(endpoint string, took time.Duration, err error) {
	g.metrics.dialed(endpoint, took, err)
	if err != nil {
		g.log.Warn("broker not reached", zap.String("endpoint", endpoint), zap.Error(err))
	}
}

// Sessions gives the number of sessions.
func (g *Gateway) Sessions() int { return g.sessions.count() }

// Reasons for refusing a handshake beside those of package websocket.
const (
	refusedDraining  = "draining"
	refusedSessions  = "max_sessions"
	refusedPerAddr   = "max_sessions_per_ip"
	refusedOrigin    = "origin"
	refusedNoUpgrade = "no_upgrade"
	refusedIdentity  = "identity"
)

// ServeHTTP answers a WebSocket handshake. It returns as soon as the session has
// begun, so that nothing of net/http lives on with it.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	via := resolveForwarded(r, g.options.TrustedProxies)
	if why := g.options.Origins.verdict(r, via); why != "" {
		g.refuse(w, r, via, &websocket.Refusal{Status: http.StatusForbidden, Reason: refusedOrigin,
			Message: "this origin may not connect here"}, why)
		return
	}
	switch {
	case websocket.IsUpgrade(r):
		g.upgrade(w, r, via, overWebSocket)
	case g.sockjs != nil:
		sockjs.Welcome(w, r)
	default:
		g.refuse(w, r, via, &websocket.Refusal{Status: http.StatusUpgradeRequired, Reason: refusedNoUpgrade,
			Message: "this is a WebSocket endpoint for STOMP"}, "no Upgrade to websocket asked for")
	}
}

// upgrade answers a WebSocket handshake whose origin is allowed.
func (g *Gateway) upgrade(w http.ResponseWriter, r *http.Request, via forwarded, t transport) {
	r, span := g.tracing.handshake(r, t)
	defer span.End()
	subprotocol, refusal := websocket.Check(r, Subprotocols)
	if refusal != nil {
		g.refuse(w, r, via, refusal, refusal.Message)
		return
	}
	rights, err := g.rightsOf(r, via)
	if err != nil {
		g.refuseIdentity(w, r, via, err)
		return
	}
	if refusal := g.admit(via.client); refusal != nil {
		g.refuse(w, r, via, refusal, refusal.Message)
		return
	}
	conn, rest, err := websocket.Accept(w, r, subprotocol, g.options.CloseTimeout)
	if err != nil {
		g.sessions.release(via.client, nil)
		g.log.Info("handshake failed", addrField(via.client), zap.Error(err))
		return
	}
	s := g.newSession(via, t, rights)
	s.client.conn = wire.New(conn, g.options.SlowClientTimeout)
	s.client.rest = rest
	if t == overFramedWebSocket {
		s.client.framed = &framed{most: g.options.maxPostBeforeLogin()}
		s.client.messageType = TextMessages
		_ = s.client.control(framedOpen) // the reader hears of a broken connection
	}
	g.tracing.begun(s, r)
	g.begin(s, r.Header.Get("Origin"), subprotocol)
}

func (g *Gateway) admit(addr netip.Addr) *websocket.Refusal {
	reason := g.sessions.reserve(addr)
	switch reason {
	case "":
		return nil
	case refusedPerAddr:
		return &websocket.Refusal{Status: http.StatusTooManyRequests, Reason: reason, Message: "too many sessions from this address"}
	case refusedDraining:
		return &websocket.Refusal{Status: http.StatusServiceUnavailable, Reason: reason, Message: "this server is going away"}
	}
	return &websocket.Refusal{Status: http.StatusServiceUnavailable, Reason: reason, Message: "this server has as many sessions as it takes"}
}

// refuse answers a handshake that is not accepted and says why in the log.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, via forwarded, refusal *websocket.Refusal, why string) {
	g.metrics.refused.WithLabelValues(refusal.Reason).Inc()
	g.tracing.refused(r, refusal.Reason)
	g.log.Info("handshake refused", zap.String("reason", refusal.Reason), zap.String("why", why),
		addrField(via.client), zap.String("origin", clip(r.Header.Get("Origin"))), zap.String("host", clip(via.host)))
	switch refusal.Status {
	case http.StatusUpgradeRequired:
		w.Header().Set("Sec-WebSocket-Version", "13")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodGet)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "5")
	}
	http.Error(w, refusal.Message, refusal.Status)
}

// clip keeps what a client sent from flooding the log.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// newSession makes a session that has a place. Its client still lacks what
// carries it.
func (g *Gateway) newSession(via forwarded, t transport, r *rights) *session {
	s := &session{gw: g, id: rand.Text()[:16], addr: via.client, port: via.port, begun: g.clock(), rights: r}
	if r != nil {
		r.begin()
	}
	s.spans = g.tracing.ofFrames(&g.options)
	s.client.gw, s.client.transport = g, t
	s.client.messageType = g.options.MessageType
	s.client.read.set(s.begun)
	s.client.written.set(s.begun)
	s.fromClient = frameinspect.NewScanner(frameinspect.Client, g.options.limitsBeforeLogin())
	return s
}

// begin starts a session.
func (g *Gateway) begin(s *session, origin, subprotocol string) {
	g.log.Info("session started", zap.String("session", s.id), addrField(s.addr),
		zap.Stringer("transport", s.client.transport), zap.String("subprotocol", subprotocol), zap.String("origin", clip(origin)))
	if draining := g.sessions.add(s); draining {
		s.end(goingAway())
	}
	go s.run()
}

// leave forgets a session that has ended.
func (g *Gateway) leave(s *session) {
	g.tracing.forget(s)
	g.sessions.release(s.addr, s)
	g.unwatch(s)
}
