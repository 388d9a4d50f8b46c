package auth

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
)

// CertificateName says which part of a client certificate names the principal.
type CertificateName string

// The parts. Of alternative names the first counts. "" is NameFromSubject.
const (
	NameFromSubject CertificateName = "cn"
	NameFromDNS     CertificateName = "dns"
	NameFromURI     CertificateName = "uri"
	NameFromEmail   CertificateName = "email"
)

// certificate is the method of verified client certificates.
type certificate struct{ name CertificateName }

func newCertificate(name CertificateName) (*certificate, error) {
	setDefault(&name, NameFromSubject)
	switch name {
	case NameFromSubject, NameFromDNS, NameFromURI, NameFromEmail:
		return &certificate{name: name}, nil
	}
	return nil, fmt.Errorf("auth: certificate: name from %q", name)
}

// identify takes only what crypto/tls has verified. Certificates that were merely
// shown are in PeerCertificates, and prove nothing.
func (m *certificate) identify(_ context.Context, r *Request, _ *Connect) (*Identity, error) {
	if r.foreign() || r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return nil, nil
	}
	leaf := r.TLS.VerifiedChains[0][0]
	claims := certificateClaims(leaf)
	name, ok := claims[string(m.name)].(string)
	if !ok {
		if all, _ := claims[string(m.name)].([]any); len(all) > 0 {
			name, ok = all[0].(string)
		}
	}
	if !ok {
		return nil, badIdentity(errors.New("the client certificate has no " + string(m.name)))
	}
	return &Identity{Principal: Principal{Name: name, Method: Certificate, Claims: claims, Expires: leaf.NotAfter}}, nil
}

// certificateClaims gives cn and serial (hexadecimal) as text, the alternative
// names as lists; what there is none of is missing.
func certificateClaims(c *x509.Certificate) map[string]any {
	claims := map[string]any{}
	if c.SerialNumber != nil {
		claims["serial"] = c.SerialNumber.Text(16)
	}
	if c.Subject.CommonName != "" {
		claims[string(NameFromSubject)] = c.Subject.CommonName
	}
	var uris []string
	for _, u := range c.URIs {
		uris = append(uris, u.String())
	}
	for kind, names := range map[CertificateName][]string{NameFromDNS: c.DNSNames, NameFromURI: uris, NameFromEmail: c.EmailAddresses} {
		var all []any
		for _, name := range names {
			all = append(all, name)
		}
		if all != nil {
			claims[string(kind)] = all
		}
	}
	return claims
}
