package gateway

import (
	"container/heap"
	"sync"
	"time"
)

// scheduleGrain is what due times are rounded up to, so that many sessions are
// looked after in one go.
const scheduleGrain = int64(20 * time.Millisecond)

// schedule looks after sessions when something is due for them. One goroutine
// does it for all, which lives as long as there is a session: looking after one
// must not wait for anything. A timer for each session would cost more memory
// than its heart-beats' state, and a goroutine for every beat.
type schedule struct {
	clock func() int64
	wake  chan struct{} // of size 1: what is first has changed

	mu      sync.Mutex
	due     dueHeap
	running bool
}

func newSchedule(clock func() int64) *schedule {
	return &schedule{clock: clock, wake: make(chan struct{}, 1)}
}

// set has the session looked after at that time, unless that is to be earlier
// anyway.
func (q *schedule) set(s *session, due int64) {
	due += scheduleGrain - 1
	due -= due % scheduleGrain
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case s.place == 0:
		s.due = due
		heap.Push(&q.due, s)
	case due < s.due:
		s.due = due
		heap.Fix(&q.due, s.place-1)
	default:
		return
	}
	if !q.running {
		q.running = true
		go q.run()
	} else if s.place == 1 {
		q.signal()
	}
}

// drop forgets a session.
func (q *schedule) drop(s *session) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if s.place > 0 {
		heap.Remove(&q.due, s.place-1)
	}
	if len(q.due) == 0 {
		q.signal()
	}
}

func (q *schedule) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run looks after sessions until there are none.
func (q *schedule) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var batch []*session
	for {
		var wait time.Duration
		var more bool
		if batch, wait, more = q.take(batch[:0]); !more {
			return
		}
		for _, s := range batch {
			s.tick()
		}
		clear(batch)
		if len(batch) > 0 {
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-q.wake:
		}
	}
}

// take appends the sessions that are due, or gives the time until one is. It
// tells whether there are any at all.
func (q *schedule) take(batch []*session) (due []*session, wait time.Duration, more bool) {
	now := q.clock()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.due) > 0 && q.due[0].due <= now {
		batch = append(batch, heap.Pop(&q.due).(*session))
	}
	switch {
	case len(batch) > 0:
	case len(q.due) > 0:
		wait = time.Duration(q.due[0].due - now)
	default:
		q.running = false
		return nil, 0, false
	}
	return batch, wait, true
}

// dueHeap is a heap of sessions by when they are due (container/heap). A session
// knows its place, counted from 1; 0 is for none.
type dueHeap []*session

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due < h[j].due }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) {
	s := x.(*session)
	*h = append(*h, s)
	s.place = len(*h)
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	s := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	s.place = 0
	return s
}
