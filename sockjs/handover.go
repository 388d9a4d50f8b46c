package sockjs

import "context"

type handOverKey struct{}

// WithHandOver gives a context for a poll that is to be answered to its end, with
// nothing lost, when c is closed: the way by which it came is about to go, and the
// client asks again by another.
func WithHandOver(ctx context.Context, c <-chan struct{}) context.Context {
	return context.WithValue(ctx, handOverKey{}, c)
}

// HandOver gives the channel of WithHandOver, nil where there is none.
func HandOver(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(handOverKey{}).(<-chan struct{})
	return c
}
