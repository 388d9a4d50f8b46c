package eventually

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// failure is a test that is meant to fail.
type failure struct {
	testing.TB
	text string
}

func (f *failure) Helper() {}

func (f *failure) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failed gives what a test fails with, "" for nothing, and how long it took.
func failed(t *testing.T, test func(t testing.TB)) (text string, took time.Duration) {
	synctest.Test(t, func(*testing.T) {
		var f failure
		begin, done := time.Now(), make(chan struct{})
		go func() { defer close(done); test(&f) }()
		<-done
		text, took = f.text, time.Since(begin)
	})
	return text, took
}

func TestTrue(t *testing.T) {
	asked := 0
	if text, _ := failed(t, func(t testing.TB) { True(t, "it is", func() bool { asked++; return asked == 3 }) }); text != "" || asked != 3 {
		t.Errorf("got %q after %d questions, want none after 3", text, asked)
	}
	text, took := failed(t, func(t testing.TB) { True(t, "it is", func() bool { return false }) })
	if text != "waited in vain: it is" || took < patience || took > 2*patience {
		t.Errorf("got %q after %v", text, took)
	}
}

func TestReceive(t *testing.T) {
	given := make(chan int, 1)
	given <- 7
	got := 0
	if text, _ := failed(t, func(t testing.TB) { got = Receive(t, "a number", given) }); text != "" || got != 7 {
		t.Errorf("got %d, %q", got, text)
	}
	text, took := failed(t, func(t testing.TB) { Receive(t, "a number", make(chan int)) })
	if text != "waited in vain: a number" || took != patience {
		t.Errorf("got %q after %v", text, took)
	}
}
