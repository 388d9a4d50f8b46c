package broker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
	"github.com/stompgw/stompgw/internal/testcert"
	"github.com/stompgw/stompgw/wire"
)

// certificate makes a certificate for the name, and a pool that trusts it.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	pair := testcert.New(t, name, name, "127.0.0.2")
	return pair.TLS(t), pair.Roots()
}

// listenTLS gives the address of a broker that greets whoever gets through the
// handshake.
func listenTLS(t *testing.T, conf *tls.Config) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			done.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(patience))
				_, _ = c.Write([]byte("hello")) // the client may have refused
			})
		}
	})
	t.Cleanup(func() { l.Close(); done.Wait() })
	return l.Addr().String()
}

func TestTLSVerification(t *testing.T) {
	cert, roots := certificate(t, "broker.example")
	_, others := certificate(t, "broker.example")
	clientCert, clientRoots := certificate(t, "gateway")
	plain := &tls.Config{Certificates: []tls.Certificate{cert}}
	asking := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clientRoots}
	isName := func(err error) bool { var e x509.HostnameError; return errors.As(err, &e) }
	isUnknown := func(err error) bool { var e x509.UnknownAuthorityError; return errors.As(err, &e) }
	isAny := func(err error) bool { return err != nil }
	tests := []struct {
		name   string
		server *tls.Config
		client *tls.Config
		fails  func(error) bool // nil: it works
	}{
		{"good", plain, &tls.Config{RootCAs: roots, ServerName: "broker.example"}, nil},
		{"another name", plain, &tls.Config{RootCAs: roots, ServerName: "evil.example"}, isName},
		{"the endpoint's host is not in it", plain, &tls.Config{RootCAs: roots}, isName},
		{"unknown CA", plain, &tls.Config{RootCAs: others, ServerName: "broker.example"}, isUnknown},
		{"the system's CAs", plain, nil, isAny},
		{"too old", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, &tls.Config{RootCAs: roots, ServerName: "broker.example"}, isAny},
		{"client certificate", asking, &tls.Config{RootCAs: roots, ServerName: "broker.example", Certificates: []tls.Certificate{clientCert}}, nil},
		{"no client certificate", asking, &tls.Config{RootCAs: roots, ServerName: "broker.example"}, isAny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr := listenTLS(t, tt.server)
			s, a := newSet(t, func(o *Options) {
				o.Endpoints = []Endpoint{{TLS: true, Address: addr}}
				if tt.client != nil {
					o.TLS = func() *tls.Config { return tt.client }
				}
			})
			got, err := greeting(s)
			if tt.fails == nil && (err != nil || got != "hello") {
				t.Errorf("got %q, %v", got, err)
			}
			if tt.fails != nil && !tt.fails(err) {
				t.Errorf("got %q, %v, want another error", got, err)
			}
			if a.of(addr) != 1 {
				t.Errorf("%d attempts were noted, want 1", a.of(addr))
			}
		})
	}
}

// greeting dials and reads: in TLS 1.3 a client learns only then that its
// certificate was refused.
func greeting(s *Set) (string, error) {
	c, _, err := s.Dial(context.Background())
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(patience))
	buf, err := c.Read(wire.NewPool(100, 0), nil)
	if err != nil {
		return "", err
	}
	return string(buf.B), nil
}

// What a set is given stays as it was.
func TestTLSConfigIsNotChanged(t *testing.T) {
	cert, roots := certificate(t, "broker.example")
	conf := &tls.Config{RootCAs: roots}
	addr := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}})
	s, _ := newSet(t, func(o *Options) {
		o.Endpoints, o.TLS = []Endpoint{{TLS: true, Address: addr}}, func() *tls.Config { return conf }
	})
	_, _ = greeting(s)
	if conf.ServerName != "" {
		t.Errorf("the server name became %q", conf.ServerName)
	}
}

// A broker that takes the connection and says nothing counts as unreachable when
// the dial timeout ends, and its connection is closed.
func TestTLSHandshakeHasDeadline(t *testing.T) {
	_, addr := listen(t)
	s, a := newSet(t, func(o *Options) {
		o.Endpoints, o.DialTimeout = []Endpoint{{TLS: true, Address: addr}}, 100*time.Millisecond
	})
	done := make(chan error, 1)
	go func() { _, _, err := s.Dial(context.Background()); done <- err }()
	if err := eventually.Receive(t, "the handshake ends", done); !errors.Is(err, ErrUnavailable) || a.errs["tls://"+addr] == nil {
		t.Errorf("got %v", err)
	}
}

// A certificate or CA that is new counts from the next connection on.
func TestTLSConfigOfEachConnection(t *testing.T) {
	cert, roots := certificate(t, "broker.example")
	_, others := certificate(t, "broker.example")
	conf := &tls.Config{RootCAs: others, ServerName: "broker.example"}
	addr := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}})
	s, _ := newSet(t, func(o *Options) {
		o.Endpoints, o.TLS = []Endpoint{{TLS: true, Address: addr}}, func() *tls.Config { return conf }
	})
	if _, err := greeting(s); err == nil {
		t.Error("connected to a broker of another CA")
	}
	conf = &tls.Config{RootCAs: roots, ServerName: "broker.example"}
	if _, err := greeting(s); err != nil {
		t.Errorf("with the CA that is new: %v", err)
	}
}
