package cluster

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 10 * time.Second

const secret = "a secret that is long enough for a cluster"

// testMember is a member of a cluster whose sessions are names in a map. Browsers
// ask for /session/poll, which begins one, and for /session/send.
type testMember struct {
	*Cluster
	t        *testing.T
	name     string
	addr     string // for members
	browsers *httptest.Server

	mu       sync.Mutex
	sessions map[string]int // how often each was begun
	// serveLocal answers what this member serves itself; nil says who it is.
	serveLocal http.HandlerFunc
	beforeHas  func() // nil is nothing
}

// newMember starts a member that knows the others by their addresses.
func newMember(t *testing.T, name string, change func(*Options), others ...*testMember) *testMember {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newMemberAt(t, name, l, change, others...)
}

func newMemberAt(t *testing.T, name string, l net.Listener, change func(*Options), others ...*testMember) *testMember {
	t.Helper()
	o := Options{Secret: secret, Peers: []string{l.Addr().String()}, // itself too, as a name would have it
		BodyTimeout: patience, WriteTimeout: patience, MaxBody: 1 << 20, MaxForwarded: 100}
	for _, m := range others {
		o.Peers = append(o.Peers, m.addr)
	}
	if change != nil {
		change(&o)
	}
	c, err := New(o, zap.NewNop(), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	m := &testMember{Cluster: c, t: t, name: name, addr: l.Addr().String(), sessions: map[string]int{}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Start(ctx, l, Local{Has: m.has, Handler: m}); err != nil {
		t.Fatal(err)
	}
	m.browsers = httptest.NewUnstartedServer(m)
	m.browsers.Config.ErrorLog = log.New(io.Discard, "", 0) // of answers that are broken off on purpose
	m.browsers.Start()
	t.Cleanup(m.end)
	return m
}

// newCluster starts so many members that know each other.
func newCluster(t *testing.T, size int) []*testMember {
	t.Helper()
	return newClusterWith(t, size, nil)
}

func newClusterWith(t *testing.T, size int, change func(*Options)) []*testMember {
	t.Helper()
	t.Parallel()
	var all []*testMember
	for i := range size {
		all = append(all, newMember(t, string(rune('A'+i)), change, all...))
	}
	t.Cleanup(func() { // all at once: each takes a moment
		var ending sync.WaitGroup
		for _, m := range all {
			ending.Go(m.end)
		}
		ending.Wait()
	})
	return all
}

func (m *testMember) has(session string) bool {
	m.mu.Lock()
	wait := m.beforeHas
	n := m.sessions[session]
	m.mu.Unlock()
	if wait != nil {
		wait()
	}
	return n > 0
}

func (m *testMember) count(session string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions[session]
}

func (m *testMember) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	session, kind, _ := strings.Cut(r.URL.Path[1:], "/")
	if m.Elsewhere(w, r, session, kind == "poll") {
		return
	}
	m.mu.Lock()
	known := m.sessions[session] > 0
	if !known && kind == "poll" {
		m.sessions[session]++
		known = true
	}
	serve := m.serveLocal
	m.mu.Unlock()
	switch {
	case !known:
		http.NotFound(w, r)
	case serve != nil:
		serve(w, r)
	default:
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s: %s", m.name, body)
	}
}

// browse asks a member as a browser does.
func (m *testMember) browse(session, kind, body string) (status int, text string) {
	m.t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Post(m.browsers.URL+"/"+session+"/"+kind, "text/plain", strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

// want asks, and wants the answer of a member.
func (m *testMember) want(session, kind string, by *testMember) {
	m.t.Helper()
	if status, text := m.browse(session, kind, "x"); status != 200 || text != by.name+": x" {
		m.t.Fatalf("%s %s by %s: got %d %q, want %s's answer", session, kind, m.name, status, text, by.name)
	}
}

func (m *testMember) wantStatus(session, kind string, want int) {
	m.t.Helper()
	if status, text := m.browse(session, kind, ""); status != want {
		m.t.Fatalf("%s %s by %s: got %d %q, want %d", session, kind, m.name, status, text, want)
	}
}

// end ends a member as a process does that is killed.
func (m *testMember) end() {
	m.browsers.CloseClientConnections()
	m.browsers.Close()
	m.Stop()
}

// leave makes it draining, and tells the others.
func (m *testMember) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	m.Leave(ctx)
}

// ownedBy gives a session that the view of m has begin at the owner.
func (m *testMember) ownedBy(owner *testMember) string {
	m.t.Helper()
	for i := range 10_000 {
		session := fmt.Sprint("owned-", owner.name, i)
		if p := m.owner(session); p == nil && owner == m || p != nil && p.addr == owner.addr {
			return session
		}
	}
	m.t.Fatalf("%s would have no session begin at %s", m.name, owner.name)
	return ""
}
