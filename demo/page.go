package demo

import (
	"crypto/sha256"
	_ "embed" // the page is part of the binary
	"encoding/base64"
	"html"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page/index.html
var pageHTML string

//go:embed page/style.css
var pageCSS string

//go:embed page/stomp.js
var pageStomp string

//go:embed page/chat.js
var pageChat string

// Page serves the chat at "/", as one document that needs nothing else, and
// only to GET and HEAD. The path is where the gateway takes WebSockets, such as
// "/stomp"; the page connects to it on the host it was loaded from.
func Page(path string) http.Handler {
	document := strings.NewReplacer(
		"{{path}}", html.EscapeString(path), "{{css}}", pageCSS, "{{stomp}}", pageStomp, "{{chat}}", pageChat,
	).Replace(pageHTML)
	headers := map[string]string{
		"Content-Type":           "text/html; charset=utf-8",
		"Content-Length":         strconv.Itoa(len(document)),
		"Cache-Control":          "no-cache",
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
		// Only what is in the document runs, it reaches only its own host, and
		// no string becomes markup or code.
		"Content-Security-Policy": "default-src 'none'" +
			"; style-src " + source(pageCSS) +
			"; script-src " + source(pageStomp) + " " + source(pageChat) +
			"; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
			"; require-trusted-types-for 'script'; trusted-types 'none'",
		"Cross-Origin-Opener-Policy": "same-origin",
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/":
			http.NotFound(w, r)
			return
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page is for GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(document))
		}
	})
}

// source names an inline style or script by its hash (CSP 3, section 6.7.3.3).
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
