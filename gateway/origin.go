package gateway

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// OriginPolicy says which pages may open a session (RFC 6454; RFC 6455, section
// 10.2). Nothing is allowed that it does not name.
type OriginPolicy struct {
	// Any allows every origin, "null" too.
	Any bool
	// Same allows the origin that the request itself went to.
	Same bool
	// Exact are origins as browsers write them: scheme://host[:port], lower
	// case, without a default port.
	Exact []string
	// Subdomains allow every host that ends in the suffix.
	Subdomains []Subdomains
	// Null allows "Origin: null", which sandboxed frames and local files send.
	Null bool
	// Missing allows requests without an Origin, which no browser sends.
	Missing bool
}

// Subdomains are the hosts below a domain, at one scheme and port.
type Subdomains struct {
	Scheme string
	Suffix string // with the dot before it: .example.com
	Port   string // "" is the scheme's default
}

// verdict gives the reason why a request's origin is refused, "" where it is not.
func (p OriginPolicy) verdict(r *http.Request, via forwarded) string {
	values := r.Header.Values("Origin")
	switch {
	case len(values) > 1:
		return "several Origin headers"
	case len(values) == 0:
		if p.Missing {
			return ""
		}
		return "no Origin header, and STOMPGW_ALLOW_MISSING_ORIGIN is off"
	case p.Any:
		return ""
	case values[0] == "null":
		if p.Null {
			return ""
		}
		return "Origin is null, and STOMPGW_ALLOW_NULL_ORIGIN is off"
	}
	o, ok := parseOrigin(values[0])
	if !ok {
		return "Origin is not scheme://host[:port]"
	}
	if slices.Contains(p.Exact, o.String()) {
		return ""
	}
	for _, s := range p.Subdomains {
		if s.Scheme == o.scheme && s.Port == o.port && len(o.host) > len(s.Suffix) && strings.HasSuffix(o.host, s.Suffix) {
			return ""
		}
	}
	if !p.Same {
		return "origin is not listed in STOMPGW_ORIGINS"
	}
	own := newOrigin(via.scheme, via.host)
	switch {
	case o == own:
		return ""
	case o.host == own.host && o.scheme != own.scheme:
		return "not same-origin: the page came by " + o.scheme + ", this request by " + own.scheme +
			"; if a proxy in front ends TLS, name it in STOMPGW_TRUSTED_PROXIES"
	}
	return "not same-origin, and not listed in STOMPGW_ORIGINS"
}

// origin is the triple of RFC 6454, with a default port left out.
type origin struct{ scheme, host, port string }

func (o origin) String() string {
	if o.port == "" {
		return o.scheme + "://" + o.host
	}
	return o.scheme + "://" + o.host + ":" + o.port
}

func parseOrigin(text string) (origin, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return origin{}, false
	}
	return newOrigin(u.Scheme, u.Host), true
}

// newOrigin puts scheme and host[:port] into the form in which origins compare.
func newOrigin(scheme, hostPort string) origin {
	o := origin{scheme: strings.ToLower(scheme), host: strings.ToLower(hostPort)}
	if host, port, err := net.SplitHostPort(o.host); err == nil {
		o.host, o.port = host, port
		if strings.Contains(host, ":") {
			o.host = "[" + host + "]"
		}
	}
	if o.scheme == "https" && o.port == "443" || o.scheme == "http" && o.port == "80" {
		o.port = ""
	}
	return o
}
