// Package broker reaches a STOMP broker: it knows the endpoints, which of them
// are down, how to secure a connection, and what dialect answers there.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/stompgw/stompgw/wire"
)

// Options say how brokers are reached.
type Options struct {
	// Endpoints are tried in order.
	Endpoints []Endpoint
	// DialTimeout bounds the connecting to one endpoint, TLS included.
	DialTimeout time.Duration
	// BackoffMin and BackoffMax bound how long an endpoint that failed is passed
	// over; the time doubles with each failure.
	BackoffMin, BackoffMax time.Duration
	// TLS is for endpoints that want it. Its ServerName is, where empty, the
	// endpoint's host.
	TLS *tls.Config
	// WriteLimit is the longest that a write may wait for the broker to read.
	WriteLimit time.Duration
	// Dialect is what answers at the endpoints; Unknown means: find out.
	Dialect Dialect
	// OnDial is told of every attempt; nil is fine.
	OnDial func(endpoint string, took time.Duration, err error)
}

// Endpoint is where a broker listens.
type Endpoint struct {
	TLS     bool
	Address string // host:port
}

// String gives the endpoint as it stands in the configuration.
func (e Endpoint) String() string {
	if e.TLS {
		return "tls://" + e.Address
	}
	return "tcp://" + e.Address
}

// ErrUnavailable means that no endpoint could be reached.
var ErrUnavailable = errors.New("no broker could be reached")

// Set is the endpoints of one broker, or of several that do the same work. It is
// safe for concurrent use.
type Set struct {
	options Options
	targets []*Target
	probing sync.Mutex // held by the one readiness probe that dials; the others wait for what it finds
}

// Target is an endpoint and what is known of it.
type Target struct {
	Endpoint

	mu       sync.Mutex
	dialect  Dialect
	failures int
	downTill time.Time
	lastGood time.Time
}

// New makes a set. There must be an endpoint.
func New(o Options) (*Set, error) {
	if len(o.Endpoints) == 0 {
		return nil, errors.New("no broker endpoint is named")
	}
	s := &Set{options: o}
	for _, e := range o.Endpoints {
		s.targets = append(s.targets, &Target{Endpoint: e, dialect: o.Dialect})
	}
	return s, nil
}

// Dial connects to the first endpoint that answers. Endpoints that failed
// lately are passed over, unless no other is left. The caller owns the
// connection. The error wraps ErrUnavailable and the failures.
func (s *Set) Dial(ctx context.Context) (*wire.Conn, *Target, error) {
	var failures []error
	for _, t := range s.order(time.Now()) {
		c, err := s.dial(ctx, t)
		if err == nil {
			return c, t, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, nil, fmt.Errorf("%w: %w", ErrUnavailable, errors.Join(failures...))
}

// order lists the targets that are up, then those that are down.
func (s *Set) order(now time.Time) []*Target {
	order := make([]*Target, 0, len(s.targets))
	var down []*Target
	for _, t := range s.targets {
		if t.passedOver(now) {
			down = append(down, t)
		} else {
			order = append(order, t)
		}
	}
	return append(order, down...)
}

func (s *Set) dial(ctx context.Context, t *Target) (*wire.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.DialTimeout)
	defer cancel()
	begin := time.Now()
	c, err := s.connect(ctx, t.Endpoint)
	if err != nil {
		err = fmt.Errorf("dial broker %s: %w", t.Endpoint, err)
	}
	t.note(err, time.Now(), s.options)
	if s.options.OnDial != nil {
		s.options.OnDial(t.Endpoint.String(), time.Since(begin), err)
	}
	return c, err
}

func (s *Set) connect(ctx context.Context, e Endpoint) (*wire.Conn, error) {
	var dialer net.Dialer
	tcp, err := dialer.DialContext(ctx, "tcp", e.Address)
	if err != nil {
		return nil, err
	}
	if !e.TLS {
		return wire.New(tcp, s.options.WriteLimit), nil
	}
	c, err := s.secure(ctx, tcp, e)
	if err != nil {
		_ = tcp.Close() // the handshake's error says more
	}
	return c, err
}

func (s *Set) secure(ctx context.Context, tcp net.Conn, e Endpoint) (*wire.Conn, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.options.TLS != nil {
		conf = s.options.TLS.Clone()
	}
	if conf.ServerName == "" {
		host, _, err := net.SplitHostPort(e.Address)
		if err != nil {
			return nil, err
		}
		conf.ServerName = host
	}
	c, secure := wire.NewTLS(tcp, s.options.WriteLimit, func(transport net.Conn) *tls.Conn {
		return tls.Client(transport, conf)
	})
	return c, secure.HandshakeContext(ctx)
}

// freshFor is how long a success speaks for an endpoint's reachability.
const freshFor = 5 * time.Second

// Reachable tells whether a broker can be reached: one was lately, or answers a
// connection attempt now. It is cheap enough for a readiness probe.
func (s *Set) Reachable(ctx context.Context) error {
	if s.fresh(time.Now()) {
		return nil
	}
	s.probing.Lock()
	defer s.probing.Unlock()
	if s.fresh(time.Now()) {
		return nil
	}
	c, _, err := s.Dial(ctx)
	if err != nil {
		return err
	}
	return c.Close()
}

func (s *Set) fresh(now time.Time) bool {
	for _, t := range s.targets {
		t.mu.Lock()
		good := t.failures == 0 && now.Sub(t.lastGood) < freshFor
		t.mu.Unlock()
		if good {
			return true
		}
	}
	return false
}

func (t *Target) passedOver(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Before(t.downTill)
}

// note remembers how an attempt ended. An attempt that was given up says nothing
// of the endpoint.
func (t *Target) note(err error, now time.Time, o Options) {
	if errors.Is(err, context.Canceled) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.failures, t.downTill, t.lastGood = 0, time.Time{}, now
		return
	}
	if now.Before(t.downTill) {
		return // many attempts that fail together are one failure
	}
	backoff := o.BackoffMax
	if t.failures < 16 {
		backoff = min(o.BackoffMin<<t.failures, o.BackoffMax)
	}
	t.failures++
	t.downTill = now.Add(backoff)
}

// Dialect gives the dialect as far as it is known.
func (t *Target) Dialect() Dialect {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dialect
}

// Learn takes in the server header of a CONNECTED, unless the dialect is set.
func (t *Target) Learn(server string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := dialectOf(server); d != Unknown && t.dialect == Unknown {
		t.dialect = d
	}
}
