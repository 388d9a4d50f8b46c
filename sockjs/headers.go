package sockjs

import (
	"cmp"
	"net/http"
	"time"
)

// noCache keeps an answer out of every cache.
func noCache(h http.Header) {
	h.Set("Cache-Control", "no-store, no-cache, no-transform, must-revalidate, max-age=0")
}

const year = 365 * 24 * time.Hour

// cacheForAYear lets everybody keep an answer.
func cacheForAYear(h http.Header) {
	h.Set("Cache-Control", "public, max-age=31536000")
	h.Set("Expires", time.Now().Add(year).UTC().Format(http.TimeFormat))
}

// AllowOrigin lets the pages of an origin read an answer, and have cookies with
// it; "" lets any page read it, without.
func AllowOrigin(h http.Header, origin string) {
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", cmp.Or(origin, "*"))
	if origin != "" {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

// Preflight answers what browsers ask before a request to another origin.
func Preflight(w http.ResponseWriter, r *http.Request, origin, method string) {
	h := w.Header()
	AllowOrigin(h, origin)
	cacheForAYear(h)
	h.Set("Access-Control-Max-Age", "31536000")
	h.Set("Access-Control-Allow-Methods", "OPTIONS, "+method)
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
		h.Add("Vary", "Access-Control-Request-Headers")
	}
	w.WriteHeader(http.StatusNoContent)
}

// endsHTTP10 closes the connection behind the answer to a client of HTTP/1.0,
// which knows no chunks.
func endsHTTP10(w http.ResponseWriter, r *http.Request) {
	if !r.ProtoAtLeast(1, 1) {
		w.Header().Set("Connection", "close")
	}
}

const (
	cookieName = "JSESSIONID"
	maxCookie  = 256 // bytes of a value that is the client's own
)

// set sets the cookie; a nil Cookie sets none.
func (c *Cookie) set(w http.ResponseWriter, r *http.Request) {
	if c == nil {
		return
	}
	value := "dummy"
	if theirs, err := r.Cookie(cookieName); err == nil && theirs.Value != "" && len(theirs.Value) <= maxCookie {
		value = theirs.Value
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: value, Path: "/",
		Secure: c.Secure, HttpOnly: c.HTTPOnly, SameSite: c.SameSite})
}
