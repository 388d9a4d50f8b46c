package gateway

import (
	"context"
	"fmt"
	"time"
)

func goingAway() ending {
	const message = "the server is going away, connect again"
	return endBy(Draining, message, nil).withError(errorFrame{code: codeDraining, message: message})
}

// Drain refuses new sessions and ends those there are, one after the other over
// the given time, so that the clients do not all come back at once. It returns
// when none is left, or with an error when the context ends first; then the
// sessions that are left are cut off.
func (g *Gateway) Drain(ctx context.Context, spread time.Duration) error {
	list := g.sessions.refuse()
	begin := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i, s := range list {
		timer.Reset(time.Until(begin.Add(spread * time.Duration(i) / time.Duration(len(list)))))
		select {
		case <-timer.C:
			s.end(goingAway())
		case <-g.sessions.empty:
			return nil
		case <-ctx.Done():
			return g.cut(ctx)
		}
	}
	select {
	case <-g.sessions.empty:
		return nil
	case <-ctx.Done():
		return g.cut(ctx)
	}
}

func (g *Gateway) cut(ctx context.Context) error {
	left := g.sessions.all()
	for _, s := range left {
		s.end(goingAway())
		s.client.close()
	}
	return fmt.Errorf("%d sessions were cut off: %w", len(left), ctx.Err())
}
