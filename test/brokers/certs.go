package brokers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// Certs are files that a test run makes for itself, valid for a day: an authority, a broker's certificate for
// "localhost" and 127.0.0.1, and a client's. Keys are PEM too; ServerP12 and TrustP12 are for Java, password Password.
type Certs struct {
	CA                    string
	ServerCert, ServerKey string
	ClientCert, ClientKey string
	ServerP12, TrustP12   string
	Password              string

	pool *x509.CertPool
}

// Client is a TLS configuration that trusts the authority and expects the broker's name.
func (c *Certs) Client() *tls.Config { return &tls.Config{RootCAs: c.pool, ServerName: "localhost"} }

// NewCerts makes the files in dir.
func NewCerts(dir string) (*Certs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	c := &Certs{
		CA: in("ca.pem"), ServerCert: in("server.pem"), ServerKey: in("server.key"),
		ClientCert: in("client.pem"), ClientKey: in("client.key"),
		ServerP12: in("server.p12"), TrustP12: in("trust.p12"), Password: "changeit",
	}
	ca, caKey, err := issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "stompgw test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	server, serverKey, err := issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, caKey)
	if err != nil {
		return nil, err
	}
	client, clientKey, err := issue(&x509.Certificate{
		Subject:  pkix.Name{CommonName: "stompgw"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca, caKey)
	if err != nil {
		return nil, err
	}
	c.pool = x509.NewCertPool()
	c.pool.AddCert(ca)
	serverStore, err := pkcs12.Modern.Encode(serverKey, server, []*x509.Certificate{ca}, c.Password)
	if err != nil {
		return nil, err
	}
	trustStore, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{ca}, c.Password)
	if err != nil {
		return nil, err
	}
	for file, data := range map[string][]byte{
		c.CA: certPEM(ca), c.ServerCert: certPEM(server), c.ServerKey: keyPEM(serverKey),
		c.ClientCert: certPEM(client), c.ClientKey: keyPEM(clientKey),
		c.ServerP12: serverStore, c.TrustP12: trustStore,
	} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// issue signs a certificate with the parent's key, or with its own when there is no parent.
func issue(cert, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, nil, err
	}
	cert.SerialNumber = serial
	cert.NotBefore, cert.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	if parent == nil {
		parent, parentKey = cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	made, err := x509.ParseCertificate(der)
	return made, key, err
}

func certPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func keyPEM(k *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		panic(err) // a P-256 key that was just made always marshals
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
