package config

import (
	"net"
	"strconv"
	"strings"
)

// Endpoint is one broker's address.
type Endpoint struct {
	TLS     bool   // tls://, not tcp://
	Address string // host:port, IPv6 in brackets; the port is never left out
}

// String gives the form that UnmarshalText reads, with the port.
func (e Endpoint) String() string {
	if e.TLS {
		return "tls://" + e.Address
	}
	return "tcp://" + e.Address
}

// UnmarshalText reads tcp://host[:port], by default port 61613, or
// tls://host[:port], by default port 61614.
func (e *Endpoint) UnmarshalText(text []byte) error {
	scheme, rest, _ := strings.Cut(string(text), "://")
	byDefault, ok := map[string]string{"tcp": "61613", "tls": "61614"}[scheme]
	switch {
	case !ok:
		return unexpected(endpointForm)
	case strings.Contains(rest, "@"):
		return unexpected("no login in a broker's address, but in " + Prefix + "BROKER_LOGIN and " + Prefix + "BROKER_PASSCODE")
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil { // no port, or no address at all
		host, port, err = net.SplitHostPort(rest + ":" + byDefault)
	}
	if bracketed := strings.HasPrefix(rest, "["); err != nil || bracketed != strings.Contains(host, ":") {
		return unexpected(endpointForm + ", IPv6 and nothing else in brackets")
	}
	if !isHost(host) || !isPort(port, 1) {
		return unexpected(endpointForm)
	}
	*e = Endpoint{TLS: scheme == "tls", Address: net.JoinHostPort(host, port)}
	return nil
}

const endpointForm = "tcp://host:port or tls://host:port"

// isHostPort says whether s is an address to listen at; no host is every one.
func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	return err == nil && isPort(port, 0) && (host == "" || isHost(host))
}

// isHost says whether s is an IP address or could be a host's name. Underscores
// are no part of host names, but of those in container networks.
func isHost(s string) bool {
	if strings.Contains(s, ":") {
		return isIP(s)
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !isAlphanumeric(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isPort says whether s is a port's number, least or more.
func isPort(s string, least int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= least && n <= 65535 && strconv.Itoa(n) == s
}
