package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/stompgw/stompgw/gateway"
)

// Sessions are those of a gateway. A gateway.Gateway is one.
type Sessions interface {
	// FindSessions gives what a query asks for, and whether there is more.
	FindSessions(gateway.SessionQuery) (found []gateway.SessionStatus, more bool)
	Session(id string) (gateway.SessionStatus, bool)
	// EndSession tells whether there is such a session. by is who asked.
	EndSession(id, by string) bool
	// WatchSession gives a session's frames to take until the context ends, take
	// fails or the session ends.
	WatchSession(ctx context.Context, id, by string, take func(gateway.WatchedFrame) error) (missed int64, err error)
}

// Bounds of a page of sessions.
const (
	pageSize    = 100
	maxPageSize = 1000
)

// sessionPage is one page of the sessions that were looked for.
type sessionPage struct {
	Sessions []gateway.SessionStatus `json:"sessions"`
	Next     string                  `json:"next,omitempty"` // where the next page is
}

func (o Options) listSessions(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	q, err := parseQuery(asked)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var p sessionPage
	var more bool
	if p.Sessions, more = o.Sessions.FindSessions(q); more {
		asked.Set("after", p.Sessions[len(p.Sessions)-1].ID)
		p.Next = "/sessions?" + asked.Encode()
	}
	answer(w, p)
}

// parseQuery reads what sessions are looked for. An unknown name is an error, so
// that a slip of the pen does not list everything.
func parseQuery(asked url.Values) (gateway.SessionQuery, error) {
	q := gateway.SessionQuery{Limit: pageSize}
	texts := map[string]*string{"transport": &q.Transport, "principal": &q.Principal, "state": &q.State,
		"broker": &q.Broker, "stomp": &q.Version, "after": &q.After}
	for name := range asked {
		value := asked.Get(name)
		var err error
		switch name {
		case "address":
			q.Network, err = parseNetwork(value)
		case "paused":
			q.Paused, err = strconv.ParseBool(value)
		case "limit":
			q.Limit, err = strconv.Atoi(value)
			if err == nil && (q.Limit < 1 || q.Limit > maxPageSize) {
				err = strconv.ErrRange
			}
		default:
			text := texts[name]
			if text == nil {
				return q, fmt.Errorf("%q: sessions are looked for by address, transport, principal, state, broker, stomp and paused, a page by after and limit", name)
			}
			*text = value
		}
		if err != nil {
			return q, fmt.Errorf("%s=%q: address takes an address or a CIDR, paused true or false, limit 1 to %d", name, value, maxPageSize)
		}
	}
	return q, nil
}

// parseNetwork reads an address or a CIDR.
func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Unmap().Prefix(addr.Unmap().BitLen())
	}
	return netip.ParsePrefix(s)
}

func (o Options) showSession(w http.ResponseWriter, r *http.Request) {
	s, ok := o.Sessions.Session(r.PathValue("id"))
	if !ok {
		noSession(w)
		return
	}
	answer(w, s)
}

func (o Options) endSession(w http.ResponseWriter, r *http.Request) {
	if !o.Sessions.EndSession(r.PathValue("id"), r.RemoteAddr) {
		noSession(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func noSession(w http.ResponseWriter) { http.Error(w, "there is no such session", http.StatusNotFound) }
