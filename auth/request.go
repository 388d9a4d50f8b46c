package auth

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"net/url"
)

// Request is what an HTTP request said: a handshake, or any request of a SockJS
// session. Nothing here changes it or keeps its maps.
type Request struct {
	Header http.Header
	URL    *url.URL
	// Addr is the client's address, found out behind trusted proxies.
	Addr netip.Addr
	// Peers are who the TCP connection is from: the socket's own peer and, where that
	// says in a PROXY header that it speaks for another, that one too. The zero address
	// is whoever came by a Unix socket.
	Peers []netip.Addr
	// StrictOrigin says that an Origin was given and that it is the request's own or
	// one that was named, not just any. Cookies authenticate only then.
	StrictOrigin bool
	// TLS is the connection's; nil without TLS.
	TLS *tls.ConnectionState
}

// foreign says that a page sent the request whose origin nobody named. What a
// browser adds by itself, a certificate or what a proxy made of a cookie, is then
// that page's abuse of its visitor. Programs send no Origin.
func (r *Request) foreign() bool {
	return !r.StrictOrigin && r.Header.Get("Origin") != ""
}

// Connect is what a CONNECT frame said, its headers unescaped and in order.
type Connect struct {
	Headers [][2]string
}

// Header gives the first value of a header; of repeated ones STOMP counts the
// first (STOMP 1.2, Repeated Header Entries).
func (c *Connect) Header(name string) (string, bool) {
	for _, h := range c.Headers {
		if h[0] == name {
			return h[1], true
		}
	}
	return "", false
}

// values gives all values of a header.
func (c *Connect) values(name string) []string {
	var all []string
	for _, h := range c.Headers {
		if h[0] == name {
			all = append(all, h[1])
		}
	}
	return all
}
