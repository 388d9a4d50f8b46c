package broker

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

// ErrBusy means that a login would wait, or has waited, longer than the queue
// lets it.
var ErrBusy = errors.New("too many logins wait for the brokers")

// Pace says how fast logins are let through. All of it must be set.
type Pace struct {
	// Rate is how many begin in a second, on the average.
	Rate int
	// AtOnce is how many are under way at a time. So many may also begin together,
	// after a quiet time.
	AtOnce int
	// MaxWait is the longest that one waits for its turn.
	MaxWait time.Duration
}

// Queue lets logins through to the brokers at a pace that they stand, in the
// order in which they came. It is safe for concurrent use. A nil Queue lets each
// through at once.
type Queue struct {
	pace     Pace
	turn     *semaphore.Weighted // to be the first, who alone waits for what follows: it leaves no gap when it goes
	underWay *semaphore.Weighted
	rate     *rate.Limiter
	waiting  atomic.Int64
	most     int64 // that wait at a time: more would wait longer than MaxWait
}

// NewQueue makes a queue in which nobody waits.
func NewQueue(p Pace) *Queue {
	return &Queue{
		pace:     p,
		turn:     semaphore.NewWeighted(1),
		underWay: semaphore.NewWeighted(int64(p.AtOnce)),
		rate:     rate.NewLimiter(rate.Limit(p.Rate), p.AtOnce),
		most:     int64(p.AtOnce) + int64(float64(p.Rate)*p.MaxWait.Seconds()),
	}
}

// Waiting gives the number of logins that wait.
func (q *Queue) Waiting() int {
	if q == nil {
		return 0
	}
	return int(q.waiting.Load())
}

// Enter waits for a login's turn. Who gets it calls done when the broker has
// answered or the attempt is over. Who has no place, or no time left to wait, gets
// ErrBusy; who is called away gets the context's error, and its place is the
// next one's.
func (q *Queue) Enter(ctx context.Context) (done func(), err error) {
	if q == nil {
		return func() {}, nil
	}
	defer q.waiting.Add(-1)
	if q.waiting.Add(1) > q.most {
		return nil, ErrBusy
	}
	patience, cancel := context.WithTimeout(ctx, q.pace.MaxWait)
	defer cancel()
	if err := q.await(patience); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrBusy // whatever the limiter says of the deadline
	}
	return func() { q.underWay.Release(1) }, nil
}

func (q *Queue) await(ctx context.Context) error {
	if err := q.turn.Acquire(ctx, 1); err != nil {
		return err
	}
	defer q.turn.Release(1)
	if err := q.underWay.Acquire(ctx, 1); err != nil {
		return err
	}
	err := q.rate.Wait(ctx)
	if err != nil {
		q.underWay.Release(1)
	}
	return err
}
