// Package cluster lets several gateways serve one SockJS session, wherever its
// requests arrive: they find each other, agree on which of them a session lives
// in, and pass requests on to that one.
package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Options are the settings of a Cluster. All must be set.
type Options struct {
	// Peers are where the other members are: host:port each, or dns:name:port for
	// every address that the name has. One that is this gateway does no harm.
	Peers []string
	// Secret is what members know each other by. Whoever has it is one.
	Secret string

	BodyTimeout  time.Duration // for the body of a request that is passed on to come
	WriteTimeout time.Duration // for a client to take what was written
	MaxBody      int64         // bytes of such a body
	MaxForwarded int           // requests that are passed on at a time

	answerTimeout time.Duration // 0 is the constant; tests have less
	pingTimeout   time.Duration // the same
	// lookup gives the addresses of a name; nil is the system's.
	lookup func(ctx context.Context, host string) ([]string, error)
}

// Local is the gateway itself, as the other members need it.
type Local struct {
	// Has tells whether a session lives here, or has ended and still says so.
	Has func(session string) bool
	// Handler answers a request as if its client had come here.
	Handler http.Handler
}

// Times that members give each other.
const (
	helloInterval   = time.Second      // between two hellos
	resolveInterval = 5 * time.Second  // between two look-ups of names
	answerTimeout   = 5 * time.Second  // for the answer to a hello or a question
	stopTimeout     = time.Second      // for answers that are being written when this one stops
	goneAfter       = 15 * time.Second // of silence, a member counts as gone and its sessions with it
	pingTimeout     = goneAfter / 2    // of silence on a connection before a ping, and for its answer
)

// Cluster is one gateway's part in a cluster.
type Cluster struct {
	// Set once.
	options  Options
	identity identity
	instance string // names this run of this gateway
	log      *zap.Logger
	metrics  *metrics
	client   *http.Client
	local    Local
	port     int
	server   *http.Server
	slots    chan struct{} // a request that is passed on holds one

	members members
	claims  claims

	stop context.CancelFunc
	done sync.WaitGroup // the goroutines of Start
}

// New makes this gateway's part in a cluster. Its figures go to r.
func New(o Options, logger *zap.Logger, r prometheus.Registerer) (*Cluster, error) {
	o.answerTimeout = cmp.Or(o.answerTimeout, answerTimeout)
	o.pingTimeout = cmp.Or(o.pingTimeout, pingTimeout)
	if o.lookup == nil {
		o.lookup = net.DefaultResolver.LookupHost
	}
	id, err := newIdentity(o.Secret)
	if err != nil {
		return nil, fmt.Errorf("make the cluster's key: %w", err)
	}
	c := &Cluster{
		options:  o,
		identity: id,
		instance: rand.Text()[:16],
		log:      logger,
		slots:    make(chan struct{}, o.MaxForwarded),
		claims:   claims{pending: map[string]*claim{}},
	}
	c.members.peers, c.members.self = map[string]*peer{}, c.instance
	c.metrics = newMetrics(r, c)
	c.client = &http.Client{Transport: newTransport(id, o.pingTimeout)}
	return c, nil
}

// Streams of one connection between two members, more take another, and what each
// may send before it is read. A connection takes as much as all its streams: a body
// that waits to be read, or an answer that a browser takes slowly, holds up no other.
const (
	maxStreams   = 1000
	streamWindow = 64 << 10 // bytes
)

// newTransport reaches other members: HTTP/2, so that requests which wait by the
// thousand share a connection, each with its own flow control.
func newTransport(id identity, pingTimeout time.Duration) *http.Transport {
	only := new(http.Protocols)
	only.SetHTTP2(true)
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: answerTimeout}).DialContext,
		TLSClientConfig:        id.clientConfig(),
		TLSHandshakeTimeout:    answerTimeout,
		Protocols:              only,
		DisableCompression:     true, // answers go on as they came
		MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout:        time.Minute,
		// A member that is gone without a word ends the requests that it has.
		HTTP2: &http.HTTP2Config{SendPingTimeout: pingTimeout, PingTimeout: pingTimeout,
			MaxReceiveBufferPerStream: streamWindow, MaxReceiveBufferPerConnection: maxStreams * streamWindow},
	}
}

// maxHeader bounds a request's header between members: what browsers may send,
// and a client's certificates.
const maxHeader = 128 << 10

// Start serves the other members on l, which it closes in the end, and looks for
// them. It returns when each of those that are listed has answered or is not
// there, or has had its time. The caller ends what Start begins with Stop.
func (c *Cluster) Start(ctx context.Context, l net.Listener, local Local) error {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		_ = l.Close() // nothing was served yet
		return errors.New("listen for the cluster: not a TCP address")
	}
	errorLog, err := zap.NewStdLogAt(c.log, zap.WarnLevel)
	if err != nil {
		_ = l.Close() // the same
		return err
	}
	c.local, c.port = local, addr.Port
	c.server = &http.Server{
		Handler:           http.HandlerFunc(c.serve),
		TLSConfig:         c.identity.serverConfig(),
		ReadHeaderTimeout: answerTimeout, // and for the handshake
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		// The requests of a member that is gone without a word end here too.
		HTTP2: &http.HTTP2Config{SendPingTimeout: c.options.pingTimeout, PingTimeout: c.options.pingTimeout,
			MaxConcurrentStreams: maxStreams, MaxReceiveBufferPerStream: streamWindow, MaxReceiveBufferPerConnection: maxStreams * streamWindow},
		ErrorLog: errorLog,
	}
	c.members.announce(joining)
	background, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.done.Go(func() { c.serveMembers(tls.NewListener(l, c.server.TLSConfig)) })
	all := c.join(ctx)
	c.members.announce(ready)
	if all { // else the next hello says it, and nobody waits for the silent again
		c.greetAll(ctx)
	}
	c.done.Go(func() { c.keepUp(background) })
	return nil
}

// serveMembers serves until Stop.
func (c *Cluster) serveMembers(l net.Listener) {
	if err := c.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		c.log.Error("cluster: the listener failed", zap.Error(err))
	}
}

// Leave makes this gateway the owner of no more sessions, and tells the others.
// Those that live here stay, and what belongs to others still is passed on.
func (c *Cluster) Leave(ctx context.Context) {
	c.members.announce(draining)
	c.greetAll(ctx)
}

// HandOver has the others end their answers to the requests that were passed on
// from here, in order, so that the clients ask again elsewhere and nothing is
// lost. It returns when they have been told.
func (c *Cluster) HandOver(ctx context.Context) {
	c.members.announce(leaving)
	c.greetAll(ctx)
}

// Stop ends the serving of other members, and waits for it: answers that are being
// written have a moment to arrive. It may be called without Start.
func (c *Cluster) Stop() {
	if c.stop == nil {
		return
	}
	c.stop()
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if c.server.Shutdown(ctx) != nil {
		_ = c.server.Close() // what is left was given its time
	}
	c.done.Wait()
	c.client.CloseIdleConnections()
}
