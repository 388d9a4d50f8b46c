package gateway

import (
	"net/netip"
	"sync"
)

// registry knows the sessions that live, and keeps their number within limits.
type registry struct {
	max, maxPerAddr int // maxPerAddr 0 is no limit

	mu       sync.Mutex
	sessions map[*session]struct{}
	perAddr  map[netip.Addr]int // by site
	reserved int                // sessions admitted, whether they are in the map yet or not
	refusing bool
	begun    int64         // sessions there were
	up, down traffic       // of the sessions that have left
	empty    chan struct{} // closed when the last session left while refusing
}

func newRegistry(maxSessions, maxPerAddr int) *registry {
	return &registry{
		max: maxSessions, maxPerAddr: maxPerAddr,
		sessions: map[*session]struct{}{},
		perAddr:  map[netip.Addr]int{},
		empty:    make(chan struct{}),
	}
}

// site gives what counts as one address: of IPv6 a network of 64 bits, which is
// what one customer has at the least.
func site(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}

// reserve takes a place for a session, or gives the reason why there is none.
func (r *registry) reserve(addr netip.Addr) (refused string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.refusing:
		return refusedDraining
	case r.reserved >= r.max:
		return refusedSessions
	case r.maxPerAddr > 0 && r.perAddr[site(addr)] >= r.maxPerAddr:
		return refusedPerAddr
	}
	r.reserved++
	r.perAddr[site(addr)]++
	return ""
}

// add puts a session that has a place into the list. It tells whether the
// gateway is draining by now.
func (r *registry) add(s *session) (draining bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions[s] = struct{}{}
	r.begun++
	return r.refusing
}

// release gives back the place of addr; s is nil where no session came of it.
func (r *registry) release(addr netip.Addr, s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s != nil {
		delete(r.sessions, s)
		r.up.add(&s.up)
		r.down.add(&s.down)
	}
	r.reserved--
	if r.perAddr[site(addr)]--; r.perAddr[site(addr)] == 0 {
		delete(r.perAddr, site(addr))
	}
	if r.refusing && r.reserved == 0 {
		r.closeEmpty()
	}
}

// refuse lets no more sessions in and lists those there are.
func (r *registry) refuse() []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusing = true
	if r.reserved == 0 {
		r.closeEmpty()
	}
	return r.list()
}

func (r *registry) closeEmpty() {
	select {
	case <-r.empty:
	default:
		close(r.empty)
	}
}

// list gives the sessions there are; the caller holds mu.
func (r *registry) list() []*session {
	list := make([]*session, 0, len(r.sessions))
	for s := range r.sessions {
		list = append(list, s)
	}
	return list
}

// count gives the number of sessions.
func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reserved
}

// all lists the sessions there are.
func (r *registry) all() []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list()
}

// census is what all sessions come to at one moment.
type census struct {
	sessions     []*session
	refusing     bool
	begun, ended int64
	up, down     traffic // to the broker and to the client, of those that have left too
}

func (r *registry) census() *census {
	c := &census{}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.sessions, c.refusing = r.list(), r.refusing
	c.begun, c.ended = r.begun, r.begun-int64(len(r.sessions))
	c.up.add(&r.up)
	c.down.add(&r.down)
	for _, s := range c.sessions {
		c.up.add(&s.up)
		c.down.add(&s.down)
	}
	return c
}
