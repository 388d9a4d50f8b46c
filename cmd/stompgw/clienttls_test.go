package main

import (
	"bytes"
	"crypto/tls"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/internal/eventually"
	"github.com/stompgw/stompgw/internal/testcert"
)

// A broker that lets nobody in without a certificate is reached with all four
// settings, and not with any of them missing.
func TestBrokerTLS(t *testing.T) {
	server, client := testcert.New(t, "broker", "broker.example"), testcert.New(t, "gateway")
	ca, _ := server.Write(t, t.TempDir())
	cert, key := client.Write(t, t.TempDir())
	addr, seen := demandingBroker(t, &tls.Config{Certificates: []tls.Certificate{server.TLS(t)},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: client.Roots()})

	withCA, withName := "STOMPGW_BROKER_TLS_CA_FILE="+ca, "STOMPGW_BROKER_TLS_SERVER_NAME=broker.example"
	withCert, withKey := "STOMPGW_BROKER_TLS_CERT_FILE="+cert, "STOMPGW_BROKER_TLS_KEY_FILE="+key
	for _, tc := range []struct {
		name    string
		environ []string
		here    string // why the gateway does not connect; "" where it does
		there   string // whom the broker sees, or why it lets nobody in
	}{
		{"all", []string{withCA, withName, withCert, withKey}, "", "gateway"},
		{"no certificate", []string{withCA, withName}, "", "client didn't provide a certificate"},
		{"no CA", []string{withName, withCert, withKey}, "unknown authority", "bad certificate"},
		{"no name", []string{withCA, withCert, withKey}, "cannot validate certificate for 127.0.0.1", "bad certificate"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			conf, err := config.Parse(append(tc.environ, "STOMPGW_BROKERS=tls://"+addr))
			if err != nil {
				t.Fatal(err)
			}
			brokers, err := newBrokers(conf, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			c, _, err := brokers.Dial(t.Context())
			if got := errorText(err); (got == "") != (tc.here == "") || !strings.Contains(got, tc.here) {
				t.Errorf("got %q, want %q", got, tc.here)
			}
			if got := eventually.Receive(t, "the broker's word", seen); !strings.Contains(got, tc.there) {
				t.Errorf("the broker: got %q, want %q", got, tc.there)
			}
			if c != nil {
				c.Close()
			}
		})
	}
}

// demandingBroker shakes hands with each that comes, and says who that was, or what
// was wrong.
func demandingBroker(t *testing.T, conf *tls.Config) (addr string, seen <-chan string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1) // one comes at a time
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			secure := c.(*tls.Conn)
			if err := secure.HandshakeContext(t.Context()); err != nil {
				said <- err.Error()
			} else {
				said <- secure.ConnectionState().PeerCertificates[0].Subject.CommonName
			}
			c.Close()
		}
	})
	t.Cleanup(func() { l.Close(); done.Wait() })
	return l.Addr().String(), said
}

func TestClientTLSFollowsItsFiles(t *testing.T) {
	dir := t.TempDir()
	first, second := testcert.New(t, "first"), testcert.New(t, "second")
	cert, key := first.Write(t, dir)
	failures := 0
	b, err := newClientTLS(tlsFiles{ca: cert, cert: cert, key: key}, "", func(error) { failures++ })
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		what     string
		do       func() error
		want     testcert.Pair
		failures int
	}{
		{"as they were", func() error { return nil }, first, 0},
		{"the certificate alone", func() error { return os.WriteFile(cert, second.Cert, 0o600) }, first, 1},
		{"no change", func() error { return nil }, first, 1},
		{"the key, too", func() error { return os.WriteFile(key, second.Key, 0o600) }, second, 1},
		{"gone", func() error { return os.Remove(key) }, second, 2},
		{"back", func() error { return os.WriteFile(key, second.Key, 0o600) }, second, 2},
		{"the old ones again", func() error { first.Write(t, dir); return nil }, first, 2},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		b.looked = time.Now().Add(-lookTLSEvery)
		conf := b.config()
		if !bytes.Equal(conf.Certificates[0].Certificate[0], step.want.TLS(t).Certificate[0]) || !conf.RootCAs.Equal(step.want.Roots()) {
			t.Errorf("%s: not the pair that was wanted", step.what)
		}
		if failures != step.failures {
			t.Errorf("%s: got %d failures, want %d", step.what, failures, step.failures)
		}
	}
	// In between nothing is read: a crowd that logs in asks for each.
	second.Write(t, dir)
	if b.looked = time.Now().Add(time.Hour); !b.config().RootCAs.Equal(first.Roots()) {
		t.Error("looked again at once")
	}
}
