package cluster

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"
)

// state is what a member says of itself. It only grows.
type state int

const (
	joining state = iota - 1 // owns no sessions yet: not all may know it
	ready
	draining // owns no new sessions
	leaving  // and gives up the requests that it has passed on
)

var stateNames = []string{"joining", "ready", "draining", "leaving"}

func (s state) String() string { return stateNames[s-joining] }

// MarshalText gives the name.
func (s state) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *state) UnmarshalText(text []byte) error {
	i := slices.Index(stateNames, string(text))
	if i < 0 {
		return errors.New("no such state")
	}
	*s = joining + state(i)
	return nil
}

// member is one run of another gateway, or of this one.
type member struct {
	instance string        // set once
	state    state         // guarded by members.mu
	leaves   chan struct{} // closed when the state is leaving
}

// says notes its state. Answers may overtake each other, so it never goes back.
func (r *member) says(s state) {
	if s > r.state && s == leaving {
		close(r.leaves)
	}
	r.state = max(r.state, s)
}

// peer is an address at which there is a member, or may be.
type peer struct {
	addr string // set once

	// Guarded by members.mu.
	listed      bool      // the settings have it, or a name has it now
	member      *member   // who answered here last; nil for nobody who may still live
	heardAt     time.Time // of the last answer
	silentSince time.Time // zero while it answers
	absent      bool      // nothing listens there
}

// members are the peers that are known. Whoever has answered once is a member
// until nothing listens there any more, or it was silent for too long: until then
// it may have sessions.
type members struct {
	mu    sync.Mutex // never held over I/O
	peers map[string]*peer
	mine  state  // of this gateway
	self  string // its instance
}

func (m *members) announce(s state) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mine = s
}

// me gives the state of this gateway.
func (m *members) me() state {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mine
}

// list makes the peers that are listed just these.
func (m *members) list(addrs []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.peers {
		p.listed = slices.Contains(addrs, p.addr)
	}
	for _, addr := range addrs {
		m.add(addr).listed = true
	}
}

// maxPeers bounds what is known, whatever a name or a member says.
const maxPeers = 256

// add gives the peer of an address; the caller holds mu.
func (m *members) add(addr string) *peer {
	p := m.peers[addr]
	if p == nil {
		p = &peer{addr: addr, silentSince: time.Now()}
		if len(m.peers) < maxPeers {
			m.peers[addr] = p
		}
	}
	return p
}

// all gives every peer.
func (m *members) all() []*peer {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*peer, 0, len(m.peers))
	for _, p := range m.peers {
		list = append(list, p)
	}
	return list
}

// heard notes what a peer has answered to a hello of the time asked. It tells
// whether that is a member that was not there before.
func (m *members) heard(p *peer, asked time.Time, h hello) (isNew bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p = m.add(p.addr) // it may have been forgotten while it was asked
	if p.heardAt.After(asked) && p.member != nil && p.member.instance != h.Instance {
		return false // the last word of one that another has taken the place of
	}
	p.heardAt = time.Now()
	if p.member = m.find(h.Instance); p.member == nil {
		p.member = &member{instance: h.Instance, state: joining, leaves: make(chan struct{})}
		isNew = h.Instance != m.self
	}
	p.member.says(h.State)
	p.silentSince, p.absent = time.Time{}, false
	for _, addr := range h.Members {
		m.add(addr) // it counts when it answers
	}
	return isNew
}

// missing gives those that are listed, and neither answer nor are known not to be
// there.
func (m *members) missing() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var addrs []string
	for _, p := range m.peers {
		if p.listed && p.member == nil && !p.absent {
			addrs = append(addrs, p.addr)
		}
	}
	return addrs
}

// reached gives where members answer.
func (m *members) reached() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var addrs []string
	for _, p := range m.peers {
		if p.member != nil && p.member.instance != m.self && p.silentSince.IsZero() {
			addrs = append(addrs, p.addr)
		}
	}
	return addrs
}

// called notes that a member came to us, and where it listens. One that is not
// known yet counts when it has answered there: that is the peer.
func (m *members) called(addr string, h hello) (unknown *peer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.find(h.Instance); known != nil {
		known.says(h.State)
		return nil
	}
	return m.add(addr)
}

// find gives the member of an instance; the caller holds mu.
func (m *members) find(instance string) *member {
	for _, p := range m.peers {
		if p.member != nil && p.member.instance == instance {
			return p.member
		}
	}
	return nil
}

// leaves gives a channel that is closed when a member is about to end; nil where
// nobody knows it.
func (m *members) leaves(instance string) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.find(instance); known != nil {
		return known.leaves
	}
	return nil
}

// failed notes that a peer did not answer what it was asked at a time. It tells
// whether a member is gone by that, and its sessions with it: nothing listens
// there, it had said that it leaves, or it was silent for too long. Where a pod was,
// nothing answers at all.
func (m *members) failed(p *peer, asked time.Time, cause error) (gone bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.peers[p.addr] != p {
		return false // it was forgotten since; who is there now is another's finding
	}
	left := p.member != nil && p.member.state == leaving
	if p.heardAt.After(asked) && !left { // after a goodbye, no answer is to be had
		return false // it has come back since
	}
	if p.silentSince.IsZero() {
		p.silentSince = time.Now()
	}
	p.absent = errors.Is(cause, syscall.ECONNREFUSED)
	if !p.absent && !left && time.Since(p.silentSince) < goneAfter {
		return false
	}
	gone = p.member != nil
	p.member = nil
	if !p.listed {
		delete(m.peers, p.addr)
	}
	return gone
}

// answered notes that whoever is at a peer has answered a question. It is no hello:
// it does not say who answers.
func (m *members) answered(p *peer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.member != nil {
		p.silentSince = time.Time{}
	}
}

// isLeaving tells whether the member at a peer has said that it leaves.
func (m *members) isLeaving(p *peer) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return p.member != nil && p.member.state == leaving
}

// isGone tells whether nobody is at a peer who may have sessions.
func (m *members) isGone(p *peer) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return p.member == nil
}

// others gives where the members beside this one are, each once even where it has
// several addresses.
func (m *members) others() []*peer {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := map[*member]*peer{}
	for _, p := range m.peers {
		if p.member == nil || p.member.instance == m.self {
			continue
		}
		if known := at[p.member]; known == nil || p.silentSince.IsZero() {
			at[p.member] = p
		}
	}
	return slices.Collect(maps.Values(at))
}

// candidates gives those that may own a new session, by instance; nil is this
// gateway.
func (m *members) candidates() map[string]*peer {
	all := map[string]*peer{}
	for _, p := range m.others() {
		m.mu.Lock()
		if p.member != nil && p.member.state == ready && p.silentSince.IsZero() {
			all[p.member.instance] = p
		}
		m.mu.Unlock()
	}
	if m.me() == ready || len(all) == 0 {
		all[m.self] = nil
	}
	return all
}

// silent is what counts as the state of a member that does not answer.
const silent = "silent"

// count gives the number of other members by state.
func (m *members) count() map[string]int {
	n := map[string]int{}
	for _, p := range m.others() {
		m.mu.Lock()
		switch {
		case !p.silentSince.IsZero():
			n[silent]++
		case p.member != nil:
			n[p.member.state.String()]++
		}
		m.mu.Unlock()
	}
	return n
}
