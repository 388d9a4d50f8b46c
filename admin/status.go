package admin

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page is part of the binary
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/gateway"
)

// Status is what the live page shows, and its JSON form.
type Status struct {
	Version  string    `json:"version"`
	LogLevel string    `json:"log_level"`
	Since    time.Time `json:"since"`
	// Policy is the version of the policy in force; "" where there is none.
	Policy  string         `json:"policy,omitempty"`
	Brokers []broker.State `json:"brokers"`
	gateway.Status
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"css":   func() template.CSS { return template.CSS(pageCSS) },
	"clock": func(t time.Time) string { return t.UTC().Format(time.DateTime) },
	"since": func(t time.Time) time.Duration { return time.Since(t).Round(time.Second) },
	"per":   func(rate float64) string { return fmt.Sprintf("%.1f", rate) },
}).Parse(pageHTML))

// pagePolicy lets nothing into the page but its own style.
var pagePolicy = "default-src 'none'; style-src " + source(pageCSS) + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// source names an inline style by its hash (CSP 3, section 6.7.3.3).
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// refreshEvery is how many seconds the page stands before the browser asks again.
// It has no script.
const refreshEvery = "3"

func (o Options) servePage(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	if err := page.Execute(&b, o.Status()); err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := private(w)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Refresh", refreshEvery)
	_, _ = w.Write(b.Bytes())
}

func (o Options) serveStatus(w http.ResponseWriter, _ *http.Request) { answer(w, o.Status()) }

// private keeps an answer out of caches, frames and other pages' scripts.
func private(w http.ResponseWriter) http.Header {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	return h
}

// answer writes JSON that people can read as it is.
func answer(w http.ResponseWriter, value any) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		http.Error(w, "the answer cannot be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	private(w).Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(b.String()))
}
