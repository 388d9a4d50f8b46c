package gateway

import (
	"testing"
	"unsafe"
)

// A session of a byte more would take the next of the allocator's sizes, 128
// bytes larger, ten thousand times.
func TestSessionFitsItsSizeClass(t *testing.T) {
	if got := unsafe.Sizeof(session{}); got > 1024 {
		t.Errorf("got %d bytes, want no more than 1024", got)
	}
}
