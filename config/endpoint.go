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
	rest, port := "", ""
	tls := false
	switch scheme, after, ok := strings.Cut(string(text), "://"); {
	case ok && scheme == "tcp":
		rest, port = after, "61613"
	case ok && scheme == "tls":
		rest, port, tls = after, "61614", true
	default:
		return unexpected("tcp://host:port or tls://host:port")
	}
	if strings.Contains(rest, "@") {
		return unexpected("no login in a broker's address, but in " + Prefix + "BROKER_LOGIN and " + Prefix + "BROKER_PASSCODE")
	}
	host := rest
	if h, p, err := net.SplitHostPort(rest); err == nil {
		host, port = h, p
	} else if strings.HasPrefix(rest, "[") && strings.HasSuffix(rest, "]") {
		host = rest[1 : len(rest)-1]
	} else if strings.Contains(rest, ":") {
		return unexpected("tcp://host:port or tls://host:port, IPv6 in brackets")
	}
	if !isHost(host) || !isPort(port, 1) {
		return unexpected("tcp://host:port or tls://host:port")
	}
	*e = Endpoint{TLS: tls, Address: net.JoinHostPort(host, port)}
	return nil
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
