package listen

import (
	"crypto/tls"
	"net"

	"github.com/stompgw/stompgw/wire"
)

// tlsListener gives TLS connections, of the kind that package wire can take over.
// The handshake is the HTTP server's to make.
type tlsListener struct {
	net.Listener
	config *tls.Config
}

func (l *tlsListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wire.Secure(c, func(transport net.Conn) *tls.Conn { return tls.Server(transport, l.config) }), nil
}
