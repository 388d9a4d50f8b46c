package broker

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

func TestReachableRemembers(t *testing.T) {
	_, addr := listen(t)
	s, a := newSet(t, nil, addr)
	var done sync.WaitGroup
	for range 10 {
		done.Go(func() {
			if err := s.Reachable(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if a.of(addr) != 1 {
		t.Errorf("ten probes made %d attempts, want 1", a.of(addr))
	}
	s.targets[0].mu.Lock()
	s.targets[0].lastGood = time.Now().Add(-freshFor)
	s.targets[0].mu.Unlock()
	if err := s.Reachable(context.Background()); err != nil || a.of(addr) != 2 {
		t.Errorf("got %v after %d attempts, want another attempt when the last is old", err, a.of(addr))
	}
}

// A session's success is as good as a probe's.
func TestReachableKnowsOfSessions(t *testing.T) {
	_, addr := listen(t)
	s, a := newSet(t, nil, addr)
	dial(t, s)
	if err := s.Reachable(context.Background()); err != nil || a.of(addr) != 1 {
		t.Errorf("got %v after %d attempts", err, a.of(addr))
	}
}

func TestReachableFailsAndHeals(t *testing.T) {
	addr := refusing(t)
	s, a := newSet(t, nil, addr)
	for i := range 2 {
		if err := s.Reachable(context.Background()); !errors.Is(err, ErrUnavailable) || a.of(addr) != i+1 {
			t.Fatalf("got %v after %d attempts", err, a.of(addr))
		}
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skipf("somebody took the port meanwhile: %v", err)
	}
	accepting(t, l)
	if err := s.Reachable(context.Background()); err != nil {
		t.Errorf("got %v although the broker is back", err)
	}
}

// A failure after a success counts at once.
func TestReachableAfterFailure(t *testing.T) {
	l, addr := listen(t)
	s, _ := newSet(t, nil, addr)
	dial(t, s)
	l.Close()
	if _, _, err := s.Dial(context.Background()); err == nil {
		t.Fatal("dialled a closed listener")
	}
	if err := s.Reachable(context.Background()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestReachableHeedsTheContext(t *testing.T) {
	s, _ := newSet(t, nil, blackHole(t))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Reachable(ctx) }()
	select {
	case err := <-done:
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	case <-time.After(patience / 2):
		t.Fatal("the probe outlives its context")
	}
}
