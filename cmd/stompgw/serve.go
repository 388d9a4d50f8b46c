package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/cluster"
	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/gateway"
)

// Bounds of the HTTP side, where a request is a handshake or a probe.
const (
	requestTimeout   = 10 * time.Second
	answerTimeout    = 2 * time.Minute // a profile takes its time; SockJS has times of its own
	keepAliveTimeout = 60 * time.Second
	maxRequestHeader = 64 << 10
)

// server is one running gateway with its two sides.
type server struct {
	conf     config.Config
	log      *zap.Logger
	level    zap.AtomicLevel
	since    time.Time
	brokers  *broker.Set
	gateway  *gateway.Gateway
	cluster  *cluster.Cluster // nil where this gateway is alone
	public   *public
	rules    *enforcement
	registry *prometheus.Registry
	spans    *spans // nil where tracing is off
	draining atomic.Bool
	httpLog  *log.Logger  // what net/http has to say
	other    http.Handler // serves the paths that are not the gateway's; nil for none
}

// serve runs the gateway until the context ends, then drains it.
func serve(ctx context.Context, environ []string, stderr io.Writer) error {
	conf, err := parse(environ)
	if err != nil {
		return err
	}
	s, err := newServer(conf, environ, stderr)
	if err != nil {
		return err
	}
	return s.run(ctx, nil)
}

// newServer makes a server. Of environ it looks at OpenTelemetry's variables only.
func newServer(conf config.Config, environ []string, stderr io.Writer) (*server, error) {
	logger, level, err := newLogger(conf.Log, stderr)
	if err != nil {
		return nil, err
	}
	s := &server{conf: conf, log: logger, level: level, since: time.Now(), registry: prometheus.NewRegistry()}
	if s.httpLog, err = zap.NewStdLogAt(logger, zap.WarnLevel); err != nil {
		return nil, err
	}
	var w wrong
	s.public, err = newPublic(conf, environ, logger, s.registry)
	w.add(err)
	s.brokers, err = newBrokers(conf, s.dialed, s.brokerTLSFailed)
	w.add(err)
	s.rules, err = newEnforcement(conf, logger, s.registry)
	w.add(err)
	if len(w) > 0 {
		s.rules.close()
		return nil, w
	}
	if s.spans, err = startTracing(environ, logger); err != nil {
		s.rules.close()
		return nil, err
	}
	if s.spans == nil && conf.Tracing.Frames != config.FrameTracesOff {
		logger.Warn("frames are not traced: nothing says where traces go", zap.String("STOMPGW_TRACE_FRAMES", string(conf.Tracing.Frames)))
	}
	o := gatewayOptions(conf)
	o.Tracer = s.spans.tracer()
	s.rules.apply(&o)
	if err = s.joinCluster(&o); err != nil {
		return nil, err
	}
	s.gateway = gateway.New(o, s.brokers, logger, s.registry)
	s.registerMetrics()
	return s, nil
}

func (s *server) brokerTLSFailed(err error) {
	s.log.Error("the TLS files for the brokers are not good", zap.Error(err))
}

func (s *server) dialed(endpoint string, took time.Duration, err error) {
	s.gateway.Dialed(endpoint, took, err)
}

// run listens and serves until the context ends or a listener fails. ready is
// told the first public address; nil is fine.
func (s *server) run(ctx context.Context, ready func(net.Addr)) error {
	defer s.spans.stop(s.log)
	defer s.rules.close()
	public, err := s.public.open(ctx)
	if err != nil {
		return err
	}
	private, err := net.Listen("tcp", s.conf.Server.AdminListen)
	if err != nil {
		for _, l := range public {
			_ = l.Close() // nothing was served yet
		}
		return fmt.Errorf("listen for the admin side (STOMPGW_ADMIN_LISTEN): %w", err)
	}
	routes := s.routes()
	if err := s.startCluster(ctx, routes); err != nil {
		for _, l := range append(public, private) {
			_ = l.Close() // nothing was served yet
		}
		return err
	}
	defer s.stopCluster()
	browsers, operators := s.httpServer(routes), s.httpServer(s.adminHandler())
	defer new(memory).follow()()
	defer s.rules.follow()()
	defer s.public.follow()()
	served := len(public) + 1
	failed := make(chan error, served) // one from each listener
	for _, l := range public {
		go func() { failed <- browsers.Serve(l) }()
	}
	go func() { failed <- operators.Serve(private) }()
	s.log.Info("serving", zap.String("version", buildVersion()), zap.String("listen", addresses(public)), zap.String("scheme", s.public.scheme()),
		zap.Stringer("admin_listen", private.Addr()), zap.Strings("paths", s.conf.Server.Paths), zap.Strings("brokers", s.endpoints()))
	if ready != nil {
		ready(public[0].Addr())
	}
	select {
	case err = <-failed:
		served--
		s.log.Error("a listener failed", zap.Error(err))
	case <-ctx.Done():
	}
	s.drain(browsers)
	_ = browsers.Close()  // what is left was given its time
	_ = operators.Close() // the same
	for range served {
		if e := <-failed; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	s.log.Info("stopped")
	return err
}

// drain takes the gateway out of service: readiness fails first, so that load
// balancers look elsewhere; then new sessions are refused and the old ones ended
// one after the other; what is left at the deadline is cut off.
func (s *server) drain(browsers *http.Server) {
	d := s.conf.Drain
	ctx, cancel := context.WithTimeout(context.Background(), d.Timeout)
	defer cancel()
	own, cancelOwn := context.WithTimeout(ctx, d.Timeout-s.handOverTime()) // for the sessions of this gateway
	defer cancelOwn()
	s.draining.Store(true)
	left := s.leaveCluster(own)
	s.log.Info("draining", zap.Int("sessions", s.gateway.Sessions()), zap.Duration("delay", d.Delay),
		zap.Duration("spread", d.Spread), zap.Duration("timeout", d.Timeout))
	select {
	case <-time.After(d.Delay):
	case <-own.Done():
	}
	<-left
	if err := s.gateway.Drain(own, d.Spread); err != nil {
		s.log.Warn("drain", zap.Error(err))
	}
	handedOver := s.handOver(ctx)
	if err := browsers.Shutdown(ctx); err != nil {
		s.log.Warn("requests were cut off", zap.Error(err))
	}
	<-handedOver
}

func (s *server) ready(ctx context.Context) error {
	if s.draining.Load() {
		return errors.New("draining")
	}
	return s.brokers.Reachable(ctx)
}

// routes sends the gateway's paths, and what is below them, to the gateway. A
// path below another's goes first. No path is cleaned: SockJS's clients choose
// segments of theirs, and an empty one is a mistake.
func (s *server) routes() http.Handler {
	paths := slices.Clone(s.conf.Server.Paths)
	slices.SortFunc(paths, func(a, b string) int { return len(b) - len(a) })
	below := map[string]http.Handler{}
	for _, path := range paths {
		below[path] = s.gateway.SockJS(path)
	}
	other := s.other
	if other == nil {
		other = http.NotFoundHandler()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, path := range paths {
			switch rest, ok := strings.CutPrefix(r.URL.Path, path); {
			case ok && rest == "":
				s.gateway.ServeHTTP(w, r)
				return
			case ok && rest[0] == '/':
				below[path].ServeHTTP(w, r)
				return
			}
		}
		other.ServeHTTP(w, r)
	})
}

func (s *server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:        h,
		ReadTimeout:    requestTimeout, // a body that nobody reads counts too
		WriteTimeout:   answerTimeout,
		IdleTimeout:    keepAliveTimeout,
		MaxHeaderBytes: maxRequestHeader,
		ErrorLog:       s.httpLog,
		ConnContext:    gateway.ConnContext,
	}
}

func (s *server) endpoints() []string {
	var list []string
	for _, e := range s.conf.Broker.Endpoints {
		list = append(list, e.String())
	}
	return list
}
