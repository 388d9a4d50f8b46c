package cluster

import (
	"context"
	"errors"
	"sync"
)

// claims are the sessions that are about to begin here, as other members are told
// that ask meanwhile. So two members that both take themselves for a session's
// owner find each other, and at most one begins it.
type claims struct {
	mu      sync.Mutex // never held over I/O
	pending map[string]*claim
}

// claim is one session, and the requests that wait to know whether it may begin.
type claim struct {
	holders int // guarded by claims.mu: requests that may still begin it

	known chan struct{} // closed when what follows is set
	at    *peer         // who has it; nil for nobody
	err   error
}

func (c *claims) has(session string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending[session] != nil
}

// take gives the claim on a session; first is for whoever has to see to it.
func (c *claims) take(session string) (cl *claim, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cl = c.pending[session]
	if cl == nil {
		cl, first = &claim{known: make(chan struct{})}, true
		c.pending[session] = cl
	}
	cl.holders++
	return cl, first
}

// drop ends what take began.
func (c *claims) drop(session string, cl *claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cl.holders--; cl.holders == 0 {
		delete(c.pending, session)
	}
}

// errRace: two members took themselves for a session's owner.
var errRace = errors.New("the session begins elsewhere at the same time")

// claim makes sure that a session may begin here: nobody else has it, and nobody
// will until the context ends, when it either lives here or does not begin. at is
// who has it.
func (c *Cluster) claim(ctx context.Context, session string) (at *peer, err error) {
	cl, first := c.claims.take(session)
	if first {
		var rival *peer
		if cl.at, rival, cl.err = c.find(ctx, session, nil); cl.err == nil && rival != nil {
			cl.err = errRace
		}
		close(cl.known)
	} else {
		select {
		case <-cl.known:
		case <-ctx.Done():
			c.claims.drop(session, cl)
			return nil, ctx.Err()
		}
	}
	if cl.at != nil || cl.err != nil {
		c.claims.drop(session, cl)
		return cl.at, cl.err
	}
	context.AfterFunc(ctx, func() { c.claims.drop(session, cl) })
	return nil, nil
}
