package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// forwarded is where a request really came from and what it asked for.
type forwarded struct {
	client netip.Addr
	scheme string // http or https
	host   string // as in the Host header
}

// resolveForwarded says where a request came from. What forwarding headers say
// is believed only as far as it was written by trusted proxies: the list is
// walked from the right, and the first address that is not trusted is the
// client.
func resolveForwarded(r *http.Request, trusted []netip.Prefix) forwarded {
	via := forwarded{scheme: "http", host: r.Host}
	if r.TLS != nil {
		via.scheme = "https"
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		via.client = peer.Addr().Unmap().WithZone("")
	}
	if !contains(trusted, via.client) {
		return via
	}
	hops := forwardedHops(r.Header)
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
		via.client = hop.client
		if !contains(trusted, hop.client) {
			break
		}
	}
	return via
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// forwardedHops reads Forwarded (RFC 7239), or else the X-Forwarded headers.
func forwardedHops(h http.Header) []forwarded {
	if values := h.Values("Forwarded"); len(values) > 0 {
		return standardHops(values)
	}
	return xForwardedHops(h)
}

func standardHops(values []string) []forwarded {
	var hops []forwarded
	for element := range strings.SplitSeq(strings.Join(values, ","), ",") {
		var hop forwarded
		for pair := range strings.SplitSeq(element, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			value = strings.Trim(value, `"`)
			switch strings.ToLower(name) {
			case "for":
				hop.client = parseNode(value)
			case "proto":
				hop.scheme = knownScheme(value)
			case "host":
				hop.host = value
			}
		}
		hops = append(hops, hop)
	}
	return hops
}

// xForwardedHops pairs X-Forwarded-For with the scheme and the host, from the
// right. Most proxies write one scheme and one host only: the outermost's view,
// which then holds for the whole way.
func xForwardedHops(h http.Header) []forwarded {
	clients, schemes, hosts := list(h, "X-Forwarded-For"), list(h, "X-Forwarded-Proto"), list(h, "X-Forwarded-Host")
	hops := make([]forwarded, max(len(clients), len(schemes), len(hosts)))
	for i := range hops {
		fromRight := len(hops) - 1 - i
		hops[i] = forwarded{
			client: parseNode(at(clients, fromRight)),
			scheme: knownScheme(at(schemes, fromRight)),
			host:   at(hosts, fromRight),
		}
	}
	return hops
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
