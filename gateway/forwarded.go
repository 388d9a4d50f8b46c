package gateway

import (
	"net/http"
	"net/netip"
	"strings"

	"go.uber.org/zap"
)

// forwarded is where a request really came from and what it asked for.
type forwarded struct {
	client netip.Addr // zero for a peer that has none: it came by a Unix socket
	port   uint16     // of the client, where it is the peer itself; else 0
	scheme string     // http or https
	host   string     // as in the Host header
}

// resolveForwarded says where a request came from. What forwarding headers say
// is believed only as far as it was written by trusted proxies: the list is
// walked from the right, and the first address that is not trusted is the
// client. Where the Forwarded header (RFC 7239) and the X-Forwarded ones disagree,
// neither is.
func resolveForwarded(r *http.Request, trusted []netip.Prefix) forwarded {
	via := forwarded{scheme: "http", host: r.Host}
	if r.TLS != nil {
		via.scheme = "https"
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		via.client, via.port = peer.Addr().Unmap().WithZone(""), peer.Port()
	}
	if !contains(trusted, via.client) {
		return via
	}
	standard, hasStandard := standardHops(r.Header.Values("Forwarded"))
	common, hasCommon := xForwardedHops(r.Header)
	switch byStandard, byCommon := via.walk(standard, trusted), via.walk(common, trusted); {
	case hasStandard && hasCommon && byStandard != byCommon:
		return via // a proxy wrote one of them, the client the other
	case hasStandard:
		return byStandard
	default:
		return byCommon
	}
}

// walk goes from the hop that the peer wrote to the left, as long as it gets to
// proxies that are trusted.
func (via forwarded) walk(hops []forwarded, trusted []netip.Prefix) forwarded {
	for i := len(hops) - 1; i >= 0; i-- {
		hop := hops[i]
		if hop.scheme != "" {
			via.scheme = hop.scheme
		}
		if hop.host != "" {
			via.host = hop.host
		}
		if !hop.client.IsValid() {
			break // unknown or obfuscated: nothing left of it can be believed
		}
		via.client, via.port = hop.client, 0
		if !contains(trusted, hop.client) {
			break
		}
	}
	return via
}

// contains tells whether one of the prefixes holds the address. The zero Prefix
// holds the zero address.
func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) || !p.IsValid() && !addr.IsValid() {
			return true
		}
	}
	return false
}

// addrField names a client in the log.
func addrField(client netip.Addr) zap.Field {
	if !client.IsValid() {
		return zap.String("addr", "unix")
	}
	return zap.Stringer("addr", client)
}

// xForwardedHops pairs X-Forwarded-For with the scheme and the host, from the
// right. Most proxies write one scheme and one host only: the outermost's view,
// which then holds for the whole way.
func xForwardedHops(h http.Header) (hops []forwarded, ok bool) {
	clients, schemes, hosts := list(h, "X-Forwarded-For"), list(h, "X-Forwarded-Proto"), list(h, "X-Forwarded-Host")
	hops = make([]forwarded, max(len(clients), len(schemes), len(hosts)))
	for i := range hops {
		fromRight := len(hops) - 1 - i
		hops[i] = forwarded{
			client: parseNode(at(clients, fromRight)),
			scheme: knownScheme(at(schemes, fromRight)),
			host:   at(hosts, fromRight),
		}
	}
	return hops, len(hops) > 0
}

func list(h http.Header, name string) []string {
	var items []string
	for _, v := range h.Values(name) {
		for item := range strings.SplitSeq(v, ",") {
			items = append(items, strings.TrimSpace(item))
		}
	}
	return items
}

// at gives the item that is so many places from the right, "" beyond the left.
func at(items []string, fromRight int) string {
	if fromRight >= len(items) {
		return ""
	}
	return items[len(items)-1-fromRight]
}

// knownScheme gives http or https, "" for anything else; ws and wss are how some
// proxies name them.
func knownScheme(s string) string {
	switch strings.ToLower(s) {
	case "http", "ws":
		return "http"
	case "https", "wss":
		return "https"
	}
	return ""
}

// parseNode reads an address with or without a port, IPv6 in brackets or bare.
func parseNode(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
