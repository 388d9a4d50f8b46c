package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/listen"
)

// proxyHeaderTimeout is how long a PROXY header may take. Proxies send it with
// the connection.
const proxyHeaderTimeout = 5 * time.Second

// public is the side that browsers connect to: its sockets, and the certificates
// of its TLS.
type public struct {
	conf         config.Config
	environ      []string // where systemd says which sockets it hands over
	log          *zap.Logger
	certificates *listen.Certificates // nil without TLS
	reloads      *prometheus.CounterVec
	unproxied    prometheus.Counter
}

func newPublic(conf config.Config, environ []string, log *zap.Logger, r prometheus.Registerer) (*public, error) {
	p := &public{conf: conf, environ: environ, log: log,
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "stompgw", Name: "tls_reloads_total",
			Help: "Attempts to take in TLS files that changed, by result. After one that failed, what was before still holds."}, []string{"result"}),
		unproxied: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "stompgw", Name: "proxy_protocol_refused_total",
			Help: "Connections of named proxies that were refused for want of a valid PROXY header."}),
	}
	if len(conf.Server.ProxyProtocolFrom) > 0 {
		r.MustRegister(p.unproxied)
	}
	if conf.TLS.CertFile == "" {
		return p, nil
	}
	o := certificateOptions(conf.TLS)
	o.Reloaded = p.reloaded
	o.WatchFailed = func(err error) {
		p.log.Warn("changes of the TLS files are only looked for each minute", zap.Error(err))
	}
	var err error
	if p.certificates, err = listen.LoadCertificates(o); err != nil {
		return nil, err
	}
	p.reloads.WithLabelValues("ok")
	p.reloads.WithLabelValues("failed")
	r.MustRegister(p.reloads, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "stompgw", Name: "tls_certificate_expiry_timestamp_seconds",
		Help: "When the certificate that browsers get runs out, in Unix time."},
		func() float64 { return float64(p.certificates.Expiry().Unix()) }))
	return p, nil
}

// certificateOptions says in the listeners' words what the configuration says of TLS.
func certificateOptions(c config.TLS) listen.CertificateOptions {
	return listen.CertificateOptions{
		Files:      listen.Files{Cert: c.CertFile, Key: c.KeyFile, ClientCA: c.ClientCAFile},
		MinVersion: tlsVersions[c.MinVersion],
		ClientAuth: clientAuths[c.ClientAuth],
	}
}

var tlsVersions = map[config.TLSVersion]uint16{config.TLS12: tls.VersionTLS12, config.TLS13: tls.VersionTLS13}

var clientAuths = map[config.ClientAuth]tls.ClientAuthType{
	config.ClientAuthOff:      tls.NoClientCert,
	config.ClientAuthOptional: tls.VerifyClientCertIfGiven,
	config.ClientAuthRequired: tls.RequireAndVerifyClientCert,
}

// scheme is how browsers are addressed here.
func (p *public) scheme() string {
	if p.certificates != nil {
		return "https"
	}
	return "http"
}

// open opens all listeners, or none.
func (p *public) open(ctx context.Context) ([]net.Listener, error) {
	o := listenOptions(p.conf.Server)
	o.Certificates = p.certificates
	if o.Proxies != nil {
		o.Proxies.Refused = p.refused
	}
	var err error
	if o.Inherited, err = listen.FromEnvironment(p.environ, os.Getpid()); err != nil {
		return nil, fmt.Errorf("take over sockets (STOMPGW_LISTEN): %w", err)
	}
	all, err := listen.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("listen for browsers (STOMPGW_LISTEN): %w", err)
	}
	return all, nil
}

// listenOptions says in the listeners' words where to listen, and how.
func listenOptions(c config.Server) listen.Options {
	o := listen.Options{UnixMode: fs.FileMode(c.UnixSocketMode)}
	for _, a := range c.Listen {
		o.Addresses = append(o.Addresses, string(a))
	}
	if len(c.ProxyProtocolFrom) > 0 {
		o.Proxies = &listen.Proxies{From: c.ProxyProtocolFrom, Timeout: proxyHeaderTimeout}
	}
	return o
}

// follow takes in changes of the TLS files, and SIGHUP, until stop is called.
func (p *public) follow() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(onHangup(ctx, p.hungUp))
	if p.certificates != nil {
		done.Go(func() { p.certificates.Watch(ctx) })
	}
	return func() { cancel(); done.Wait() }
}

func (p *public) hungUp() {
	if p.certificates != nil {
		p.certificates.Reload()
	}
}

func (p *public) reloaded(err error) {
	if err != nil {
		p.reloads.WithLabelValues("failed").Inc()
		p.log.Error("the TLS files are not good, what was before still holds", zap.Error(err))
		return
	}
	p.reloads.WithLabelValues("ok").Inc()
	p.log.Info("TLS files read", zap.Time("expires", p.certificates.Expiry()))
}

func (p *public) refused(peer net.Addr, err error) {
	p.unproxied.Inc()
	p.log.Info("a proxy's connection refused", zap.Stringer("peer", peer), zap.Error(err))
}

// addresses gives where the listeners listen, as one text.
func addresses(listeners []net.Listener) string {
	var all []string
	for _, l := range listeners {
		all = append(all, l.Addr().String())
	}
	return strings.Join(all, ",")
}
