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

// presence is what a member knows of a session.
type presence int

const (
	nowhere presence = iota // not here
	pending                 // about to begin here, if nobody has it
	here
)

// statuses say it to other members.
var statuses = map[presence]int{nowhere: http.StatusNotFound, pending: http.StatusAccepted, here: http.StatusNoContent}

// find asks the members, but one that was asked already, which of them has a
// session; nil is none. It is an error where one does not answer, because a
// session must not begin that may exist. rival is a member where it is about to
// begin, if nobody has it.
func (c *Cluster) find(ctx context.Context, session string, asked *peer) (at, rival *peer, err error) {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of those that are asked in vain
	type answer struct {
		peer     *peer
		presence presence
		err      error
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
			found, err := c.ask(ctx, p, session)
			answers <- answer{p, found, err}
		})
	}
	for range waiting {
		switch a := <-answers; {
		case a.err != nil:
			err = a.err
		case a.presence == here:
			return a.peer, nil, nil
		case a.presence == pending:
			rival = a.peer
		}
	}
	return nil, rival, err
}

// ask asks a member for a session. One that is gone has none; one that has said
// that it leaves may be gone already, and is not given long.
func (c *Cluster) ask(caller context.Context, p *peer, session string) (presence, error) {
	timeout := c.options.answerTimeout
	if c.members.isLeaving(p) {
		timeout = min(timeout, helloInterval)
	}
	ctx, cancel := context.WithTimeout(caller, timeout)
	defer cancel()
	var err error
	var begun time.Time
	for range 2 { // the connection may have been a dead one
		begun = time.Now() // a hello from before this try does not gainsay what it finds
		var status int
		if status, err = c.askOnce(ctx, p, session); err != nil {
			if ctx.Err() != nil {
				break // no time is left for another
			}
			continue
		}
		for found, s := range statuses {
			if s == status {
				c.members.answered(p)
				return found, nil
			}
		}
		return nowhere, fmt.Errorf("%w: %s says %d", errUnsure, p.addr, status)
	}
	if caller.Err() == nil {
		c.notReached(p, begun, err)
		if c.members.isGone(p) {
			return nowhere, nil
		}
	}
	return nowhere, fmt.Errorf("%w: %w", errUnsure, err)
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

// takeQuestion says what is known of a session here.
func (c *Cluster) takeQuestion(w http.ResponseWriter, session string) {
	found := nowhere
	if c.claims.has(session) {
		found = pending
	}
	if c.local.Has(session) { // in this order: a session is here before its claim is dropped
		found = here
	}
	w.WriteHeader(statuses[found])
}
