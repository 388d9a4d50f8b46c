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

	"github.com/stompgw/stompgw/test/proc"
)

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
	n := &nodeConsumers{queue: b.queue(t), ledger: newLedger(), up: map[int]bool{}}
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
