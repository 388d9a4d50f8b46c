package config

import (
	"slices"
	"strings"
)

// Origins are the origins that may open a session. The parts add up.
type Origins struct {
	Any        bool         // every origin; nothing else is set then
	Same       bool         // the origin of the gateway itself, as the browser sees it
	Exact      []string     // scheme://host[:port] as browsers write it: lower case, no default port
	Subdomains []Subdomains // https://*.example.com
}

// Subdomains are the origins whose host ends in Suffix, and that agree in
// scheme and port.
type Subdomains struct {
	Scheme string // lower case
	Suffix string // .example.com: lower case, with the dot before it, so that only whole labels match
	Port   string // "" is the scheme's default
}

// String gives the origins as the variable lists them.
func (o Origins) String() string {
	var items []string
	if o.Any {
		items = append(items, "*")
	}
	if o.Same {
		items = append(items, "same-origin")
	}
	items = append(items, o.Exact...)
	for _, s := range o.Subdomains {
		item := s.Scheme + "://*" + s.Suffix
		if s.Port != "" {
			item += ":" + s.Port
		}
		items = append(items, item)
	}
	return strings.Join(items, ",")
}

// UnmarshalText reads a comma-separated list of same-origin, exact origins and
// scheme://*.domain[:port], or * alone.
func (o *Origins) UnmarshalText(text []byte) error {
	items, err := splitList(string(text))
	if err != nil {
		return err
	}
	*o = Origins{}
	for i, item := range items {
		switch item {
		case "same-origin":
			o.Same = true
			continue
		case "*":
			if len(items) > 1 {
				return unexpected("* to stand alone: it lets every origin in")
			}
			o.Any = true
			continue
		}
		if err := o.add(item); err != nil {
			return inItem(i, len(items), err)
		}
	}
	return nil
}

const originForm = "same-origin, scheme://host[:port], https://*.example.com or * alone"

func (o *Origins) add(item string) error {
	scheme, rest, ok := strings.Cut(strings.ToLower(item), "://")
	if !ok || !isScheme(scheme) {
		return unexpected(originForm)
	}
	if strings.ContainsAny(rest, "/?#@") {
		return unexpected("scheme://host[:port] without a slash, path or login")
	}
	rest, wild := strings.CutPrefix(rest, "*.")
	host, port := rest, ""
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") {
		host, port = rest[:i], rest[i+1:]
		if !isPort(port, 1) {
			return unexpected(originForm)
		}
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r > 127 }) {
		return unexpected("a host in ASCII, as browsers send it (xn--…)")
	}
	bare, bracketed := strings.CutPrefix(host, "[")
	bare, closed := strings.CutSuffix(bare, "]")
	isSix := strings.Contains(bare, ":")
	if !isHost(bare) || bracketed != closed || bracketed != isSix || wild && isIP(bare) {
		return unexpected(originForm)
	}
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		port = ""
	}
	if wild {
		s := Subdomains{Scheme: scheme, Suffix: "." + host, Port: port}
		if !slices.Contains(o.Subdomains, s) {
			o.Subdomains = append(o.Subdomains, s)
		}
		return nil
	}
	origin := scheme + "://" + host
	if port != "" {
		origin += ":" + port
	}
	if !slices.Contains(o.Exact, origin) {
		o.Exact = append(o.Exact, origin)
	}
	return nil
}

// isScheme says whether s is a scheme in lower case (RFC 3986 section 3.1).
func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z'
		other := c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return s != ""
}
