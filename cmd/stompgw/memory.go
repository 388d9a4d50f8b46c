package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	giveBackEvery = time.Minute // how often memory is looked at
	giveBackLeast = 1 << 20     // less is not worth a collection
)

// memory is what the process keeps of the system's. The runtime keeps about as much
// again as is in use, as room for what is allocated before it next collects. A crowd
// that comes needs it; a gateway that only passes frames allocates nothing.
type memory struct {
	collections uint64 // so many there had been at the last look
}

// follow gives memory back, until stop is called.
func (m *memory) follow() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(giveBackEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				m.giveBack()
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// giveBack returns to the system what is not in use, where that is an eighth or
// more of what is, and the runtime collected nothing since the last look: who
// allocates soon needs it again. It tells whether it did.
func (m *memory) giveBack() bool {
	collections, used, spare := readMemory()
	quiet := collections == m.collections
	m.collections = collections
	if !quiet || spare < max(used/8, giveBackLeast) {
		return false
	}
	debug.FreeOSMemory()
	return true
}

// readMemory gives the number of collections that the runtime began by itself, and
// bytes of the heap: those that the last collection found in use, and those that
// are garbage or free.
func readMemory() (collections, used, spare uint64) {
	samples := []metrics.Sample{
		{Name: "/gc/cycles/automatic:gc-cycles"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(samples)
	collections, used = samples[0].Value.Uint64(), samples[1].Value.Uint64()
	allocated, free := samples[2].Value.Uint64(), samples[3].Value.Uint64()
	return collections, used, free + max(allocated, used) - used
}
