package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/proc"
)

// replace ends a gateway, waits until its clients are back at the others, and starts it again.
func (r *rolling) replace(i int) {
	t, g := r.t, r.running[i]
	t.Helper()
	before, refused := r.since(0, 0)
	had := int(g.Sessions(t))
	begin := time.Now()
	lastYes := unready(g)
	if err := g.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-g.Exited():
	case <-time.After(time.Minute):
		t.Fatal("still there a minute after SIGTERM")
	}
	stopped := lastYes()
	if err := g.Stop(); err != nil {
		t.Error(err)
	}
	r.running[i] = nil

	// Its successor lives and finds no broker: nobody may be sent there.
	r.meters[i].refuse()
	r.start(i, true)
	r.awaitAll("back")
	back := time.Now()
	if got := r.running[i].Metric(t, "stompgw_sessions_total"); got != 0 || r.running[i].Ready() {
		t.Errorf("gateway %d has had %v sessions before it was ready", i, got)
	}
	r.meters[i].accept(t)
	gw.Eventually(t, 20*time.Second, "ready once there is a broker", r.running[i].Ready)

	closes, failed := r.since(len(before), len(refused))
	if len(failed) > 0 {
		t.Errorf("gateway %d: %d attempts to connect failed although others could serve them:%s", i, len(failed), words(failed))
	}
	for _, c := range closes {
		if c.code != 1001 {
			t.Errorf("gateway %d: close code: got %d, want 1001", i, c.code)
		}
		if c.at.Before(stopped) {
			t.Errorf("gateway %d: a session was closed %s before readiness failed", i, stopped.Sub(c.at))
		}
	}
	if len(closes) < had/2 || len(closes) == 0 {
		t.Fatalf("gateway %d: %d of its %d sessions were closed", i, len(closes), had)
	}
	r.spreadOver(closes)
	t.Logf("gateway %d: %d sessions closed; all back %.1f s after SIGTERM, %.1f s after the last close; at most %d logins a second; %.0f logins waited",
		i, len(closes), back.Sub(begin).Seconds(), back.Sub(closes[len(closes)-1].at).Seconds(), r.peakSince(begin), r.queued())
}

// kill ends a gateway without a word, so that all of its clients come back together.
func (r *rolling) kill(i int) {
	t := r.t
	t.Helper()
	before, refused := r.since(0, 0)
	begin := time.Now()
	if err := r.running[i].Kill(); err != nil {
		t.Error(err)
	}
	r.running[i] = nil
	gw.Eventually(t, time.Minute, "clients that have lost it", func() bool { return r.now() < r.clients })
	r.awaitAll("back")
	closes, failed := r.since(len(before), len(refused))
	r.start(i, false)
	t.Logf("gateway %d killed: %d sessions lost; all back after %.1f s, with %d attempts that failed:%s; at most %d logins a second; %.0f logins waited",
		i, len(closes), time.Since(begin).Seconds(), len(failed), words(failed), r.peakSince(begin), r.queued())
}

// nodeCount is how many clients are the real thing.
const nodeCount = 5

// nodeConsumers are clients of @stomp/stompjs in Node that consume a queue of their own.
type nodeConsumers struct {
	queue  string
	ledger *ledger

	mu sync.Mutex
	up map[int]bool
}

// startNodeConsumers runs them until the test ends.
func startNodeConsumers(t *testing.T, url string, b *backend, reconnectDelay time.Duration) *nodeConsumers {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		lacking(t, errors.New("node is not installed (run test/setup.sh)"))
	}
	needs(t, "node_modules/@stomp/stompjs")
	n := &nodeConsumers{queue: queue(t), ledger: newLedger(), up: map[int]bool{}}
	argument, err := json.Marshal(map[string]any{
		"url": url, "login": b.user.Login, "passcode": b.user.Passcode, "host": b.user.Host,
		"queue": n.queue, "count": nodeCount, "reconnectDelay": reconnectDelay.Milliseconds(),
	})
	if err != nil {
		t.Fatal(err)
	}
	// What it says comes through a named pipe, which ends with it.
	pipe := filepath.Join(t.TempDir(), "said")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := os.OpenFile(pipe, os.O_RDWR, 0) // read and write, so that opening waits for nobody
	if err != nil {
		t.Fatal(err)
	}
	p, err := proc.Start(proc.Command{Path: node, Args: []string{"run-rolling-node.js", string(argument)}, Dir: filepath.Join("..", "clients"), Log: pipe})
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { n.listen(t, said) })
	t.Cleanup(func() {
		_ = p.Kill()
		said.Close()
		reading.Wait()
	})
	return n
}

func (n *nodeConsumers) listen(t *testing.T, said *os.File) {
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		var line struct {
			Connected, Closed, Message, Acking, Acked *int
			Client                                    int
			Redelivered                               bool
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			t.Logf("run-rolling-node.js: %s", lines.Text())
			continue
		}
		n.mu.Lock()
		switch {
		case line.Connected != nil:
			n.up[*line.Connected] = true
		case line.Closed != nil:
			delete(n.up, line.Client)
			if *line.Closed != 1001 {
				t.Logf("stompjs client %d: closed with %d", line.Client, *line.Closed)
			}
		case line.Message != nil:
			n.ledger.deliver(*line.Message, line.Redelivered)
		case line.Acking != nil:
			n.ledger.ack([]int{*line.Acking}, false)
		case line.Acked != nil:
			n.ledger.ack([]int{*line.Acked}, true)
		}
		n.mu.Unlock()
	}
}

func (n *nodeConsumers) connected() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.up)
}
