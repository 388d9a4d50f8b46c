package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal gives a context that ends with the first SIGTERM or SIGINT. The
// second ends the process at once, as it would without this.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// onHangup takes SIGHUP from now on, when it would end the process otherwise. The
// caller runs follow, which calls f for each until the context ends.
func onHangup(ctx context.Context, f func()) (follow func()) {
	hangups := make(chan os.Signal, 1) // of several at a time, one is enough
	signal.Notify(hangups, syscall.SIGHUP)
	return func() {
		defer signal.Stop(hangups)
		for {
			select {
			case <-hangups:
				f()
			case <-ctx.Done():
				return
			}
		}
	}
}
