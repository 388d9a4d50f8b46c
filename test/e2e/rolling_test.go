package e2e

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/proc"
)

// rollingScale is how much TestRollingRestart does. STOMPGW_TEST_ROLLING=5000 is so many clients with the settings as
// they are by default, for the figures of docs/performance.md; STOMPGW_TEST_ROLLING_RATE=0 is that without the queue.
type rollingScale struct {
	clients, gateways int
	reconnect         time.Duration
	env               map[string]string
	spread            time.Duration
	rate, atOnce      int
	full              bool
}

func rollingScaleOf(t *testing.T) rollingScale {
	s := rollingScale{
		clients: 180, gateways: 3, reconnect: 500 * time.Millisecond, spread: 3 * time.Second, rate: 15, atOnce: 4,
		env: map[string]string{"STOMPGW_BROKER_CONNECT_WAIT": "1m", "STOMPGW_DRAIN_DELAY": "3s", "STOMPGW_DRAIN_TIMEOUT": "25s"},
	}
	if text := os.Getenv("STOMPGW_TEST_ROLLING"); text != "" {
		s = rollingScale{gateways: 2, reconnect: 5 * time.Second, spread: 15 * time.Second, rate: 200, atOnce: 20, full: true,
			env: map[string]string{"STOMPGW_DRAIN_DELAY": "5s", "STOMPGW_DRAIN_TIMEOUT": "30s"}}
		var err error
		if s.clients, err = strconv.Atoi(text); err != nil {
			t.Fatalf("STOMPGW_TEST_ROLLING: %v", err)
		}
		if text := os.Getenv("STOMPGW_TEST_ROLLING_RATE"); text != "" {
			if s.rate, err = strconv.Atoi(text); err != nil {
				t.Fatalf("STOMPGW_TEST_ROLLING_RATE: %v", err)
			}
		}
	}
	s.env["STOMPGW_BROKER_CONNECT_RATE"] = strconv.Itoa(s.rate)
	s.env["STOMPGW_BROKER_CONNECT_AT_ONCE"] = strconv.Itoa(s.atOnce)
	s.env["STOMPGW_DRAIN_SPREAD"] = s.spread.String()
	return s
}

// TestRollingRestart: several gateways behind HAProxy, which asks /readyz, are replaced one after the other while clients
// that reconnect by themselves, as stompjs does, consume what producers send. Closes are spread, the broker gets logins no
// faster than the gateways may give them, no session that could have been served is refused, and of what was confirmed
// nothing is lost: each message is acknowledged, and none comes again after that.
func TestRollingRestart(t *testing.T) {
	onlyGateway(t)
	b := rabbitMQ(t)
	t.Parallel()
	r := startRolling(t, b, rollingScaleOf(t))
	r.awaitAll("connected for the first time")
	t.Logf("%d clients connected in %.1f s, at most %d logins a second", r.clients, time.Since(r.begin).Seconds(), r.peakSince(r.begin))
	if r.rate > 0 && r.queued() == 0 {
		t.Error("nobody waited in the queue when all came at once")
	}
	for i := range r.gateways {
		r.replace(i)
	}
	if r.full {
		r.kill(0)
	}
	r.settle()
}

// rolling is some gateways behind a balancer, and a crowd of clients.
type rolling struct {
	rollingScale
	*crowd
	t       *testing.T
	begin   time.Time
	meters  []*loginMeter
	options []gw.Options
	running []*gw.Gateway
	queue   string
	ledger  *ledger
	node    *nodeConsumers
	halt    func() // ends the producers
}

func startRolling(t *testing.T, b *backend, scale rollingScale) *rolling {
	t.Helper()
	r := &rolling{rollingScale: scale, t: t, queue: b.queue(t), ledger: newLedger()}
	r.running = make([]*gw.Gateway, scale.gateways)
	for range scale.gateways {
		m := startLoginMeter(t, b.stomp)
		o := gw.Options{Dir: t.TempDir(), Plain: scale.full, Env: b.env(scale.env)}
		for _, name := range []string{"STOMPGW_LISTEN", "STOMPGW_ADMIN_LISTEN"} {
			port, err := proc.FreePort()
			if err != nil {
				t.Fatal(err)
			}
			o.Env[name] = fmt.Sprintf("127.0.0.1:%d", port)
		}
		maps.Copy(o.Env, map[string]string{"STOMPGW_BROKERS": "tcp://" + m.addr, "STOMPGW_CLIENT_HEART_BEAT": "10s,10s"})
		r.meters, r.options = append(r.meters, m), append(r.options, o)
	}
	t.Cleanup(r.stop)
	for i := range r.options {
		r.start(i, false)
	}
	addr := r.balance()
	r.crowd = &crowd{url: "ws://" + addr + "/stomp", login: b.login("heart-beat", "0,0"), reconnectDelay: scale.reconnect}
	r.populate(b)
	return r
}

// populate has the clients come, all at once: a few producers, some consumers of either mode, and many that are just
// there.
func (r *rolling) populate(b *backend) {
	q := r.queue
	ctx, leave := context.WithCancel(context.Background())
	producing, halt := context.WithCancel(ctx)
	r.halt = halt
	var all sync.WaitGroup
	r.t.Cleanup(func() { leave(); all.Wait() })
	r.node = startNodeConsumers(r.t, r.url, b, r.reconnect)
	r.begin = time.Now()
	for i := range r.clients {
		life, do := ctx, untilEnd
		switch {
		case i < 4:
			life, do = producing, r.ledger.produce(q, 20*time.Millisecond)
		case i == 4:
			life, do = producing, r.node.ledger.produce(r.node.queue, 50*time.Millisecond)
		case i < 35:
			do = r.ledger.consume(q, "client-individual")
		case i < 65:
			do = r.ledger.consume(q, "client")
		}
		all.Go(func() { r.member(life, do) })
	}
}

func (r *rolling) start(i int, unready bool) {
	r.t.Helper()
	o := r.options[i]
	o.Unready = unready
	g, err := gw.Start(o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.running[i] = g
}

func (r *rolling) stop() {
	var stopping sync.WaitGroup
	for i, g := range r.running {
		if g == nil {
			continue
		}
		if r.t.Failed() {
			r.t.Logf("last lines of gateway %d:\n%s", i, proc.Tail(r.options[i].Dir+"/stompgw.log", 10))
		}
		stopping.Go(func() {
			if err := g.Stop(); err != nil {
				r.t.Error(err)
			}
		})
	}
	stopping.Wait()
}

// balance starts HAProxy, which sends each connection to the gateway that has the fewest of those that are ready.
func (r *rolling) balance() (addr string) {
	r.t.Helper()
	port, err := proc.FreePort()
	if err != nil {
		r.t.Fatal(err)
	}
	addr = fmt.Sprintf("127.0.0.1:%d", port)
	conf := "global\n    maxconn 9500\ndefaults\n    mode tcp\n    timeout connect 10s\n    timeout client 1h\n    timeout server 1h\n    option redispatch\n" +
		"listen gateways\n    bind " + addr + "\n    balance leastconn\n    option httpchk GET /readyz\n    http-check send hdr Host stompgw\n" +
		"    timeout check 5s\n    default-server check inter 200ms fall 1 rise 1\n"
	for i, g := range r.running {
		_, admin, _ := net.SplitHostPort(g.Admin)
		conf += fmt.Sprintf("    server g%d %s port %s\n", i, g.Listen, admin)
	}
	startProgram(r.t, "/usr/sbin/haproxy", conf, func(file string) []string { return []string{"-db", "-f", file} })
	gw.Eventually(r.t, 20*time.Second, "HAProxy listening", func() bool {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return addr
}

func (r *rolling) awaitAll(what string) {
	r.t.Helper()
	gw.Eventually(r.t, 3*time.Minute, fmt.Sprintf("all %d clients %s", r.clients, what), func() bool {
		return r.now() == r.clients && r.node.connected() == nodeCount
	})
}

// peakSince gives the most logins that the broker got within one second, and fails where one gateway gave it more than
// its settings allow: what the rate and the burst make, and the logins that were under way when the second began, which
// may have taken their time to get here. That holds however slow the machine is.
func (r *rolling) peakSince(begin time.Time) int {
	r.t.Helper()
	var all []time.Time
	for i, m := range r.meters {
		logins := m.since(begin)
		if most := r.rate + 2*r.atOnce; r.rate > 0 && peak(logins) > most {
			r.t.Errorf("gateway %d: %d logins within a second, want at most %d", i, peak(logins), most)
		}
		all = append(all, logins...)
	}
	return peak(all)
}

// queued gives the number of logins that waited for a tenth of a second or longer, of the gateways that run.
func (r *rolling) queued() (n float64) {
	r.t.Helper()
	for _, g := range r.running {
		m, err := g.Scrape()
		if err != nil {
			r.t.Fatal(err)
		}
		n += m.Sum("stompgw_broker_login_wait_seconds_count") - m.Sum("stompgw_broker_login_wait_seconds_bucket", `le="0.1"`)
	}
	return n
}

// settle ends the producers and waits until everything that was confirmed is acknowledged, and nothing left in the queues.
// Of an ACK whose session was closed the client may not have got the receipt; the broker has not sent that message again.
func (r *rolling) settle() {
	r.halt()
	sent, redelivered, unsure := 0, 0, 0
	for q, l := range map[string]*ledger{r.queue: r.ledger, r.node.queue: r.node.ledger} {
		gw.Eventually(r.t, time.Minute, "every message acknowledged", func() bool { return len(l.missing()) == 0 })
		gw.Eventually(r.t, time.Minute, "nothing left in the queue", func() bool {
			ready, unacked, err := world.rabbit.QueueMessages("/", strings.TrimPrefix(q, "/queue/"))
			return err == nil && ready == 0 && unacked == 0
		})
		l.mu.Lock()
		if len(l.again) > 0 {
			r.t.Errorf("%s: %d messages came again after their acknowledgement was confirmed: %.200v", q, len(l.again), l.again)
		}
		if len(l.sent) < 10 {
			r.t.Errorf("%s: %d messages were sent: that shows nothing", q, len(l.sent))
		}
		sent += len(l.sent)
		redelivered += l.redelivered
		for n := range l.acking {
			if !l.acked[n] {
				unsure++
			}
		}
		l.mu.Unlock()
	}
	r.t.Logf("%d messages confirmed, each acknowledged; %d were delivered a second time, before that; the receipts of %d acknowledgements were lost",
		sent, redelivered, unsure)
}
