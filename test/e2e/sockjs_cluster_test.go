package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/proc"
	"github.com/stompgw/stompgw/test/stompws"
)

// clusterScale is how much TestSockJSCluster does. STOMPGW_TEST_CLUSTER=full gives the figures of docs/sockjs.md.
type clusterScale struct {
	clients  int
	restarts int           // gateways that are restarted, one after the other
	plain    bool          // without the race detector, which 200 clients are too much for
	settle   time.Duration // before the first restart, between two, and after the last
}

func clusterScaleOf(t *testing.T) clusterScale {
	switch text := os.Getenv("STOMPGW_TEST_CLUSTER"); text {
	case "":
		return clusterScale{clients: 30, restarts: 1, settle: 2 * time.Second}
	case "full":
		return clusterScale{clients: 200, restarts: 3, plain: true, settle: 12 * time.Second}
	default:
		t.Fatalf("STOMPGW_TEST_CLUSTER: got %q, want full or nothing", text)
		return clusterScale{}
	}
}

// TestSockJSCluster: three gateways behind HAProxy, which sends each request to the next one, serve polling and streaming
// clients. Gateways are restarted in the middle. Every session that ends is told so by the gateway that went, every other
// one goes on, and of no session a message is lost, doubled or out of order.
func TestSockJSCluster(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	scale := clusterScaleOf(t)
	broker := startFake(t, echo)
	c := startCluster(t, 3, scale.plain, broker.addr)
	addr := c.balance(t)

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var crowd sync.WaitGroup
	clients := make([]*polledClient, scale.clients)
	for i := range clients {
		// Some speak often, so that polls come and go; some hardly ever, so that polls wait.
		p := &polledClient{base: "http://" + addr + "/stomp", transport: []string{"xhr", "xhr_streaming"}[i%2],
			pause: []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, 5 * time.Second}[i%3]}
		clients[i] = p
		crowd.Go(func() { p.run(ctx) })
	}
	begun := time.Now()
	wait(t, scale.settle)
	drained := 0
	for i := range scale.restarts {
		drained += c.restart(t, i)
		wait(t, scale.settle)
	}
	stop()
	crowd.Wait()

	var sessions, sent, closed int
	for i, p := range clients {
		for _, err := range p.errs {
			t.Errorf("client %d by %s: %v", i, p.transport, err)
		}
		sessions += p.sessions
		sent += p.received
		closed += p.closed
	}
	if closed != drained {
		t.Errorf("sessions that their clients saw end: got %d, want the %d that the restarted gateways drained", closed, drained)
	}
	forwarded, unanswered := c.forwarded(t)
	t.Logf("%d clients, %d sessions, %d messages there and back in %.0f s; %d restarts ended %d sessions in order; requests passed on: %.0f, of which not answered: %.0f",
		len(clients), sessions, sent, time.Since(begun).Seconds(), scale.restarts, closed, forwarded, unanswered)
	if sent < len(clients) || forwarded == 0 {
		t.Error("hardly anything was sent: that shows nothing")
	}
}

// wait lets clients go on for a while.
func wait(t *testing.T, d time.Duration) { t.Helper(); time.Sleep(d) }

// echo plays a broker that sends each client what it has sent.
func echo(c *stompws.Client) {
	if !answerConnect(c, "0,0") {
		return
	}
	for {
		f, ok := readUntil(c, "SEND")
		if !ok || c.Send("MESSAGE", string(f.Body), "destination", f.Get("destination"), "subscription", "0", "message-id", "1") != nil {
			return
		}
	}
}

// gatewayCluster is some gateways that know each other.
type gatewayCluster struct {
	options  []gw.Options
	gateways []*gw.Gateway
	past     [2]float64 // what forwarded counted in gateways that were stopped
}

func startCluster(t *testing.T, size int, plain bool, broker string) *gatewayCluster {
	t.Helper()
	port := func() int {
		p, err := proc.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var members []string
	for range size {
		members = append(members, fmt.Sprintf("127.0.0.1:%d", port()))
	}
	c := &gatewayCluster{}
	for _, member := range members {
		c.options = append(c.options, gw.Options{Dir: t.TempDir(), Plain: plain, Env: map[string]string{
			"STOMPGW_LISTEN": fmt.Sprintf("127.0.0.1:%d", port()), "STOMPGW_ADMIN_LISTEN": fmt.Sprintf("127.0.0.1:%d", port()),
			"STOMPGW_BROKERS": "tcp://" + broker, "STOMPGW_TRUSTED_PROXIES": "127.0.0.1",
			"STOMPGW_CLUSTER_LISTEN": member, "STOMPGW_CLUSTER_PEERS": strings.Join(members, ","),
			"STOMPGW_CLUSTER_SECRET": strings.Repeat("secret", 6),
			"STOMPGW_DRAIN_DELAY":    "2s", "STOMPGW_DRAIN_SPREAD": "1s", "STOMPGW_DRAIN_TIMEOUT": "15s",
		}})
	}
	c.gateways = make([]*gw.Gateway, size)
	for i := range c.options {
		c.start(t, i)
	}
	t.Cleanup(func() {
		var stopping sync.WaitGroup
		for i, g := range c.gateways {
			if t.Failed() {
				t.Logf("last lines of gateway %d:\n%s", i, proc.Tail(filepath.Join(c.options[i].Dir, "stompgw.log"), 20))
			}
			stopping.Go(func() {
				if err := g.Stop(); err != nil {
					t.Error(err)
				}
			})
		}
		stopping.Wait()
	})
	return c
}

func (c *gatewayCluster) start(t *testing.T, i int) {
	t.Helper()
	g, err := gw.Start(c.options[i])
	if err != nil {
		t.Fatal(err)
	}
	c.gateways[i] = g
}

// restart restarts a gateway and gives the number of sessions that it drained.
func (c *gatewayCluster) restart(t *testing.T, i int) (drained int) {
	t.Helper()
	c.note(t, i)
	before := c.drained(t, i)
	if err := c.gateways[i].Stop(); err != nil {
		t.Error(err)
	}
	drained = c.drained(t, i) - before
	c.start(t, i)
	return drained
}

// drained counts in the log, which outlives the gateway. Handshakes that it refuses meanwhile have the same reason.
func (c *gatewayCluster) drained(t *testing.T, i int) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.options[i].Dir, "stompgw.log"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte(`"session ended"`)) && bytes.Contains(line, []byte(`"reason":"draining"`)) {
			n++
		}
	}
	return n
}

// note keeps a gateway's figures, which go with it.
func (c *gatewayCluster) note(t *testing.T, i int) {
	t.Helper()
	m, err := c.gateways[i].Scrape()
	if err != nil {
		t.Fatal(err)
	}
	const name = "stompgw_cluster_forwarded_total"
	c.past[0] += m.Sum(name)
	c.past[1] += m.Sum(name) - m.Sum(name, `result="answered"`) - m.Sum(name, `result="client_gone"`)
}

// forwarded gives the number of requests that were passed on, and of those that were not answered.
func (c *gatewayCluster) forwarded(t *testing.T) (all, unanswered float64) {
	t.Helper()
	for i := range c.gateways {
		c.note(t, i)
	}
	return c.past[0], c.past[1]
}

// balance starts HAProxy in front of the gateways, which knows nothing of sessions.
func (c *gatewayCluster) balance(t *testing.T) (addr string) {
	t.Helper()
	port, err := proc.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	addr = fmt.Sprintf("127.0.0.1:%d", port)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "examples", "haproxy-cluster.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	conf := strings.Replace(string(text), "192.0.2.1:80", addr, 1)
	for i, g := range c.gateways {
		_, admin, _ := net.SplitHostPort(g.Admin)
		conf = strings.Replace(conf, fmt.Sprintf("192.0.2.1%d:8080 check port 9090 addr 192.0.2.1%d", i+1, i+1),
			g.Listen+" check port "+admin+" addr 127.0.0.1", 1)
	}
	startProgram(t, "/usr/sbin/haproxy", conf, func(file string) []string { return []string{"-db", "-f", file} })
	gw.Eventually(t, 20*time.Second, "HAProxy listening", func() bool {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return addr
}
