package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// errUnsure: a member that may have a session does not say whether it has.
var errUnsure = errors.New("a member of the cluster does not answer")

// find asks the members, but one that was asked already, which of them has a
// session. nil is none: it is an error where one of them does not answer, because
// a session must not be begun that may exist.
func (c *Cluster) find(ctx context.Context, session string, asked *peer) (*peer, error) {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of those that are asked in vain
	type answer struct {
		peer *peer
		has  bool
		err  error
	}
	var waiting int
	others := c.members.others()
	answers := make(chan answer, len(others)) // nobody may be left who takes them
	for _, p := range others {
		if p == asked {
			continue
		}
		waiting++
		all.Go(func() {
			has, err := c.ask(ctx, p, session)
			answers <- answer{p, has, err}
		})
	}
	var unsure error
	for range waiting {
		switch a := <-answers; {
		case a.err != nil:
			unsure = a.err
		case a.has:
			return a.peer, nil
		}
	}
	return nil, unsure
}

// ask asks a member whether it has a session. One that is gone has none.
func (c *Cluster) ask(ctx context.Context, p *peer, session string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.answerTimeout)
	defer cancel()
	var err error
	begun := time.Now()
	for range 2 { // the connection may have been a dead one
		var status int
		if status, err = c.askOnce(ctx, p, session); err != nil {
			continue
		}
		switch status {
		case http.StatusNoContent:
			return true, nil
		case http.StatusNotFound:
			return false, nil
		}
		return false, fmt.Errorf("%w: %s says %d", errUnsure, p.addr, status)
	}
	if ctx.Err() == nil {
		c.notReached(p, begun, err)
		if c.members.isGone(p) {
			return false, nil
		}
	}
	return false, fmt.Errorf("%w: %w", errUnsure, err)
}

func (c *Cluster) askOnce(ctx context.Context, p *peer, session string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+p.addr+sessionPath+url.PathEscape(session), nil)
	if err != nil {
		return 0, err
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return 0, err
	}
	_ = answer.Body.Close() // it is empty
	return answer.StatusCode, nil
}

// takeQuestion says whether a session lives here, or is about to.
func (c *Cluster) takeQuestion(w http.ResponseWriter, session string) {
	if c.local.Has(session) || c.claims.has(session) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.WriteHeader(http.StatusNotFound)
}
