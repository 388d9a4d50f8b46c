package gateway

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

// Sessions are looked after in the order in which they are due, whatever the
// order in which that was said.
func TestScheduleOrder(t *testing.T) {
	var now atomic.Int64
	q := newSchedule(now.Load)
	q.running = true // so that only the test takes
	sessions := make([]*session, 50)
	for i, n := range rand.Perm(len(sessions)) {
		sessions[i] = &session{}
		q.set(sessions[i], int64(n+1)*scheduleGrain)
	}
	q.set(sessions[7], 100*scheduleGrain) // later than it is due anyway
	q.set(sessions[8], 0)
	q.drop(sessions[9])
	var last int64
	taken := 0
	for n := range int64(len(sessions)) + 1 {
		now.Store(n * scheduleGrain)
		batch, _, more := q.take(nil)
		for _, s := range batch {
			if s.due > now.Load() || s.due < last || s.place != 0 || s == sessions[9] {
				t.Errorf("at %d: got a session due at %d", now.Load(), s.due)
			}
			last = s.due
			taken++
		}
		if len(batch) == 0 && more && taken == len(sessions)-1 {
			t.Error("there is said to be more, and there is none")
		}
	}
	if taken != len(sessions)-1 {
		t.Errorf("got %d sessions, want %d", taken, len(sessions)-1)
	}
}

// The one goroutine ends with the last session and starts with the next.
func TestScheduleStops(t *testing.T) {
	epoch := time.Now()
	q := newSchedule(func() int64 { return int64(time.Since(epoch)) })
	idle := func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return !q.running
	}
	for range 2 {
		s := &session{}
		q.set(s, int64(time.Hour))
		if idle() {
			t.Fatal("nobody looks after the session")
		}
		q.drop(s)
		eventually.True(t, "it rests, without a session", idle)
	}
}
