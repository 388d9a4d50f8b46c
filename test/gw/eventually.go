package gw

import (
	"testing"
	"time"
)

// Eventually asks until the condition holds, and fails the test when it does not within the time. The condition's
// text completes the sentence "after 5s still not: …".
func Eventually(t testing.TB, within time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for wait := 2 * time.Millisecond; !condition(); wait = min(2*wait, 100*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not: %s", within, what)
		}
		time.Sleep(wait)
	}
}
