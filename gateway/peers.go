package gateway

import (
	"context"
	"net"
	"net/http"
	"net/netip"
)

type connKey struct{}

// ConnContext is http.Server's: it lets the gateway see behind what a PROXY header
// claims. Without it RemoteAddr is all that is known of a request's peer.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// claim is the address of a connection whose PROXY header has named it.
type claim interface{ Claimant() net.Addr }

// peersOf are who is at the other end of the connection: the socket's own peer
// and, where that speaks for another, the other.
func peersOf(r *http.Request) []netip.Addr {
	peers := []netip.Addr{addrOf(r.RemoteAddr)}
	// Asked for here: in ConnContext it would wait for the PROXY header.
	if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
		if claim, ok := c.RemoteAddr().(claim); ok {
			peers = append(peers, addrOf(claim.Claimant().String()))
		}
	}
	return peers
}

// addrOf reads host:port; the zero address is no such thing.
func addrOf(hostPort string) netip.Addr {
	peer, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}
