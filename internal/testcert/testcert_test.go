package testcert

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

// TestPair: a certificate verifies by itself, under each of its names, on both sides
// of a connection.
func TestPair(t *testing.T) {
	p := New(t, "server", "gw.example", "127.0.0.1")
	leaf := p.TLS(t).Leaf
	for host, good := range map[string]bool{"gw.example": true, "127.0.0.1": true, "evil.example": false, "127.0.0.2": false} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: p.Roots(), DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		if (err == nil) != good {
			t.Errorf("%s: got %v", host, err)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: p.Roots(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Errorf("as a client: %v", err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: New(t, "server").Roots()}); err == nil {
		t.Error("another of the same name vouches for it")
	}
}

func TestWrite(t *testing.T) {
	p := New(t, "server")
	if _, err := tls.LoadX509KeyPair(p.Write(t, t.TempDir())); err != nil {
		t.Error(err)
	}
}
