package gateway

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/stompgw/stompgw/wire"
)

// SessionStatus is a session at one moment, for people to look at.
type SessionStatus struct {
	ID        string     `json:"id"` // the gateway's own, as in the log
	Address   netip.Addr `json:"address"`
	Transport string     `json:"transport"`
	Principal string     `json:"principal,omitempty"` // "" where nobody asked who it is
	State     string     `json:"state"`               // awaiting_connect, logging_in, awaiting_turn, connected, ending
	Broker    string     `json:"broker,omitempty"`    // "" until it is connected
	Version   string     `json:"stomp,omitempty"`     // of the protocol; the same
	Since     time.Time  `json:"since"`
	Passed
	PausedToBroker bool `json:"paused_to_broker"` // it now waits for this side to read
	PausedToClient bool `json:"paused_to_client"`
}

// stateNames are the phases as people see them, while the session does not end.
var stateNames = [...]string{awaitingConnect: "awaiting_connect", loggingIn: "logging_in", awaitingTurn: "awaiting_turn", connected: "connected"}

// status takes a snapshot. Any goroutine may.
func (s *session) status(now int64) SessionStatus {
	phase := s.phase.Load()
	st := SessionStatus{
		ID: s.id, Address: s.addr, Transport: s.client.transport.String(), State: stateNames[phase],
		Principal: s.rights.principal(), Since: wire.At(s.begun).UTC(), Passed: passed(&s.up, &s.down),
	}
	st.PausedToBroker, st.PausedToClient = s.heldUp(now)
	if s.how() != nil {
		st.State = "ending"
	}
	if phase == connected { // what login sets is visible from here on
		st.Broker, st.Version = s.target.String(), s.version.String()
	}
	return st
}

// SessionQuery says which sessions are looked for. Empty fields ask for nothing.
type SessionQuery struct {
	Network   netip.Prefix // of the address
	Transport string
	Principal string
	State     string
	Broker    string
	Version   string // of STOMP
	Paused    bool   // only those that wait for a side to read
	After     string // an id: only sessions behind it
	Limit     int    // of the answer; there must be one
}

func (q *SessionQuery) matches(st *SessionStatus) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return st.ID > q.After && (!q.Network.IsValid() || q.Network.Contains(st.Address)) &&
		is(q.Transport, st.Transport) && is(q.Principal, st.Principal) && is(q.State, st.State) &&
		is(q.Broker, st.Broker) && is(q.Version, st.Version) && (!q.Paused || st.PausedToBroker || st.PausedToClient)
}

// FindSessions gives the sessions that a query asks for, in the order of their
// ids, and whether there are more than its limit.
func (g *Gateway) FindSessions(q SessionQuery) (found []SessionStatus, more bool) {
	now := g.clock()
	found = []SessionStatus{}
	for _, s := range g.sessions.all() {
		if st := s.status(now); q.matches(&st) {
			found = append(found, st)
		}
	}
	slices.SortFunc(found, func(a, b SessionStatus) int { return strings.Compare(a.ID, b.ID) })
	if len(found) > q.Limit {
		return found[:q.Limit], true
	}
	return found, false
}

// session finds one by its id; nil where there is none.
func (g *Gateway) session(id string) *session {
	for _, s := range g.sessions.all() {
		if s.id == id {
			return s
		}
	}
	return nil
}

// Session gives the session with the id, if there is one.
func (g *Gateway) Session(id string) (SessionStatus, bool) {
	s := g.session(id)
	if s == nil {
		return SessionStatus{}, false
	}
	return s.status(g.clock()), true
}

// EndSession ends the session with the id, if there is one. by says in the log who
// wanted it.
func (g *Gateway) EndSession(id, by string) bool {
	s := g.session(id)
	if s == nil {
		return false
	}
	const message = "an operator has ended this session"
	s.end(endBy(OperatorClosed, message, fmt.Errorf("asked for by %s", by)).
		withError(errorFrame{code: codeOperatorClosed, message: message}))
	return true
}
