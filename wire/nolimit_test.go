package wire

import (
	"testing"
	"time"
)

// A connection without a write limit has none after TryWrite either.
func TestTryWriteWithoutLimit(t *testing.T) {
	near, far := tcpPair(t)
	c := New(near, 0)
	if _, err := c.TryWrite([]byte("beat")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if _, err := c.Write([]byte("after")); err != nil {
		t.Errorf("a write after TryWrite: %v", err)
	}
	wantText(t, far, "beat")
}
