package gateway

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func TestStatus(t *testing.T) {
	g := newTestGateway(t, nil)
	if got := g.Status(); got.Sessions != 0 || got.Limit != 100 || got.Draining || len(got.LastEnds) != 0 {
		t.Errorf("at rest: got %+v", got)
	}
	b, p := g.connect("", "")
	b.text("SEND\ndestination:/a\n\n\x00")
	p.frame()
	g.open() // and says nothing
	g.eventually("two sessions", func() bool { return g.Status().Transports["websocket"] == 2 })
	g.eventually("the SEND to be counted", func() bool { return g.Status().Totals.FramesToBroker == 2 })
	got := g.Status()
	if got.Totals.Begun != 2 || got.Totals.Ended != 0 || got.Totals.FramesToClient != 1 || got.Totals.BytesToBroker == 0 || got.Totals.BytesToClient == 0 {
		t.Errorf("got %+v", got.Totals)
	}
	b.text("DISCONNECT\n\n\x00")
	b.wantClose(1000)
	g.eventually("one end", func() bool { return g.Status().Totals.Ended == 1 })
	got = g.Status()
	if len(got.LastEnds) != 1 || got.Sessions != 1 || got.Totals.FramesToBroker != 3 {
		t.Fatalf("got %+v", got)
	}
	end := got.LastEnds[0]
	if end.Reason != Disconnected || end.Code != 1000 || end.Transport != "websocket" || end.Address != netip.MustParseAddr("127.0.0.1") ||
		end.Seconds <= 0 || time.Since(end.At) > patience || end.Session == "" {
		t.Errorf("got %+v", end)
	}
}

// Rates are over the time since the last look, and looking often does not make
// them jump.
func TestRates(t *testing.T) {
	const second = int64(time.Second)
	var p pace
	for _, tc := range []struct {
		at, begun  int64
		over, want float64
	}{
		{second / 2, 3, 0.5, 3}, // of a gateway that is younger than a second
		{2 * second, 10, 2, 5},
		{2*second + second/2, 11, 2.5, 4.4}, // too soon for a new base
		{4 * second, 20, 2, 5},
		{4*second + 1, 20, 2, 5},
		{64 * second, 80, 60, 1},
	} {
		got := p.rates(Totals{Begun: tc.begun, Passed: Passed{BytesToClient: 2 * tc.begun}}, tc.at)
		if d := got.Over - tc.over; d < -1e-6 || d > 1e-6 || fmt.Sprintf("%.3f", got.Begun) != fmt.Sprintf("%.3f", tc.want) ||
			fmt.Sprintf("%.3f", got.BytesToClient) != fmt.Sprintf("%.3f", 2*tc.want) {
			t.Errorf("at %v: got %+v, want %v over %v", time.Duration(tc.at), got, tc.want, tc.over)
		}
	}
}

func TestLastEndsAreBounded(t *testing.T) {
	var l lastEnds
	for i := range 3*keptEnds + 7 {
		l.add(End{Code: i})
	}
	list := l.list()
	if len(list) != keptEnds || list[0].Code != 3*keptEnds+6 || list[keptEnds-1].Code != 2*keptEnds+7 {
		t.Errorf("got %d ends from %d to %d", len(list), list[0].Code, list[len(list)-1].Code)
	}
}

func TestFindSessions(t *testing.T) {
	g := newTestGateway(t, nil)
	g.connect("", "")
	g.connect("", "")
	g.open()
	g.eventually("three sessions", func() bool { return g.Status().Sessions == 3 })
	g.eventually("two logins", func() bool { // CONNECTED comes a moment before
		found, _ := g.FindSessions(SessionQuery{State: "connected", Limit: 10})
		return len(found) == 2
	})
	broker := "tcp://" + g.listener.Addr().String()
	for _, tc := range []struct {
		name string
		q    SessionQuery
		want int
	}{
		{"all", SessionQuery{}, 3},
		{"connected", SessionQuery{State: "connected"}, 2},
		{"not connected", SessionQuery{State: "awaiting_connect"}, 1},
		{"of the broker", SessionQuery{Broker: broker}, 2},
		{"of another broker", SessionQuery{Broker: "tcp://b:1"}, 0},
		{"1.2", SessionQuery{Version: "1.2"}, 2},
		{"1.1", SessionQuery{Version: "1.1"}, 0},
		{"transport", SessionQuery{Transport: "websocket"}, 3},
		{"other transport", SessionQuery{Transport: "xhr"}, 0},
		{"network", SessionQuery{Network: netip.MustParsePrefix("127.0.0.0/8")}, 3},
		{"other network", SessionQuery{Network: netip.MustParsePrefix("10.0.0.0/8")}, 0},
		{"principal", SessionQuery{Principal: "nobody"}, 0},
		{"paused", SessionQuery{Paused: true}, 0},
	} {
		tc.q.Limit = 10
		if found, more := g.FindSessions(tc.q); len(found) != tc.want || more {
			t.Errorf("%s: got %d, more %v, want %d", tc.name, len(found), more, tc.want)
		}
	}
	var ids []string
	q := SessionQuery{Limit: 1}
	for more := true; more && len(ids) < 4; q.After = ids[len(ids)-1] {
		var page []SessionStatus
		if page, more = g.FindSessions(q); len(page) != 1 {
			t.Fatalf("got a page of %d", len(page))
		}
		ids = append(ids, page[0].ID)
	}
	if len(ids) != 3 || !slices.IsSorted(ids) || len(slices.Compact(ids)) != 3 {
		t.Errorf("page by page: got %q", ids)
	}
	if s, ok := g.Session(ids[1]); !ok || s.ID != ids[1] || time.Since(s.Since) > patience {
		t.Errorf("got %+v, %v", s, ok)
	}
	if _, ok := g.Session("nobody"); ok {
		t.Error("found a session that is not there")
	}
}

// An operator ends one session and no other, and the log says who asked for it.
func TestEndSession(t *testing.T) {
	g := newTestGateway(t, nil)
	b, _ := g.connect("", "")
	page, _ := g.FindSessions(SessionQuery{Limit: 1})
	other, otherBroker := g.connect("", "")
	if g.EndSession("nobody", "me") {
		t.Error("ended a session that is not there")
	}
	if !g.EndSession(page[0].ID, "192.0.2.1:7") {
		t.Fatal("the session is not there")
	}
	if s, ok := g.Session(page[0].ID); ok && s.State != "ending" {
		t.Errorf("got state %s, want ending", s.State)
	}
	b.wantError("operator_closed")
	b.wantClose(4004)
	g.ended(OperatorClosed, 1)
	if got := g.logs.FilterMessage("session ended").All()[0].ContextMap()["cause"]; got != "asked for by 192.0.2.1:7" {
		t.Errorf("got cause %q in the log", got)
	}
	otherBroker.write("MESSAGE\na:1\n\n\x00")
	other.wantMessage("MESSAGE\na:1\n\n")
}
