package broker

import (
	"context"
	"sync"
	"testing"
	"time"
)

// A caller whose time is over says nothing of an endpoint that was not tried.
func TestExpiredCallerBlamesNobody(t *testing.T) {
	_, first := listen(t)
	_, second := listen(t)
	s, _ := newSet(t, nil, first, second)
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer cancel()
	if _, _, err := s.Dial(ctx); err == nil {
		t.Fatal("dialled with an expired context")
	}
	if got := dial(t, s); got != first {
		t.Errorf("got %s, want %s: it was blamed for a caller without time", got, first)
	}
}

// When the back-off of a black hole ends, one attempt finds out whether it is
// still one; the others do not all wait for it.
func TestOneAttemptProbesAnEndpointThatWasDown(t *testing.T) {
	hole := blackHole(t)
	_, alive := listen(t)
	s, a := newSet(t, func(o *Options) { o.DialTimeout = 2 * time.Second }, hole, alive)
	dial(t, s) // finds the hole
	s.targets[0].mu.Lock()
	s.targets[0].downTill = time.Now()
	s.targets[0].mu.Unlock()
	var done sync.WaitGroup
	for range 10 {
		done.Go(func() { dial(t, s) })
	}
	done.Wait()
	if got := a.of(hole); got > 2 {
		t.Errorf("%d dials waited for the dead endpoint, want 1", got-1)
	}
}

// A probe that waits for another one's attempt heeds its own context.
func TestReachableHeedsTheContextWhileWaiting(t *testing.T) {
	s, _ := newSet(t, func(o *Options) { o.DialTimeout = 3 * time.Second }, blackHole(t))
	var done sync.WaitGroup
	defer done.Wait()
	done.Go(func() { _ = s.Reachable(context.Background()) })
	for len(s.probing) == 0 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	begin := time.Now()
	if err := s.Reachable(ctx); err == nil {
		t.Error("reachable, over a black hole")
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("took %v with a context that was over before", took)
	}
}
