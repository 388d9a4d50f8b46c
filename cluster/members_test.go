package cluster

import (
	"context"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"
)

// What comes late, from before a restart, changes nothing.
func TestLateAnswers(t *testing.T) {
	m := members{peers: map[string]*peer{}, self: "self"}
	m.list([]string{"a:1"})
	p := m.all()[0]
	before := time.Now()
	m.heard(p, before, hello{Instance: "first"})
	if gone := m.failed(p, time.Now(), syscall.ECONNREFUSED); !gone || !m.isGone(p) {
		t.Fatal("refused: the member is not gone")
	}
	m.heard(p, time.Now(), hello{Instance: "second"})
	if gone := m.failed(p, before, syscall.ECONNREFUSED); gone || m.isGone(p) {
		t.Error("a member that has just come is gone for what was asked before")
	}
	m.heard(p, before, hello{Instance: "first"})
	if m.find("second") == nil || m.find("first") != nil {
		t.Error("a late answer of the first brings it back")
	}
}

// One that said that it leaves has ended its sessions: nobody waits for it, though
// its address is silent as that of a pod that is gone.
func TestLeftIsGone(t *testing.T) {
	m := members{peers: map[string]*peer{}, self: "self"}
	m.list([]string{"a:1"})
	p := m.all()[0]
	for said, want := range map[state]bool{ready: false, draining: false, leaving: true} {
		m.heard(p, time.Now(), hello{Instance: said.String(), State: said})
		if gone := m.failed(p, time.Now(), context.DeadlineExceeded); gone != want || m.isGone(p) != want {
			t.Errorf("silent after %v: gone is %v, want %v", said, gone, want)
		}
	}
}

// What it was asked before it said that it leaves, and did not answer, it will not
// answer any more.
func TestLeftWhileAsked(t *testing.T) {
	for said, want := range map[state]bool{ready: false, draining: false, leaving: true} {
		m := members{peers: map[string]*peer{}, self: "self"}
		m.list([]string{"a:1"})
		p := m.all()[0]
		asked := time.Now()
		m.heard(p, time.Now(), hello{Instance: "first", State: said})
		if gone := m.failed(p, asked, context.DeadlineExceeded); gone != want || m.isGone(p) != want {
			t.Errorf("silent since before it said %v: gone is %v, want %v", said, gone, want)
		}
	}
}

// One whose hellos are lost is not silent as long as it answers questions.
func TestAnswersAreSignsOfLife(t *testing.T) {
	m := members{peers: map[string]*peer{}, self: "self"}
	m.list([]string{"a:1"})
	p := m.all()[0]
	m.heard(p, time.Now(), hello{Instance: "first"})
	asked := time.Now()
	m.failed(p, asked, context.DeadlineExceeded)
	p.silentSince = asked.Add(-goneAfter)
	m.answered(p)
	if gone := m.failed(p, time.Now(), context.DeadlineExceeded); gone || m.isGone(p) {
		t.Error("a member that has just answered is gone")
	}
}

func TestStateNeverGoesBack(t *testing.T) {
	m := members{peers: map[string]*peer{}, self: "self"}
	m.list([]string{"a:1"})
	p := m.all()[0]
	m.heard(p, time.Now(), hello{Instance: "first"})
	m.called("b:1", hello{Instance: "first", State: leaving})
	m.heard(p, time.Now(), hello{Instance: "first", State: ready})
	m.heard(p, time.Now(), hello{Instance: "first", State: leaving})
	select {
	case <-m.leaves("first"):
	default:
		t.Error("the member does not leave")
	}
	if got := m.count()["leaving"]; got != 1 {
		t.Errorf("got %d that leave, want 1", got)
	}
}

// A member that no name shows any more is one until it is silent for too long.
func TestUnlisted(t *testing.T) {
	m := members{peers: map[string]*peer{}, self: "self"}
	m.list([]string{"a:1"})
	p := m.all()[0]
	m.heard(p, time.Now(), hello{Instance: "first"})
	m.list(nil)
	m.failed(p, time.Now(), context.DeadlineExceeded)
	if len(m.others()) != 1 || m.count()[silent] != 1 {
		t.Fatalf("got %v, want a silent member", m.count())
	}
	p.silentSince = time.Now().Add(-goneAfter)
	if !m.failed(p, time.Now(), context.DeadlineExceeded) || len(m.all()) != 0 {
		t.Error("it is still known")
	}
}

// What comes late of an address that was forgotten says nothing of who is there now.
func TestForgottenPeer(t *testing.T) {
	m := members{peers: map[string]*peer{}, self: "self"}
	first, second := hello{Instance: "first"}, hello{Instance: "second"}
	old := m.called("a:1", first)
	m.heard(old, time.Now(), first)
	asked := time.Now()
	m.failed(old, asked, syscall.ECONNREFUSED)
	m.heard(m.called("a:1", second), time.Now(), second)
	m.failed(old, asked, syscall.ECONNREFUSED)
	if len(m.others()) != 1 {
		t.Error("a member that has just come is not known any more")
	}
	third := hello{Instance: "third"}
	old = m.called("b:1", third)
	m.failed(old, time.Now(), syscall.ECONNREFUSED)
	m.heard(old, time.Now(), third)
	if len(m.others()) != 2 {
		t.Error("a member that has answered is not known")
	}
}

// Whatever a name or a member says, so much is known and no more.
func TestPeersAreBounded(t *testing.T) {
	m := members{peers: map[string]*peer{}, self: "self"}
	var addrs []string
	for i := range 2 * maxPeers {
		addrs = append(addrs, time.Duration(i).String())
	}
	m.list(addrs)
	if got := len(m.all()); got != maxPeers {
		t.Errorf("got %d peers, want %d", got, maxPeers)
	}
}

// TestMissing: who joins waits for those that may answer yet, and for no others.
func TestMissing(t *testing.T) {
	m := members{peers: map[string]*peer{}, self: "self"}
	m.list([]string{"answers:1", "refuses:1", "silent:1"})
	for _, p := range m.all() {
		switch p.addr {
		case "answers:1":
			m.heard(p, time.Now(), hello{Instance: "first", Members: []string{"told:1"}})
		case "refuses:1":
			m.failed(p, time.Now(), syscall.ECONNREFUSED)
		case "silent:1":
			m.failed(p, time.Now(), context.DeadlineExceeded)
		}
	}
	if got := m.missing(); len(got) != 1 || got[0] != "silent:1" {
		t.Errorf("got %v", got)
	}
}

// TestCandidates: who drains begins a session only where nobody else can.
func TestCandidates(t *testing.T) {
	m := members{peers: map[string]*peer{}, self: "self"}
	m.list([]string{"a:1"})
	p := m.all()[0]
	for _, step := range []struct {
		mine  state
		other state
		want  []string
	}{
		{ready, ready, []string{"other", "self"}},
		{draining, ready, []string{"other"}},
		{draining, draining, []string{"self"}},
	} {
		m.announce(step.mine)
		m.heard(p, time.Now(), hello{Instance: "other", State: step.other})
		if got := slices.Sorted(maps.Keys(m.candidates())); !slices.Equal(got, step.want) {
			t.Errorf("%v and %v: got %v, want %v", step.mine, step.other, got, step.want)
		}
	}
}
