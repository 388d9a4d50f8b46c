package cluster

import (
	"cmp"
	"context"
	"net/http"

	"github.com/stompgw/stompgw/sockjs"
)

// Elsewhere answers a request for a session that is not this gateway's to serve,
// mostly by passing it on to the member whose it is. Otherwise it returns false,
// and the caller serves the request: the session lives here, is to begin here, or
// is nowhere. begins says that the request may begin the session.
//
// The body of the request must not have been read, and its Origin must be one that
// may read the answer.
func (c *Cluster) Elsewhere(w http.ResponseWriter, r *http.Request, session string, begins bool) (answered bool) {
	if c.local.Has(session) {
		return false
	}
	if h, ok := r.Context().Value(hopKey{}).(hop); ok {
		return c.arrived(w, r, session, begins, h)
	}
	to, found, err := c.place(r.Context(), session, begins)
	switch {
	case err != nil:
		c.refuse(w, r, unsure, err)
	case to != nil:
		c.passOn(w, r, to, !found)
	default:
		return false
	}
	return true
}

// place says where a request belongs; nil is here. found tells that the session
// lives there; otherwise it is to begin.
func (c *Cluster) place(ctx context.Context, session string, begins bool) (to *peer, found bool, err error) {
	owner := c.owner(session)
	if owner == nil && begins {
		to, err = c.claim(ctx, session)
		return to, to != nil, err
	}
	var silence error
	if owner != nil { // who has it, mostly
		var found presence
		if found, silence = c.ask(ctx, owner, session); found == here {
			return owner, true, nil
		}
		if c.members.isGone(owner) {
			return c.place(ctx, session, begins) // another is the owner now
		}
	}
	to, _, err = c.find(ctx, session, owner)
	switch {
	case to != nil:
		return to, true, nil
	case silence != nil || err != nil:
		return nil, false, cmp.Or(silence, err)
	case begins:
		return owner, false, nil
	}
	return nil, false, nil
}

// arrived judges a request that another member passed on to this one: it goes no
// further, so that it cannot go round in circles.
func (c *Cluster) arrived(w http.ResponseWriter, r *http.Request, session string, begins bool, h hop) (answered bool) {
	if !begins {
		return false // the session ended meanwhile
	}
	if !h.mayBegin {
		http.NotFound(w, r) // the same; the next request may begin it
		return true
	}
	at, err := c.claim(r.Context(), session)
	if at != nil {
		err = errRace
	}
	if err != nil {
		c.refuse(w, r, unsure, err)
		return true
	}
	return false
}

// refuse answers a request that cannot be passed on now.
func (c *Cluster) refuse(w http.ResponseWriter, r *http.Request, result string, cause error) {
	if r.Context().Err() != nil {
		result = clientGone
	}
	c.metrics.forwarded.WithLabelValues(result).Inc()
	c.complain(result, cause)
	w.Header().Set("Retry-After", "1")
	deny(w, r, http.StatusServiceUnavailable, notReachedText)
}

const notReachedText = "the server that has this session cannot be reached, connect again"

// deny says why a request is not passed on, to a page whose origin was found to
// be allowed: without the headers, its browser would hide even the status from it.
func deny(w http.ResponseWriter, r *http.Request, status int, text string) {
	sockjs.AllowOrigin(w.Header(), r.Header.Get("Origin"))
	http.Error(w, text, status)
}
