// Package eventually waits, in tests, for what should come at once and may take a
// moment, and fails those that wait in vain.
package eventually

import (
	"testing"
	"time"
)

// patience is how long is waited: far longer than anything takes on a busy machine.
const patience = 20 * time.Second

// True asks again and again until the condition holds; what says which it is.
func True(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// Receive gives what comes from the channel, the zero value where it is closed; what
// says what was to come.
func Receive[T any](t testing.TB, what string, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatalf("waited in vain: %s", what)
	}
	return v
}
