package auth

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"sync"
	"time"
)

// remoteKeys are the keys of an endpoint. One goroutine, run, fetches; whoever
// looks a key up only reads what it has brought, so a slow endpoint holds nobody
// up for longer than wait.
type remoteKeys struct {
	// Set once.
	fetch   func(context.Context) ([]verifyKey, error)
	failed  func(error)
	every   time.Duration // between refreshes
	stale   time.Duration // how old keys may grow while the endpoint is down
	gap     time.Duration // least time between attempts, whatever is asked for
	wait    time.Duration // how long a lookup waits for a refresh
	wanted  chan struct{} // size 1: somebody wants a refresh, once is enough
	now     func() time.Time
	stopped chan struct{}

	mu      sync.Mutex
	keys    []verifyKey
	fetched time.Time     // zero until the first success
	lastErr error         // of the last attempt
	next    chan struct{} // closed at the end of the next attempt
}

func newRemoteKeys(o *JWTOptions, fetch func(context.Context) ([]verifyKey, error), failed func(error), now func() time.Time) *remoteKeys {
	return &remoteKeys{
		fetch: fetch, failed: failed, now: now,
		every: o.Refresh, stale: o.MaxStale, gap: o.UnknownKeyInterval, wait: o.UnknownKeyWait,
		wanted: make(chan struct{}, 1), stopped: make(chan struct{}), next: make(chan struct{}),
	}
}

// run fetches until the context ends.
func (r *remoteKeys) run(ctx context.Context) {
	defer close(r.stopped)
	for {
		last := time.Now()
		r.attempt(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.pause()):
			continue
		case <-r.wanted:
		}
		// Anybody can send tokens with made-up key ids.
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(last.Add(r.gap))):
		}
	}
}

// pause is how long to wait for the next attempt: less after a failure.
func (r *remoteKeys) pause() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastErr != nil {
		return min(r.every, r.gap)
	}
	return r.every
}

func (r *remoteKeys) attempt(ctx context.Context) {
	keys, err := r.fetch(ctx)
	if err != nil && ctx.Err() == nil {
		r.failed(fmt.Errorf("refresh the keys of tokens: %w", err))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastErr = err; err == nil {
		// All of them: a key that has left the set verifies no more.
		r.keys, r.fetched = keys, r.now()
	}
	close(r.next)
	r.next = make(chan struct{})
}

// lookup gives the keys that may have signed a token. Where none is known it asks
// for a refresh and waits a little. The error is a Refusal.
func (r *remoteKeys) lookup(ctx context.Context, id, alg string) ([]crypto.PublicKey, error) {
	chosen, next, err := r.look(id, alg)
	if len(chosen) > 0 {
		return chosen, nil
	}
	select {
	case r.wanted <- struct{}{}:
	default:
	}
	select {
	case <-next:
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	case <-time.After(r.wait):
		if err == nil {
			err = errors.New("the key is unknown, and the keys were not refreshed in time")
		}
		return nil, unavailable(err)
	}
	if chosen, _, err = r.look(id, alg); err != nil {
		return nil, unavailable(err)
	}
	if len(chosen) == 0 {
		return nil, badToken(fmt.Errorf("no key %q for %s", short(id), short(alg)))
	}
	return chosen, nil
}

// look chooses among the keys at hand, and gives what is closed when there are
// others. The error says why a key that is not at hand may exist all the same.
func (r *remoteKeys) look(id, alg string) (chosen []crypto.PublicKey, next <-chan struct{}, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.fetched.IsZero() && r.lastErr == nil:
		return nil, r.next, errors.New("the keys were not fetched yet")
	case r.fetched.IsZero():
		return nil, r.next, r.lastErr
	case r.now().Sub(r.fetched) > r.stale:
		return nil, r.next, errors.Join(fmt.Errorf("the keys are older than %v", r.stale), r.lastErr)
	}
	return choose(r.keys, id, alg), r.next, r.lastErr
}

// short cuts what a client said to what a log should hold.
func short(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
