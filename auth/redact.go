package auth

import (
	"net/http"
	"net/url"
	"strings"
)

func isAuthorization(header string) bool { return strings.EqualFold(header, "authorization") }

const redacted = "***"

// Redact gives what a log may show of a request's URL: the path, and that there
// was a query.
func Redact(u *url.URL) string {
	if u.RawQuery == "" {
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + redacted
}

// secretHeaders hold credentials and nothing that a log would need.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Forwarded-Access-Token", "X-Auth-Request-Access-Token"}

// RedactHeader gives what a log may show of a request's headers. It is a copy.
func RedactHeader(h http.Header) http.Header {
	shown := h.Clone()
	for _, name := range secretHeaders {
		if _, ok := shown[name]; ok {
			shown[name] = []string{redacted}
		}
	}
	for i, line := range shown["Sec-Websocket-Protocol"] {
		offered := strings.Split(line, ",")
		for j, o := range offered {
			if o = strings.TrimSpace(o); IsCredential(o) {
				o = subprotocolPrefix + redacted
			}
			offered[j] = o
		}
		shown["Sec-Websocket-Protocol"][i] = strings.Join(offered, ", ")
	}
	return shown
}
