package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// unexpected is an error that says what was expected instead, without quoting
// the value, which may hold a secret.
type unexpected string

func (u unexpected) Error() string { return "expected " + string(u) }

// inItem says which item of a list err is about, if there are several.
func inItem(i, items int, err error) error {
	if u, ok := err.(unexpected); ok && items > 1 {
		return unexpected(fmt.Sprintf("%s (item %d)", string(u), i+1))
	}
	return err
}

// splitList splits a comma-separated list and trims the blanks of its items.
func splitList(s string) ([]string, error) {
	items := strings.Split(s, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
		if items[i] == "" {
			return nil, unexpected(fmt.Sprintf("a comma-separated list without empty items (item %d)", i+1))
		}
	}
	return items, nil
}

// listOf makes a parser of a list, each item once, out of one of an item, which
// is called what.
func listOf[T comparable](what string, parse func(string) (T, error)) func(string) (any, error) {
	return func(s string) (any, error) {
		items, err := splitList(s)
		if err != nil {
			return nil, err
		}
		var list []T
		seen := make(map[T]bool)
		for i, item := range items {
			v, err := parse(item)
			if err != nil {
				return nil, inItem(i, len(items), err)
			}
			if seen[v] {
				return nil, inItem(i, len(items), unexpected("each "+what+" once"))
			}
			seen[v] = true
			list = append(list, v)
		}
		return list, nil
	}
}

func parseEndpoint(s string) (Endpoint, error) {
	var e Endpoint
	err := e.UnmarshalText([]byte(s))
	return e, err
}

const transportForm = "transports of SockJS: websocket, xhr_streaming, xhr, eventsource, htmlfile, jsonp"

func parseTransport(s string) (Transport, error) {
	switch t := Transport(s); t {
	case TransportWebSocket, TransportXHRStreaming, TransportXHR, TransportEventSource, TransportHTMLFile, TransportJSONP:
		return t, nil
	}
	return "", unexpected(transportForm)
}

const connectHeaderForm = "names of headers, such as client-id, or *"

// parseConnectHeader takes a name without what STOMP would escape.
func parseConnectHeader(s string) (ConnectHeader, error) {
	if !isHTTPToken(s) {
		return "", unexpected(connectHeaderForm)
	}
	return ConnectHeader(s), nil
}

const hostNamesForm = "names of hosts without ports, such as gateway.internal"

// parseHostName gives a name as it is compared.
func parseHostName(s string) (HostName, error) {
	if !isHost(s) || strings.Contains(s, ":") {
		return "", unexpected(hostNamesForm)
	}
	return HostName(strings.ToLower(strings.TrimSuffix(s, "."))), nil
}

const pathForm = `paths that begin with /, such as /stomp, without a slash at the end, and not "/" itself`

// parsePath takes clean paths of unreserved characters only, which need no
// escaping and mean the same to every proxy and router.
func parsePath(s string) (string, error) {
	segments := strings.Split(s, "/")
	if len(segments) < 2 || segments[0] != "" {
		return "", unexpected(pathForm)
	}
	for _, segment := range segments[1:] {
		if segment == "" || segment == "." || segment == ".." {
			return "", unexpected(pathForm)
		}
		for _, c := range []byte(segment) {
			if !isAlphanumeric(c) && !strings.ContainsRune("-._~", rune(c)) {
				return "", unexpected("paths of letters, digits, - . _ ~ and /")
			}
		}
	}
	return s, nil
}

const proxyForm = "addresses, CIDRs and unix, such as 10.0.0.0/8,192.0.2.7,2001:db8::/32"

// parseProxy reads an address or a CIDR, or unix, which is the zero Prefix. A CIDR
// whose address goes on behind its mask is refused, because either half may be
// the typo.
func parseProxy(s string) (netip.Prefix, error) {
	if s == unixPeers {
		return netip.Prefix{}, nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, unexpected(proxyForm)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, unexpected(proxyForm)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p != p.Masked() {
		return netip.Prefix{}, unexpected("no address bits behind the mask, such as " + p.Masked().String())
	}
	return p, nil
}

// unixPeers stands for those who come by a Unix socket and so have no address.
const unixPeers = "unix"

func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
