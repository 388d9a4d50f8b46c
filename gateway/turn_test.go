package gateway

import (
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
)

const connectFrame = "CONNECT\naccept-version:1.2\n\n\x00"

// newOneAtATime is newTestGateway that has one login under way at a time.
func newOneAtATime(t *testing.T, wait time.Duration, change func(*Options)) *testGateway {
	t.Helper()
	return newTestGateway(t, func(o *Options) {
		o.LoginQueue = broker.NewQueue(broker.Pace{Rate: 10_000, AtOnce: 1, MaxWait: wait})
		if change != nil {
			change(o)
		}
	})
}

// line opens a session whose login is under way, and others that await their turn
// behind it, in order.
func (g *testGateway) line(behind int) (waiting []*browser, first *peer) {
	g.t.Helper()
	g.open().text(connectFrame)
	first = g.accept()
	first.frame()
	for i := range behind {
		b := g.open()
		b.text(connectFrame)
		g.waiting(i + 1)
		waiting = append(waiting, b)
	}
	return waiting, first
}

func (g *testGateway) waiting(want int) {
	g.t.Helper()
	g.eventually("logins to wait", func() bool { return g.options.LoginQueue.Waiting() == want })
}

// nobodyElse fails where the broker has a connection to accept.
func (g *testGateway) nobodyElse() {
	g.t.Helper()
	l := g.listener.(*net.TCPListener)
	_ = l.SetDeadline(time.Now().Add(50 * time.Millisecond))
	if c, err := l.Accept(); err == nil {
		c.Close()
		g.t.Error("a login that should wait has got to the broker")
	}
	_ = l.SetDeadline(time.Time{})
}

func TestLoginsTakeTurns(t *testing.T) {
	g := newOneAtATime(t, patience, nil)
	waiting, p := g.line(2)
	g.nobodyElse()
	found, _ := g.FindSessions(SessionQuery{State: "awaiting_turn", Limit: 10})
	if len(found) != 2 {
		t.Errorf("awaiting their turn: got %d sessions, want 2", len(found))
	}
	for _, b := range waiting {
		p.write("CONNECTED\nversion:1.2\n\n\x00")
		p = g.accept()
		p.frame()
		g.nobodyElse()
		p.write("CONNECTED\nversion:1.2\nsession:" + b.LocalAddr().String() + "\n\n\x00")
		b.wantMessage("CONNECTED\nheart-beat:10000,10000\nversion:1.2\nsession:" + b.LocalAddr().String() + "\n\n")
	}
	if got := testutil.CollectAndCount(g.metrics.turnWaits); got != 1 {
		t.Errorf("got %d series of waits, want 1", got)
	}
}

// Who is refused by the gateway takes no turn.
func TestNoTurnWithoutIdentity(t *testing.T) {
	g := newOneAtATime(t, patience, withAuth(&fakeAuth{
		fromRequest: nobody,
		fromConnect: func(_ *auth.Request, c *auth.Connect) (*auth.Identity, error) {
			if len(c.Headers) == 0 {
				return nil, &auth.Refusal{Code: auth.Unauthenticated, Message: "you may not be here"}
			}
			return alice(), nil
		},
	}))
	g.open().text("CONNECT\naccept-version:1.2\nlogin:me\n\n\x00")
	g.accept().frame()
	b := g.open()
	b.text(connectFrame)
	b.wantError(auth.Unauthenticated)
	b.wantClose(1008)
}

func TestBusyBroker(t *testing.T) {
	g := newOneAtATime(t, time.Millisecond, nil)
	g.open().text(connectFrame)
	g.accept().frame()
	b := g.open()
	b.text("CONNECT\naccept-version:1.2\nreceipt:r\n\n\x00")
	if got, want := b.wantError("broker_busy"), "ERROR\ncode:broker_busy\nmessage:too many clients log in now, try again later\nreceipt-id:r\n"; got[:len(want)] != want {
		t.Errorf("got %q, want %q", got, want)
	}
	b.wantClose(1013)
	g.ended(BrokerUnavailable, 1)
	if got := testutil.ToFloat64(g.metrics.noTurn); got != 1 {
		t.Errorf("logins refused: got %v, want 1", got)
	}
}

// The one behind a client that has left moves up. What that one sent is read by
// nobody, so that it left shows by its connection only.
func TestWhoLeavesLosesItsTurn(t *testing.T) {
	g := newOneAtATime(t, patience, nil)
	waiting, p := g.line(3)
	waiting[1].text("SEND\ndestination:/q\n\nunread\x00")
	waiting[1].Close()
	g.ended(ClientClosed, 1)
	g.waiting(2)
	p.write("CONNECTED\nversion:1.2\n\n\x00")
	for _, b := range []*browser{waiting[0], waiting[2]} {
		p = g.accept()
		p.frame()
		p.write("CONNECTED\nversion:1.2\n\n\x00")
		b.message()
	}
	g.nobodyElse()
}

// Whatever ends a session ends its wait, although no turn comes.
func TestEndWhileWaiting(t *testing.T) {
	g := newOneAtATime(t, time.Hour, func(o *Options) { o.LoginTimeout = time.Hour })
	waiting, _ := g.line(2)
	for _, s := range g.sessions.all() {
		if s.phase.Load() == awaitingTurn {
			s.end(goingAway())
		}
	}
	for _, b := range waiting {
		b.wantError("draining")
		b.wantClose(1001)
	}
	g.waiting(0)
}

// The wait for its turn takes nothing from the time that a login has at the
// broker.
func TestWaitIsNotLogin(t *testing.T) {
	g := newOneAtATime(t, patience, func(o *Options) { o.LoginTimeout = 2 * time.Second })
	waiting, _ := g.line(1) // for the whole login timeout: the broker says nothing
	p := g.accept()
	p.frame()
	p.write("CONNECTED\nversion:1.2\n\n\x00")
	waiting[0].wantMessage("CONNECTED\nheart-beat:10000,10000\nversion:1.2\n\n")
}

// A session over HTTP is gone when it has not polled for too long.
func TestPolledClientLosesItsTurn(t *testing.T) {
	c := client{polled: &polled{conn: leftConn{}}}
	if !c.left() {
		t.Error("a SockJS session without its client has not left")
	}
}

type leftConn struct{ messageConn }

func (leftConn) Left() bool { return true }
