package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/stompgw/stompgw/broker"
)

// awaitTurn waits until the session may log in at a broker. The caller calls done
// when the broker has answered, or will not.
func (s *session) awaitTurn(ctx context.Context) (done func(), err error) {
	queue := s.gw.options.LoginQueue
	if queue == nil {
		return func() {}, nil
	}
	ctx, traced := s.gw.tracing.step(ctx, "await turn")
	defer func() { traced(err) }()
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	if !s.setLeaveQueue(leave) {
		return nil, errEndedInLogin
	}
	defer s.setLeaveQueue(nil)
	s.phase.Store(awaitingTurn)
	defer s.phase.Store(loggingIn)
	s.tickSoon()
	begin := time.Now()
	done, err = queue.Enter(ctx)
	switch {
	case err == nil:
		s.gw.metrics.turnWaits.Observe(time.Since(begin).Seconds())
	case errors.Is(err, broker.ErrBusy):
		s.gw.metrics.noTurn.Inc()
		err = s.unavailable(codeBrokerBusy, "too many clients log in now, try again later", err)
	default:
		err = errEndedInLogin
	}
	return done, err
}

// setLeaveQueue makes known to whoever ends the session how it leaves the queue;
// nil is when it is in none. It tells whether the session goes on.
func (s *session) setLeaveQueue(leave context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveQueue = leave
	return s.ended == nil
}

// lookTurnEvery is how long a client that has left may keep its place.
const lookTurnEvery = time.Second

// lookTurn notices that a client has left while its session awaits its turn, in
// which nobody reads what it sends.
func (s *session) lookTurn(now int64) int64 {
	if s.client.left() {
		s.end(endBy(ClientClosed, "", errors.New("left before its turn to log in")))
		return never
	}
	return now + int64(lookTurnEvery)
}
