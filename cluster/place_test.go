package cluster

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

// holder gives the one member that began a session.
func holder(t *testing.T, all []*testMember, session string) *testMember {
	t.Helper()
	var found *testMember
	for _, m := range all {
		switch n := m.count(session); {
		case n > 1 || n == 1 && found != nil:
			t.Fatalf("session %s was begun twice", session)
		case n == 1:
			found = m
		}
	}
	if found == nil {
		t.Fatalf("session %s was begun nowhere", session)
	}
	return found
}

func TestSessionIsFoundFromAnywhere(t *testing.T) {
	all := newCluster(t, 3)
	had := map[*testMember]int{}
	for i := range 60 {
		session := fmt.Sprint("s", i)
		if status, text := all[i%3].browse(session, "poll", ""); status != 200 {
			t.Fatalf("begin: got %d %q", status, text)
		}
		by := holder(t, all, session)
		had[by]++
		for _, m := range all {
			m.want(session, "poll", by)
			m.want(session, "send", by)
		}
		holder(t, all, session)
	}
	for _, m := range all {
		if had[m] < 5 {
			t.Errorf("%s has %d sessions of 60, want about 20", m.name, had[m])
		}
		m.wantStatus("nobody-has-it", "send", 404)
	}
}

// A member that comes takes its share of new sessions, and no old one.
func TestJoin(t *testing.T) {
	all := newCluster(t, 2)
	for i := range 30 {
		all[i%2].wantStatus(fmt.Sprint("old", i), "poll", 200)
	}
	all = append(all, newMember(t, "C", nil, all[1])) // which tells it of the other
	for i := range 30 {
		session := fmt.Sprint("old", i)
		by := holder(t, all, session)
		for _, m := range all {
			m.want(session, "poll", by)
		}
	}
	for _, m := range all {
		m.want(m.ownedBy(all[2]), "poll", all[2])
	}
}

// Members that join at the same time, and know one old member only, know each
// other before they serve.
func TestJoinTogether(t *testing.T) {
	all := newCluster(t, 1)
	joined := make([]*testMember, 4)
	var joining sync.WaitGroup
	for i := range joined {
		joining.Go(func() { joined[i] = newMember(t, fmt.Sprint(i), nil, all[0]) })
	}
	joining.Wait()
	for _, m := range append(joined, all[0]) {
		if got := m.members.count()["ready"]; got != len(joined) {
			t.Errorf("%s knows %d others, want %d", m.name, got, len(joined))
		}
	}
}

// What a member had that is gone is nowhere; the rest is where it was. What takes
// its place begins with nothing.
func TestGone(t *testing.T) {
	all := newCluster(t, 3)
	lost, kept := all[0].ownedBy(all[2]), all[0].ownedBy(all[1])
	all[0].want(lost, "poll", all[2])
	all[0].want(kept, "poll", all[1])
	all[2].end()
	all[0].wantStatus(lost, "send", 404)
	all[0].want(kept, "send", all[1])
	if got := all[0].members.count(); got["ready"] != 1 {
		t.Errorf("got members %v, want 1", got)
	}
	all[0].wantStatus(lost, "poll", 200) // it begins again
	by := holder(t, all[:2], lost)

	l, err := net.Listen("tcp", all[2].addr)
	if err != nil {
		t.Fatal(err)
	}
	again := newMemberAt(t, "C again", l, nil, all[0], all[1])
	again.want(lost, "poll", by)
	again.want(kept, "send", all[1])
	all[1].want(all[1].ownedBy(again), "poll", again)
}

// Who asks a member to begin a session, and finds it gone, has another begin it.
func TestOwnerIsGone(t *testing.T) {
	all := newCluster(t, 3)
	all[0].stop() // no hello of its own finds out
	session := all[0].ownedBy(all[2])
	all[2].end()
	all[0].wantStatus(session, "poll", 200)
	holder(t, all[:2], session)
}

func TestLeave(t *testing.T) {
	all := newCluster(t, 3)
	old := all[0].ownedBy(all[2])
	all[0].want(old, "poll", all[2])
	all[2].leave()
	for i := range 30 {
		session := fmt.Sprint("new", i)
		all[i%3].wantStatus(session, "poll", 200)
		if holder(t, all, session) == all[2] {
			t.Fatalf("session %s was begun at the one that leaves", session)
		}
	}
	all[0].want(old, "send", all[2])
	all[2].want(old, "poll", all[2])
	if got := all[0].members.count(); got["ready"] != 1 || got["draining"] != 1 {
		t.Errorf("got members %v, want one ready and one draining", got)
	}
	all[0].leave()
	all[1].leave()
	all[1].want("last", "poll", all[1]) // who else; the gateway refuses it
}

// A member that is silent may have what is asked for, so nothing begins that may
// be there, until it counts as gone. What others have goes on.
func TestSilence(t *testing.T) {
	all := newClusterWith(t, 3, func(o *Options) { o.answerTimeout = 2 * time.Second })
	elsewhere, its := all[0].ownedBy(all[1]), all[0].ownedBy(all[2])
	all[0].want(elsewhere, "poll", all[1])
	all[0].stop() // both would learn that the silent one still says hello
	all[2].stop()
	block := make(chan struct{})
	defer close(block)
	all[2].mu.Lock()
	all[2].beforeHas = func() { <-block }
	all[2].mu.Unlock()

	all[0].want(elsewhere, "send", all[1])
	all[0].wantStatus(its, "poll", 503)
	all[0].wantStatus(its, "send", 503)
	all[0].wantStatus(all[0].ownedBy(all[0]), "poll", 503)

	all[0].members.mu.Lock()
	all[0].members.peers[all[2].addr].silentSince = time.Now().Add(-goneAfter)
	all[0].members.mu.Unlock()
	all[0].members.failed(all[0].members.peers[all[2].addr], time.Now(), context.DeadlineExceeded)
	all[0].wantStatus(its, "send", 404)
	all[1].members.mu.Lock()
	delete(all[1].members.peers, all[2].addr)
	all[1].members.mu.Unlock()
	all[0].wantStatus(all[0].ownedBy(all[0]), "poll", 200)
}

// Nobody waits for a member that has said that it leaves and then says nothing.
func TestLeftIsNotWaitedFor(t *testing.T) {
	all := newCluster(t, 2)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	all[1].HandOver(ctx)
	all[0].stop() // its hellos would find out too
	silence := make(chan struct{})
	defer close(silence)
	all[1].mu.Lock()
	all[1].beforeHas = func() { <-silence }
	all[1].mu.Unlock()
	begun := time.Now()
	all[0].want("s", "poll", all[0])
	if took := time.Since(begun); took >= answerTimeout {
		t.Errorf("the session began after %v", took)
	}
}

// Two members that both take themselves for a session's owner do not both begin
// it, whenever they try.
func TestSplitViewsBeginNothingTwice(t *testing.T) {
	all := newCluster(t, 3)
	both, one := 0, 0
	for i := range 300 {
		session := fmt.Sprint("s", i)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		won := make([]bool, len(all))
		var claims sync.WaitGroup
		for k, m := range all {
			claims.Go(func() {
				at, err := m.claim(ctx, session)
				won[k] = at == nil && err == nil
			})
		}
		claims.Wait()
		n := 0
		for _, w := range won {
			if w {
				n++
			}
		}
		if n > 1 {
			both++
		} else if n == 1 {
			one++
		}
		cancel()
		for _, m := range all {
			eventually.True(t, "the claim to be dropped", func() bool { return !m.claims.has(session) })
		}
	}
	if both > 0 {
		t.Errorf("%d of 300 sessions may begin at two members", both)
	}
	t.Logf("%d of 300 begin, the others are told to try again", one)
}

// While a member asks whether it may begin a session, nobody takes it to be there.
func TestClaimAttractsNothing(t *testing.T) {
	all := newCluster(t, 3)
	session := all[1].ownedBy(all[0])
	all[2].mu.Lock()
	all[2].sessions[session]++ // begun when the other was not there yet
	all[2].mu.Unlock()
	claim, _ := all[0].claims.take(session)
	defer all[0].claims.drop(session, claim)
	all[1].want(session, "send", all[2])
	all[1].want(session, "poll", all[2])
}

// Many requests at once for one session that nobody has begin it once.
func TestBeginAtOnce(t *testing.T) {
	all := newCluster(t, 3)
	for i := range 20 {
		session := fmt.Sprint("s", i)
		var asking sync.WaitGroup
		for k := range 9 {
			asking.Go(func() { all[k%3].browse(session, "poll", "") })
		}
		asking.Wait()
		if n := all[0].count(session) + all[1].count(session) + all[2].count(session); n != 1 {
			t.Fatalf("session %s was begun %d times", session, n)
		}
	}
}

func TestOwner(t *testing.T) {
	all := newCluster(t, 3)
	before := map[string]*peer{}
	for i := range 1000 {
		session := fmt.Sprint("s", i)
		before[session] = all[0].owner(session)
		for _, m := range all[1:] {
			addr := func(of *testMember) string {
				if p := of.owner(session); p != nil {
					return p.addr
				}
				return of.addr
			}
			if got, want := addr(m), addr(all[0]); got != want {
				t.Fatalf("owner of %s: %s says %s, A says %s", session, m.name, got, want)
			}
		}
	}
	all[2].leave()
	for session, was := range before {
		is := all[0].owner(session)
		if is != was && (was == nil || was.addr != all[2].addr) {
			t.Fatalf("session %s has another owner because a third one left", session)
		}
	}
}

// A member that goes while it is asked has nothing, though it has said hello since
// the question: the address says so to whoever asks again.
func TestGoneWhileAsked(t *testing.T) {
	all := newCluster(t, 2)
	all[0].stop() // no hello of its own finds out
	p := all[0].members.others()[0]
	asked, block := make(chan struct{}, 2), make(chan struct{})
	defer close(block)
	all[1].mu.Lock()
	all[1].beforeHas = func() { asked <- struct{}{}; <-block }
	all[1].mu.Unlock()
	answer := make(chan error, 1)
	go func() {
		found, err := all[0].ask(t.Context(), p, "s")
		if err == nil && found != nowhere {
			err = fmt.Errorf("presence %v", found)
		}
		answer <- err
	}()
	eventually.Receive(t, "the question", asked)
	all[0].greet(t.Context(), p, false)
	all[1].end()
	if err := eventually.Receive(t, "the answer", answer); err != nil {
		t.Errorf("got %v, want nowhere", err)
	}
}
