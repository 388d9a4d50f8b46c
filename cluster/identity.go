package cluster

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"time"
)

// identity is the key that all members share, made out of the secret. Each
// connection is TLS 1.3 with it on both sides: who cannot sign with it is no
// member, and nobody has certificates to care for.
type identity struct {
	certificate tls.Certificate
	public      ed25519.PublicKey
}

func newIdentity(secret string) (identity, error) {
	seed, err := hkdf.Key(sha256.New, []byte(secret), nil, "stompgw cluster key v1", ed25519.SeedSize)
	if err != nil {
		return identity{}, err
	}
	key := ed25519.NewKeyFromSeed(seed)
	public := key.Public().(ed25519.PublicKey)
	// Nobody looks at what the certificate says but for its key, and clocks may differ.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "stompgw cluster"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Unix(1<<32, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		return identity{}, err
	}
	return identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, public}, nil
}

var errStranger = errors.New("the peer does not have the cluster's secret")

// check lets in whoever has shown the shared key. TLS has made sure that the
// private one is theirs.
func (id identity) check(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 || !id.public.Equal(s.PeerCertificates[0].PublicKey) {
		return errStranger
	}
	return nil
}

func (id identity) config() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{id.certificate},
		NextProtos:             []string{"h2"},
		VerifyConnection:       id.check,
		SessionTicketsDisabled: true, // a resumed connection shows no key
	}
}

func (id identity) serverConfig() *tls.Config {
	conf := id.config()
	conf.ClientAuth = tls.RequireAnyClientCert
	return conf
}

func (id identity) clientConfig() *tls.Config {
	conf := id.config()
	conf.InsecureSkipVerify = true // of names and issuers, of which there are none: check does what is needed
	return conf
}
