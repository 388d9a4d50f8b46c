package gateway

import "sync/atomic"

// stamp is a time in nanoseconds since the gateway was made, kept to within
// stampGrain: writing it for every frame would cost more than it is worth.
type stamp struct{ at atomic.Int64 }

const stampGrain = 10_000_000

// set sets the time.
func (s *stamp) set(now int64) {
	if now-s.at.Load() >= stampGrain {
		s.at.Store(now)
	}
}

// get gives the time.
func (s *stamp) get() int64 { return s.at.Load() }
