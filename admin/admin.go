// Package admin answers what operators and orchestrators ask of a running
// gateway: whether it lives, whether it is ready, its figures, its sessions and
// its profiles.
package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readyTimeout is how long a readiness probe may take.
const readyTimeout = 2 * time.Second

// Options say what is served.
type Options struct {
	// Ready tells whether new sessions can be served, by nil, or why not. It must
	// heed the context.
	Ready func(context.Context) error
	// Metrics is what /metrics shows.
	Metrics prometheus.Gatherer
	// Profiles opens /debug/pprof/.
	Profiles bool

	// Status is what / and /status show.
	Status func() Status
	// Sessions are what /sessions shows.
	Sessions Sessions
	// LogLevel answers GET and PUT of /loglevel.
	LogLevel http.Handler

	// Token is what a request must bear that changes something; with "" nothing can
	// be changed.
	Token string
	// Hosts are the names, beside IP addresses and localhost, under which all but
	// probes and metrics may be asked for. They are in lower case.
	Hosts []string
	// OnRefused is told of each request that was turned away; nil is fine.
	OnRefused func(r *http.Request, why string)
}

// Handler serves /livez, /readyz and /metrics to all who ask; to those who ask
// under a name of its own /, /status, /sessions, /loglevel and, when wanted,
// /debug/pprof/. What
// changes something, or shows frames, needs the token too.
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /readyz", o.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{}))

	look := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, o.named(h)) }
	look("GET /{$}", o.servePage)
	look("GET /status", o.serveStatus)
	look("GET /sessions", o.listSessions)
	look("GET /sessions/{id}", o.showSession)
	look("GET /loglevel", o.LogLevel.ServeHTTP)

	change := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, o.named(o.authorized(h))) }
	change("DELETE /sessions/{id}", o.endSession)
	change("PUT /loglevel", o.LogLevel.ServeHTTP)
	change("GET /sessions/{id}/frames", o.watchSession) // changes nothing, and shows what is between a client and its broker

	if o.Profiles {
		look("/debug/pprof/", pprof.Index)
		look("/debug/pprof/cmdline", pprof.Cmdline)
		look("/debug/pprof/profile", pprof.Profile)
		look("/debug/pprof/symbol", pprof.Symbol)
		look("/debug/pprof/trace", pprof.Trace)
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

func (o Options) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := o.Ready(ctx); err != nil {
		http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}
