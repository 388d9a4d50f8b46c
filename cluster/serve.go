package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/stompgw/stompgw/sockjs"
)

// What other members ask for.
const (
	helloPath   = "/hello"
	sessionPath = "/session/" // and the id
	forwardPath = "/forward"  // and the path of the browser's request
)

// serve answers the other members; TLS has made sure that it is one.
func (c *Cluster) serve(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, forwardPath); ok && strings.HasPrefix(rest, "/") {
		c.takeForwarded(w, r, rest)
	} else if session, ok := strings.CutPrefix(path, sessionPath); ok && r.Method == http.MethodGet {
		c.takeQuestion(w, session)
	} else if path == helloPath && r.Method == http.MethodPost {
		c.takeHello(w, r)
	} else {
		http.NotFound(w, r)
	}
}

// hop marks a request that another member has passed on.
type hop struct{ mayBegin bool }

type hopKey struct{}

// takeForwarded answers a request as if its client had come here.
func (c *Cluster) takeForwarded(w http.ResponseWriter, r *http.Request, path string) {
	state, err := clientTLS(r.Header)
	if err != nil {
		http.Error(w, "bad certificate", http.StatusBadRequest)
		return
	}
	ctx := context.WithValue(r.Context(), hopKey{}, hop{mayBegin: r.Header.Get(headerMayBegin) != ""})
	ctx = sockjs.WithHandOver(ctx, c.members.leaves(r.Header.Get(headerFrom)))
	asIf := r.Clone(ctx)
	asIf.URL = &url.URL{Path: path, RawPath: strings.TrimPrefix(r.URL.RawPath, forwardPath), RawQuery: r.URL.RawQuery}
	asIf.RequestURI = asIf.URL.RequestURI()
	asIf.RemoteAddr = r.Header.Get(headerRemote)
	asIf.TLS = state
	for _, name := range internalHeaders {
		asIf.Header.Del(name)
	}
	c.local.Handler.ServeHTTP(w, asIf)
}

// clientTLS says again what the client's connection was; nil is one without TLS.
func clientTLS(h http.Header) (*tls.ConnectionState, error) {
	if h.Get(headerSecure) == "" {
		return nil, nil //nolint:nilnil // as in http.Request
	}
	state := &tls.ConnectionState{HandshakeComplete: true}
	for _, text := range h.Values(headerCertificate) {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		state.PeerCertificates = append(state.PeerCertificates, cert)
	}
	if state.PeerCertificates != nil {
		state.VerifiedChains = [][]*x509.Certificate{state.PeerCertificates}
	}
	return state, nil
}
