package sockjs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// Welcome answers a request for the prefix itself.
func Welcome(w http.ResponseWriter, r *http.Request) {
	if !readsOnly(w, r) {
		return
	}
	answer(w, http.StatusOK, "Welcome to SockJS!\n")
}

// readsOnly answers methods other than GET and HEAD.
func readsOnly(w http.ResponseWriter, r *http.Request) bool {
	endsHTTP10(w, r)
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	w.WriteHeader(http.StatusMethodNotAllowed)
	return false
}

// Info tells clients what is served here.
func (v *Server) Info(w http.ResponseWriter, r *http.Request, allowOrigin string) {
	if !v.checkMethod(w, r, Caller{AllowOrigin: allowOrigin}, http.MethodGet) {
		return
	}
	var entropy [4]byte
	_, _ = rand.Read(entropy[:]) // it never fails
	h := w.Header()
	AllowOrigin(h, allowOrigin)
	noCache(h)
	h.Set("Content-Type", "application/json; charset=UTF-8")
	fmt.Fprintf(w, `{"websocket":%t,"origins":["*:*"],"cookie_needed":%t,"entropy":%d}`,
		v.options.Serves(WebSocket), v.options.Cookie != nil, binary.BigEndian.Uint32(entropy[:]))
}

// IsIframe tells whether the path behind the prefix is one of the iframe page:
// the client puts its version, or anything to get past a cache, into its name.
func IsIframe(path string) bool {
	name, ok := strings.CutPrefix(path, "/iframe")
	if !ok {
		return false
	}
	if name, ok = strings.CutSuffix(name, ".html"); !ok {
		return false
	}
	return strings.Trim(name, "0123456789abcdefghijklmnopqrstuvwxyz-._") == ""
}

const iframeBody = `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="{{url}}"></script>
  <script>` + iframeScript + `</script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>
`

const iframeScript = `
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  `

// Iframe serves the page that pages of other origins load to have their requests
// made from here.
func (v *Server) Iframe(w http.ResponseWriter, r *http.Request) {
	if v.options.ClientURL == "" {
		http.NotFound(w, r)
		return
	}
	if !readsOnly(w, r) {
		return
	}
	page := strings.Replace(iframeBody, "{{url}}", html.EscapeString(v.options.ClientURL), 1)
	sum := sha256.Sum256([]byte(page))
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	cacheForAYear(h)
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", htmlText)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", v.iframePolicy())
	_, _ = w.Write([]byte(page)) // nobody is left to tell
}

// iframePolicy lets the page do what the client does in it, and nothing else.
func (v *Server) iframePolicy() string {
	ancestors := v.options.FrameAncestors
	if ancestors == "" {
		ancestors = "'none'"
	}
	source := "'self'"
	if u, err := url.Parse(v.options.ClientURL); err == nil && u.Host != "" {
		u.RawQuery, u.Fragment = "", ""
		source = u.String()
	}
	sum := sha256.Sum256([]byte(iframeScript))
	return "default-src 'none'; script-src " + source + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'" +
		"; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors " + ancestors
}

// readCallback reads the name of a function of the page, to which frames go.
func (v *Server) readCallback(w http.ResponseWriter, r *http.Request) (string, bool) {
	query := r.URL.Query()
	callback := query.Get("c")
	if callback == "" {
		callback = query.Get("callback")
	}
	switch {
	case callback == "":
		noCache(w.Header())
		answer(w, http.StatusInternalServerError, `"callback" parameter required`)
	case !goodCallback(callback):
		noCache(w.Header())
		answer(w, http.StatusInternalServerError, `invalid "callback" parameter`)
	default:
		return callback, true
	}
	return "", false
}
