package wire

import (
	"testing"
	"unsafe"
)

// A connection is three cache lines, of which one is the writer's. The allocator
// begins objects of that size on a line.
func TestConnFitsCacheLines(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) < 8 {
		t.Skip("smaller where pointers are")
	}
	var c Conn
	if size, readers := unsafe.Sizeof(c), unsafe.Offsetof(c.raw); size != 192 || readers != 64 {
		t.Errorf("got %d bytes, the reader's from %d, want 192 and 64", size, readers)
	}
}
