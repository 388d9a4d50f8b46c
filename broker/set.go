// Package broker reaches a STOMP broker: it knows the endpoints, which of them
// are down, how to secure a connection, and what dialect answers there.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
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
	// TLS gives what a connection to an endpoint that wants it begins with, anew for
	// each, because files change. Its ServerName is, where empty, the endpoint's host.
	// nil is TLS as it comes.
	TLS func() *tls.Config
	// WriteLimit is the longest that a write may wait for the broker to read.
	WriteLimit time.Duration
	// Dialect is what answers at the endpoints; Unknown means: find out.
	Dialect Dialect
	// ProxyProtocol begins every connection with a PROXY header of version 2, which
	// names the client that WithClient says it is for.
	ProxyProtocol bool
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
	probing chan struct{} // holds a token while a readiness probe dials; the others wait for what it finds
}

// Target is an endpoint and what is known of it.
type Target struct {
	Endpoint
	options *Options

	fixed bool // the dialect is configured

	mu       sync.Mutex
	dialect  Dialect
	failures int
	downTill time.Time
	trying   bool // a caller is trying whether it is up again
	mute     bool // it takes connections and does not answer CONNECT
	lastGood time.Time
	answered time.Time // when it last answered a CONNECT
}

// New makes a set. There must be an endpoint.
func New(o Options) (*Set, error) {
	if len(o.Endpoints) == 0 {
		return nil, errors.New("no broker endpoint is named")
	}
	s := &Set{options: o, probing: make(chan struct{}, 1)}
	for _, e := range o.Endpoints {
		s.targets = append(s.targets, &Target{Endpoint: e, options: &s.options, dialect: o.Dialect, fixed: o.Dialect != Unknown})
	}
	return s, nil
}

// Dial connects to the first endpoint that answers. Endpoints that failed lately
// are passed over, unless no other is left; one that may be tried again is tried
// by one caller at a time. The caller owns the connection. The error wraps
// ErrUnavailable and the failures.
func (s *Set) Dial(ctx context.Context) (*wire.Conn, *Target, error) {
	var failures []error
	try := func(t *Target) *wire.Conn {
		if ctx.Err() != nil {
			return nil
		}
		c, err := s.dial(ctx, t)
		if err != nil {
			failures = append(failures, err)
		}
		return c
	}
	var down []*Target
	for _, t := range s.targets {
		if !t.mayTry(time.Now()) {
			down = append(down, t)
		} else if c := try(t); c != nil {
			return c, t, nil
		}
	}
	for _, t := range down {
		if c := try(t); c != nil {
			return c, t, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: %w", ErrUnavailable, errors.Join(append(failures, ctx.Err())...))
}

func (s *Set) dial(caller context.Context, t *Target) (*wire.Conn, error) {
	ctx, cancel := context.WithTimeout(caller, s.options.DialTimeout)
	defer cancel()
	begin := time.Now()
	c, err := s.connect(ctx, t.Endpoint)
	if err != nil {
		c, err = nil, fmt.Errorf("dial broker %s: %w", t.Endpoint, err)
	}
	if err != nil && caller.Err() != nil {
		t.GivenUp() // a caller that had no more time says nothing of the endpoint
	} else {
		t.note(err, time.Now(), s.options)
	}
	if s.options.OnDial != nil {
		s.options.OnDial(t.Endpoint.String(), time.Since(begin), err)
	}
	return c, err
}

// keepAlive finds brokers that are gone where no heart-beats do. It is slow, so
// that connections which have those send no probes of TCP's.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 20 * time.Second, Count: 3}

func (s *Set) connect(ctx context.Context, e Endpoint) (*wire.Conn, error) {
	dialer := net.Dialer{KeepAliveConfig: keepAlive}
	tcp, err := dialer.DialContext(ctx, "tcp", e.Address)
	if err != nil {
		return nil, err
	}
	c, err := s.begin(ctx, tcp, e)
	if err != nil {
		_ = tcp.Close() // the begin's error says more
	}
	return c, err
}

// begin says what comes before STOMP.
func (s *Set) begin(ctx context.Context, tcp net.Conn, e Endpoint) (*wire.Conn, error) {
	if s.options.ProxyProtocol {
		if err := introduce(ctx, tcp); err != nil {
			return nil, err
		}
	}
	if !e.TLS {
		return wire.New(tcp, s.options.WriteLimit), nil
	}
	return s.secure(ctx, tcp, e)
}

func (s *Set) secure(ctx context.Context, tcp net.Conn, e Endpoint) (*wire.Conn, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.options.TLS != nil {
		conf = s.options.TLS().Clone()
	}
	if conf.ServerName == "" {
		host, _, err := net.SplitHostPort(e.Address)
		if err != nil {
			return nil, err
		}
		conf.ServerName = host
	}
	secure := wire.Secure(tcp, func(transport net.Conn) *tls.Conn { return tls.Client(transport, conf) })
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return wire.New(secure, s.options.WriteLimit), nil
}

// freshFor is how long a success speaks for an endpoint's reachability.
const freshFor = 5 * time.Second

// Reachable tells whether a broker can be reached: one was lately, or answers a
// connection attempt now. It is cheap enough for a readiness probe.
func (s *Set) Reachable(ctx context.Context) error {
	if s.fresh(time.Now()) {
		return nil
	}
	select {
	case s.probing <- struct{}{}:
		defer func() { <-s.probing }()
	case <-ctx.Done():
		return fmt.Errorf("wait for another probe: %w", ctx.Err())
	}
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

// mayTry tells whether a caller should try the endpoint in its turn: it is up, or
// it is time to see whether it is again, and nobody else is at it.
func (t *Target) mayTry(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failures == 0 {
		return true
	}
	if t.trying || now.Before(t.downTill) {
		return false
	}
	t.trying = true
	return true
}

// GivenUp takes in that a caller who was given a connection left before the
// broker had answered its CONNECT or failed to.
func (t *Target) GivenUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trying = false
}

// note remembers how an attempt ended. An endpoint that is mute is not good for
// taking a connection.
func (t *Target) note(err error, now time.Time, o Options) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && t.mute {
		return
	}
	t.trying = false
	switch {
	case err == nil:
		t.good(now)
		return
	case now.Before(t.downTill):
		return // many attempts that fail together are one failure
	}
	backoff := o.BackoffMax
	if t.failures < 16 {
		backoff = min(o.BackoffMin<<t.failures, o.BackoffMax)
	}
	t.failures++
	t.downTill = now.Add(backoff)
}

// Dialect gives the dialect as far as it is known: that of the latest answer, which
// another connection's broker may have given.
func (t *Target) Dialect() Dialect {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dialect
}

// good notes a success; the caller holds mu.
func (t *Target) good(now time.Time) {
	t.failures, t.downTill, t.lastGood = 0, time.Time{}, now
}

// Answered takes in that the broker answered CONNECT, with the server header of
// its answer, and gives the dialect of who answered: what is configured, or what it
// says, or, where that names nobody known, what another said at this endpoint.
func (t *Target) Answered(server string) Dialect {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mute, t.trying = false, false
	t.answered = time.Now()
	t.good(t.answered)
	if d := dialectOf(server); d != Unknown && !t.fixed {
		t.dialect = d
	}
	return t.dialect
}

// Unanswered takes in that the broker took a connection and did not answer
// CONNECT, or with nonsense. It counts as a failure, until one is answered. What
// is not silence may have been brought about by what that one client said, so it
// does not count while others are answered.
func (t *Target) Unanswered(err error) {
	now := time.Now()
	t.mu.Lock()
	if !errors.Is(err, os.ErrDeadlineExceeded) && now.Sub(t.answered) < freshFor {
		t.trying = false
		t.mu.Unlock()
		return
	}
	t.mute = true
	t.mu.Unlock()
	t.note(err, now, *t.options)
}
