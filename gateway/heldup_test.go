package gateway

import (
	"sync"
	"testing"
	"time"
)

// While the broker does not take what a client sent, the client is not read. That
// is no silence of its own, neither then nor when the broker has taken it, and no
// standstill of the frame that it is in.
func TestHeldUpByBrokerIsNoSilence(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("heart-beat:1000,0\n", "")
	s := g.only()
	b.text("SEND\n\n")
	p.read("SEND\n\n")
	g.heldUp(s, &s.brokerTurn, &s.client.read, func() { b.text("x") }, func() { p.read("x") })
	b.text("\x00")
	p.wantFrame("")
}

// Nor is a client silent that takes what has waited for it.
func TestHeldUpByClientIsNoSilence(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("heart-beat:1000,0\n", "")
	s := g.only()
	g.heldUp(s, &s.client.mu, &s.brokerRead, func() { p.write("MESSAGE\n\nx\x00") }, func() { b.wantMessage("MESSAGE\n\nx") })
	p.write("MESSAGE\n\nstill here\x00")
	b.wantMessage("MESSAGE\n\nstill here")
}

// heldUp has the session read and then held up, by the turn to write, as by a side
// that takes nothing. read is the stamp of what is read. Nobody but the test looks
// for what ends the session: between the test's turn and the session's, nobody has it.
func (g *testGateway) heldUp(s *session, turn *sync.Mutex, read *stamp, send, taken func()) {
	g.t.Helper()
	g.eventually("the login to end", s.isConnected) // CONNECTED comes a moment before
	s.tickTurn.Lock()
	defer s.tickTurn.Unlock()
	turn.Lock()
	free := sync.OnceFunc(turn.Unlock)
	defer free()
	then := g.clock() - int64(time.Hour)
	longAgo := func() {
		s.client.taken.at.Store(then)
		s.client.read.at.Store(then)
		if s.midSince.Load() != 0 {
			s.midSince.Store(then)
		}
	}
	longAgo()
	read.at.Store(then)
	send()
	g.eventually("it to be read", func() bool { return read.get() != then && s.midSince.Load() != then })
	reading := g.clock()
	g.eventually("it to count as held up", func() bool { return g.clock()-reading >= pausedFrom })
	longAgo()
	g.wantNotEnded(s, "while it is held up")
	free()
	taken()
	g.eventually("the write to end", func() bool { return !isTaken(turn) })
	g.wantNotEnded(s, "when it has been taken")
}

// wantNotEnded looks for what ends a session, of which the caller has the tick's turn.
func (g *testGateway) wantNotEnded(s *session, when string) {
	g.t.Helper()
	s.look(g.clock())
	if e := s.how(); e != nil {
		g.t.Errorf("%s: the session was ended as %s: %s", when, e.reason, e.text)
	}
}
