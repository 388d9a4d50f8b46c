package main

import (
	"runtime"
	"testing"

	"github.com/stompgw/stompgw/internal/eventually"
)

var garbage []byte // a global, so that it is on the heap

// TestMemoryIsGivenBack: once, when the process has become quiet.
func TestMemoryIsGivenBack(t *testing.T) {
	var m memory
	held := make([]byte, 64<<20) // in use, so that the runtime keeps as much again
	m.giveBack()
	for now := m.collections; now == m.collections; now, _, _ = readMemory() {
		garbage = make([]byte, 32<<20)
	}
	if m.giveBack() {
		t.Error("memory was given back while the runtime collected")
	}
	runtime.GC()
	garbage = make([]byte, 32<<20)
	garbage = nil
	// A collection that was under way may still count as one more.
	eventually.True(t, "memory is given back", m.giveBack)
	_, used, spare := readMemory()
	if used < uint64(len(held)) || spare > used/8 {
		t.Errorf("%d bytes are kept beside %d in use", spare, used)
	}
	if m.giveBack() {
		t.Error("what was given back is given back again")
	}
	runtime.KeepAlive(held)
}
