package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/stompgw/stompgw/internal/eventually"
)

// Members are found by a name, and by their addresses from then on.
func TestPeersOfAName(t *testing.T) {
	a := newCluster(t, 1)[0]
	_, port, err := net.SplitHostPort(a.addr)
	if err != nil {
		t.Fatal(err)
	}
	b := newMember(t, "B", func(o *Options) { o.Peers = []string{"dns:localhost:" + port} })
	for _, m := range []*testMember{a, b} {
		if got := m.members.count()["ready"]; got != 1 {
			t.Errorf("%s knows %d others, want 1", m.name, got)
		}
	}
}

// noSuchHost is what a look-up says of a name that does not exist.
func noSuchHost(_ context.Context, host string) ([]string, error) {
	return nil, &net.DNSError{Name: host, Err: "no such host", IsNotFound: true}
}

// Members that start together begin nothing before the name shows them: it may not
// exist at first, as that of a headless Service whose pods have just come.
func TestNameThatComesLate(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	lookup := func(ctx context.Context, host string) ([]string, error) {
		if asked.Add(1) <= 2 {
			return noSuchHost(ctx, host)
		}
		return []string{"127.0.0.1", "127.0.0.2"}, nil
	}
	// As pods have it: one port, each its own address.
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(first.Addr().String())
	second, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]*testMember, 2)
	var starting sync.WaitGroup
	for i, l := range []net.Listener{first, second} {
		starting.Go(func() {
			all[i] = newMemberAt(t, string(rune('A'+i)), l, func(o *Options) {
				o.Peers, o.lookup = []string{"dns:gw.example:" + port}, lookup
			})
		})
	}
	starting.Wait()
	for _, m := range all {
		if got := m.members.count()["ready"]; got != 1 {
			t.Errorf("%s has joined and knows %d others, want 1", m.name, got)
		}
	}
}

// A name that stays nowhere has no members; the gateway serves alone.
func TestNameThatIsNowhere(t *testing.T) {
	t.Parallel()
	alone := newMember(t, "A", func(o *Options) {
		o.Peers, o.lookup, o.answerTimeout = []string{"dns:gw.example:1"}, noSuchHost, 50*time.Millisecond
	})
	if len(alone.members.others()) != 0 {
		t.Error("a name that is nowhere has members")
	}
	alone.wantStatus("s", "poll", 200)
}

// A member waits for those that are listed and do not answer, but not for ever
// and not for those that are not there.
func TestJoinWaits(t *testing.T) {
	a := newCluster(t, 1)[0]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it takes connections and says nothing
	begun := time.Now()
	b := newMember(t, "B", func(o *Options) {
		o.Peers, o.answerTimeout = append(o.Peers, l.Addr().String(), "127.0.0.1:1"), 2*time.Second
	}, a)
	if took := time.Since(begun); took < 3*time.Second { // it asks again
		t.Errorf("joined after %v, without the one that is silent", took)
	}
	if got := b.members.count()["ready"]; got != 1 {
		t.Errorf("got %d others, want 1", got)
	}
}

// A member that joins is asked for sessions and given none before it has joined:
// those that do not know it yet would look for them in vain.
func TestJoiningOwnsNothing(t *testing.T) {
	a := newCluster(t, 1)[0]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it takes connections and says nothing, so that joining lasts
	joined := make(chan *testMember, 1)
	go func() {
		joined <- newMember(t, "B", func(o *Options) { o.Peers, o.answerTimeout = append(o.Peers, l.Addr().String()), time.Second }, a)
	}()
	eventually.True(t, "the member that joins", func() bool { return len(a.members.others()) == 1 })
	if got := a.members.count(); got["joining"] != 1 || got["ready"] != 0 {
		t.Errorf("got %v, want one that joins", got)
	}
	for instance, p := range a.members.candidates() {
		if p != nil {
			t.Errorf("%s joins yet, and is given sessions", instance)
		}
	}
	b := eventually.Receive(t, "joined", joined)
	eventually.True(t, "the one that has joined", func() bool { return a.members.count()["ready"] == 1 })
	a.want(a.ownedBy(b), "poll", b)
}

// Members of before know no state of those that join: to them it is ready.
func TestJoiningIsReadyToOldMembers(t *testing.T) {
	c := &Cluster{instance: "a", port: 1, members: members{mine: joining}}
	text, err := json.Marshal(c.hello(false))
	if err != nil {
		t.Fatal(err)
	}
	var old struct{ State string }
	if err := json.Unmarshal(text, &old); err != nil || old.State != "ready" {
		t.Errorf("got %s, %v, want ready", text, err)
	}
	var h hello
	if err := readHello(bytes.NewReader(text), &h); err != nil || h.State != joining {
		t.Errorf("got %v, %v, want joining", h.State, err)
	}
}

func TestBadHello(t *testing.T) {
	a := newCluster(t, 1)[0]
	for _, body := range []string{"", "{}", `{"instance":"x","port":0,"state":"ready"}`, `{"instance":"x","port":1,"state":"glad"}`,
		`{"instance":"` + strings.Repeat("x", maxHello) + `","port":1,"state":"ready"}`} {
		answer, err := a.client.Post("https://"+a.addr+helloPath, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%.60q: got %s, want 400", body, answer.Status)
		}
	}
}

func TestMetrics(t *testing.T) {
	all := newCluster(t, 3)
	all[2].leave()
	all[0].want("s", "poll", holderAfter(all, "s"))
	const want = `
# HELP stompgw_cluster_peers Other members of the cluster, by state.
# TYPE stompgw_cluster_peers gauge
stompgw_cluster_peers{state="draining"} 1
stompgw_cluster_peers{state="joining"} 0
stompgw_cluster_peers{state="leaving"} 0
stompgw_cluster_peers{state="ready"} 1
stompgw_cluster_peers{state="silent"} 0
`
	if err := testutil.CollectAndCompare(peersCollector{all[0].Cluster}, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	all[0].want(all[0].ownedBy(all[1]), "poll", all[1])
	if got := all[0].results(answered); got < 1 {
		t.Errorf("got %v requests answered elsewhere, want 1 or more", got)
	}
}

// holderAfter begins a session and gives the member that has it.
func holderAfter(all []*testMember, session string) *testMember {
	all[0].browse(session, "poll", "")
	return holder(all[0].t, all, session)
}

func TestHelloMistakes(t *testing.T) {
	const anonymous = "read hello: it does not say who, or where"
	for text, want := range map[string]string{
		`{"instance":"a","port":1}`:               "",
		`{"instance":"a","port":65535}`:           "",
		`{"instance":"","port":1}`:                anonymous,
		`{"port":1}`:                              anonymous,
		`{"instance":"a"}`:                        anonymous,
		`{"instance":"a","port":65536}`:           anonymous,
		`{"instance":"a","port":1,"state":"odd"}`: "read hello: no such state",
		`{"instance":"a","port":1,"members":["` + strings.Repeat("x", maxHello) + `"]}`: "read hello: unexpected EOF",
		``: "read hello: EOF",
	} {
		var h hello
		if err := readHello(strings.NewReader(text), &h); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%.60s: got %+v, %v, want %q", text, h, err, want)
		}
	}
}
