package broker

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"
)

type clientKey struct{}

// WithClient says which client a connection is dialled for. The zero AddrPort is
// one without an address, for which the gateway's own is named; the port is 0
// where it is not known.
func WithClient(ctx context.Context, client netip.AddrPort) context.Context {
	return context.WithValue(ctx, clientKey{}, client)
}

// introduce writes the PROXY header (haproxy.org, proxy-protocol.txt, section
// 2.2). A connection that is for no client, such as a probe, says LOCAL.
func introduce(ctx context.Context, tcp net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		_ = tcp.SetWriteDeadline(deadline) // fails only on a closed connection
	}
	if _, err := proxyHeader(ctx, tcp).WriteTo(tcp); err != nil {
		return fmt.Errorf("write the PROXY header: %w", err)
	}
	return tcp.SetWriteDeadline(time.Time{})
}

func proxyHeader(ctx context.Context, tcp net.Conn) *proxyproto.Header {
	client, ok := ctx.Value(clientKey{}).(netip.AddrPort)
	if !ok {
		return &proxyproto.Header{Version: 2, Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC}
	}
	local, remote := tcp.LocalAddr().(*net.TCPAddr), tcp.RemoteAddr().(*net.TCPAddr)
	if !client.IsValid() { // LOCAL would be wrong, and RabbitMQ 3.10 closes it
		client = netip.AddrPortFrom(local.AddrPort().Addr().Unmap(), 0)
	}
	// Brokers name connections by address and port, and the gateway's own port is
	// as distinct as the client's.
	source := netip.AddrPortFrom(client.Addr(), cmp.Or(client.Port(), uint16(local.Port)))
	family := proxyproto.TCPv4
	if source.Addr().Is6() || remote.IP.To4() == nil {
		family = proxyproto.TCPv6 // an IPv4 address goes mapped into it
	}
	return &proxyproto.Header{Version: 2, Command: proxyproto.PROXY, TransportProtocol: family,
		SourceAddr: net.TCPAddrFromAddrPort(source), DestinationAddr: remote}
}
