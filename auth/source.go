package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// subprotocolPrefix begins an offered subprotocol that is a token. A page can set
// no header on a WebSocket but this list.
const subprotocolPrefix = "bearer."

// Source is a place where a client puts its token.
type Source struct {
	kind string // one of the keys of sourceKinds
	name string // of the cookie, CONNECT header or parameter
}

// sourceKinds says which kinds of source have a name.
var sourceKinds = map[string]bool{"header": false, "subprotocol": false, "cookie": true, "connect": true, "query": true}

// ParseSource reads "header" (Authorization: Bearer), "subprotocol"
// (bearer.<token>), "cookie:<name>", "connect:<header>" or "query:<name>".
func ParseSource(text string) (Source, error) {
	kind, name, named := strings.Cut(text, ":")
	wants, known := sourceKinds[kind]
	if !known || wants != (name != "") || named != wants {
		return Source{}, errors.New("expected header, subprotocol, cookie:<name>, connect:<header> or query:<name>")
	}
	return Source{kind: kind, name: name}, nil
}

// String gives the form that ParseSource reads.
func (s Source) String() string {
	if s.name == "" {
		return s.kind
	}
	return s.kind + ":" + s.name
}

var passcodeSource = Source{kind: "connect", name: "passcode"}

// inConnect says that the source is part of a CONNECT frame.
func (s Source) inConnect() bool { return s.kind == "connect" }

// token gives the token that the source holds, "" for none. c is nil while there
// is no CONNECT yet.
func (s Source) token(r *Request, c *Connect) (string, error) {
	candidates := s.candidates(r, c)
	found := ""
	for _, token := range candidates {
		switch {
		case token == "":
		case found != "" && token != found:
			// A second cookie may be one that another host of the site has set.
			return "", badToken(fmt.Errorf("two different tokens in %s", s))
		default:
			found = token
		}
	}
	return found, nil
}

func (s Source) candidates(r *Request, c *Connect) []string {
	switch s.kind {
	case "header":
		return bearers(r.Header.Values("Authorization"))
	case "cookie":
		if !r.StrictOrigin {
			return nil
		}
		var all []string
		for _, cookie := range (&http.Request{Header: r.Header}).CookiesNamed(s.name) {
			all = append(all, cookie.Value)
		}
		return all
	case "subprotocol":
		return subprotocolTokens(r.Header)
	case "query":
		return r.URL.Query()[s.name]
	}
	if c == nil {
		return nil
	}
	return s.connectTokens(c)
}

// connectTokens takes a value with and without "Bearer ". A passcode counts only
// in the form of a JWT, so that passwords may go to another method.
func (s Source) connectTokens(c *Connect) []string {
	var all []string
	for _, value := range c.values(s.name) {
		token, isBearer := bearer(value)
		if !isBearer {
			token = value
		}
		if s.name != "passcode" || looksLikeJWT(token) {
			all = append(all, token)
		}
	}
	return all
}

func looksLikeJWT(s string) bool {
	// A JOSE header is a JSON object, so its base64url begins like this.
	return strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2
}

// bearers gives the tokens of Authorization headers; other schemes are not ours.
func bearers(values []string) []string {
	var all []string
	for _, value := range values {
		if token, ok := bearer(value); ok {
			all = append(all, token)
		}
	}
	return all
}

// bearer reads "Bearer <token>" (RFC 6750 section 2.1); the scheme's case does not
// matter (RFC 9110 section 11.1).
func bearer(value string) (string, bool) {
	scheme, token, ok := strings.Cut(strings.TrimSpace(value), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// IsCredential says that an offered subprotocol is a token. It must neither be
// answered, since browsers take an answer for a protocol that is spoken, nor logged.
func IsCredential(subprotocol string) bool {
	_, ok := cutPrefixFold(subprotocol, subprotocolPrefix)
	return ok
}

func subprotocolTokens(h http.Header) []string {
	var all []string
	for _, line := range h.Values("Sec-Websocket-Protocol") {
		for offered := range strings.SplitSeq(line, ",") {
			if token, ok := cutPrefixFold(strings.TrimSpace(offered), subprotocolPrefix); ok {
				all = append(all, token)
			}
		}
	}
	return all
}

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
