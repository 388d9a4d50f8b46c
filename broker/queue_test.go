package broker

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// entry is how a login got through the queue, and when since the test began.
type entry struct {
	n    int
	at   time.Duration
	done func()
	err  error
}

// line has logins enter a queue, one behind the other.
type line struct {
	q     *Queue
	begin time.Time
	all   sync.WaitGroup
	mu    sync.Mutex
	out   []entry // as they came out
}

func newLine(p Pace) *line { return &line{q: NewQueue(p), begin: time.Now()} }

// enter has a login enter behind those before; last is false for a login that is
// never done.
func (l *line) enter(ctx context.Context, n int, done bool) {
	l.all.Go(func() {
		release, err := l.q.Enter(ctx)
		l.mu.Lock()
		l.out = append(l.out, entry{n, time.Since(l.begin), release, err})
		l.mu.Unlock()
		if err == nil && done {
			release()
		}
	})
	synctest.Wait()
}

func (l *line) entered() []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.out)
}

// In the order in which they came: a burst, then by the rate.
func TestQueueKeepsOrderAndRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(Pace{Rate: 10, AtOnce: 3, MaxWait: time.Minute})
		for n := range 50 {
			l.enter(t.Context(), n, true)
		}
		if got := l.q.Waiting(); got != 47 {
			t.Errorf("waiting: got %d, want 47", got)
		}
		l.all.Wait()
		for i, e := range l.entered() {
			want := time.Duration(max(0, i-2)) * 100 * time.Millisecond
			if e.n != i || e.err != nil || (e.at-want).Abs() > time.Microsecond {
				t.Fatalf("place %d: got login %d after %v (%v), want login %d after %v", i, e.n, e.at, e.err, i, want)
			}
		}
		if got := l.q.Waiting(); got != 0 {
			t.Errorf("waiting at the end: got %d, want 0", got)
		}
	})
}

// A broker that is slow to answer is given no more at a time, whatever the rate.
func TestQueueBoundsLoginsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(Pace{Rate: 1000, AtOnce: 2, MaxWait: time.Minute})
		for n := range 4 {
			l.enter(t.Context(), n, false)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := l.entered(); len(got) != 2 {
			t.Fatalf("got %d under way, want 2", len(got))
		}
		for _, i := range []int{1, 0} {
			l.entered()[i].done()
			synctest.Wait()
		}
		l.all.Wait()
		if got := l.entered(); got[2].n != 2 || got[3].n != 3 || got[3].err != nil {
			t.Errorf("got logins %d and %d (%v) next, want 2 and 3", got[2].n, got[3].n, got[3].err)
		}
	})
}

// Those behind one that leaves move up, wherever it stood.
func TestQueueClosesUp(t *testing.T) {
	for _, leaver := range []int{0, 1, 4} { // the first, in the middle, the last
		synctest.Test(t, func(t *testing.T) {
			l := newLine(Pace{Rate: 1, AtOnce: 1, MaxWait: time.Minute})
			l.enter(t.Context(), -1, true) // takes the burst
			ctx, leave := context.WithCancel(t.Context())
			for n := range 5 {
				if n == leaver {
					l.enter(ctx, n, true)
				} else {
					l.enter(t.Context(), n, true)
				}
			}
			leave()
			synctest.Wait()
			if got := l.entered(); len(got) != 2 || !errors.Is(got[1].err, context.Canceled) {
				t.Fatalf("got %v, want login %d to have left at once", got, leaver)
			}
			if got := l.q.Waiting(); got != 4 {
				t.Errorf("waiting: got %d, want 4", got)
			}
			l.all.Wait()
			for i, e := range l.entered()[2:] {
				if want := time.Duration(i+1) * time.Second; e.err != nil || (e.at-want).Abs() > time.Microsecond {
					t.Errorf("login %d: got through after %v (%v), want %v", e.n, e.at, e.err, want)
				}
			}
		})
	}
}

// One who would wait longer than it may is told at once, and one that did wait so
// long behind a broker that does not answer is told then.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const atOnce, fit = 2, 2 + 10*3
		l := newLine(Pace{Rate: 10, AtOnce: atOnce, MaxWait: 3 * time.Second})
		for n := range fit + atOnce {
			l.enter(t.Context(), n, false)
		}
		l.enter(t.Context(), 1000, false)
		got := l.entered()
		if last := got[len(got)-1]; last.n != 1000 || last.err != ErrBusy || last.at != 0 {
			t.Fatalf("one too many: got %+v, want ErrBusy at once", last)
		}
		l.all.Wait()
		refused := l.entered()[len(got):]
		if len(refused) != fit {
			t.Errorf("got %d that gave up, want %d", len(refused), fit)
		}
		for _, e := range refused {
			if e.err != ErrBusy || e.at != 3*time.Second {
				t.Errorf("login %d: got %v after %v, want ErrBusy after 3s", e.n, e.err, e.at)
			}
		}
		for _, e := range got[:atOnce] {
			e.done()
		}
		if done, err := l.q.Enter(t.Context()); err != nil {
			t.Errorf("after all gave up: got %v", err)
		} else {
			done()
		}
	})
}

func TestNilQueue(t *testing.T) {
	var q *Queue
	done, err := q.Enter(t.Context())
	if err != nil || q.Waiting() != 0 {
		t.Fatalf("got %v with %d waiting", err, q.Waiting())
	}
	done()
}
