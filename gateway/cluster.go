package gateway

import (
	"net/http"

	"github.com/stompgw/stompgw/sockjs"
)

// Cluster knows where the SockJS sessions of several gateways live.
type Cluster interface {
	// Elsewhere answers a request for a session that another gateway has, or is to
	// begin, and whose origin may connect. Where it returns false, the request is
	// this gateway's to serve.
	Elsewhere(w http.ResponseWriter, r *http.Request, session string, begins bool) (answered bool)
}

// livesElsewhere tells whether a request was answered by another gateway.
func (g *Gateway) livesElsewhere(w http.ResponseWriter, r *http.Request, q sockjs.Request) bool {
	if g.options.Cluster == nil {
		return false
	}
	session, begins, ok := g.sockjs.Needs(r, q)
	return ok && g.options.Cluster.Elsewhere(w, r, session, begins)
}

// HasSockJS tells whether a SockJS session over HTTP lives here, or has ended and
// still says so.
func (g *Gateway) HasSockJS(session string) bool { return g.sockjs != nil && g.sockjs.Has(session) }
