package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stompgw/stompgw/test/brokers"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// backend is a real broker with a gateway in front of it.
type backend struct {
	name    string
	missing error // why the broker is not there
	stomp   string
	user    brokers.User
	gateway *gw.Gateway
	// beating is a gateway whose heart-beats to the broker come every 2 s, for tests of them. RabbitMQ drops who is
	// silent for 2 or 3 intervals, which a loaded machine may well be with shorter ones.
	beating *gw.Gateway
}

func newBackends() []*backend {
	rabbit := &backend{name: "RabbitMQ", missing: world.rabbitErr}
	if world.rabbit != nil {
		rabbit.stomp, rabbit.user = world.rabbit.STOMP, world.rabbit.Guest
	}
	active := &backend{name: "ActiveMQ", missing: world.activeErr}
	if world.active != nil {
		active.stomp, active.user = world.active.STOMP, world.active.Admin
	}
	artemis := &backend{name: "Artemis", missing: world.artemisErr}
	if world.artemis != nil {
		artemis.stomp, artemis.user = world.artemis.STOMP, world.artemis.Admin
	}
	all := []*backend{rabbit, active, artemis}
	if !world.old {
		return all
	}
	hornetq := &backend{name: "HornetQ", missing: world.hornetqErr}
	if world.hornetq != nil {
		hornetq.stomp, hornetq.user = world.hornetq.STOMP, world.hornetq.Admin
	}
	apollo := &backend{name: "Apollo", missing: world.apolloErr}
	if world.apollo != nil {
		apollo.stomp, apollo.user = world.apollo.STOMP, world.apollo.Admin
	}
	return append(all, hornetq, apollo)
}

// env is what the gateways for real brokers have in common. A client gets heart-beats as often as it asks.
func (b *backend) env(more ...map[string]string) map[string]string {
	env := map[string]string{
		"STOMPGW_BROKERS":           "tcp://" + b.stomp,
		"STOMPGW_ORIGINS":           "same-origin," + world.pages.URL,
		"STOMPGW_CLIENT_HEART_BEAT": "1s,1s",
	}
	for _, m := range more {
		maps.Copy(env, m)
	}
	return env
}

func (b *backend) startGateways() (err error) {
	if b.missing != nil || world.bare {
		return nil
	}
	if b.gateway, err = gw.Start(gw.Options{Env: b.env()}); err != nil {
		return err
	}
	b.beating, err = gw.Start(gw.Options{Env: b.env(map[string]string{
		"STOMPGW_BROKER_HEART_BEAT": "2s,2s", "STOMPGW_PING_INTERVAL": "1s",
	})})
	return err
}

// eachBackend runs the test for each broker, in parallel.
func eachBackend(t *testing.T, test func(t *testing.T, b *backend)) {
	t.Parallel()
	for _, b := range world.backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			b.need(t)
			test(t, b)
		})
	}
}

// rabbitMQ and activeMQ are for tests of what only one broker has.
func rabbitMQ(t *testing.T) *backend {
	t.Helper()
	world.backends[0].need(t)
	return world.backends[0]
}

func activeMQ(t *testing.T) *backend {
	t.Helper()
	world.backends[1].need(t)
	return world.backends[1]
}

func (b *backend) need(t testing.TB) {
	t.Helper()
	if b.missing != nil {
		lacking(t, b.missing)
	}
}

// lacking skips loudly, or fails where CI=true says that nothing may be missing.
func lacking(t testing.TB, why error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("MISSING, an error because CI=true: %v", why)
	}
	t.Skipf("SKIPPED, MISSING: %v", why)
}

// onlyGateway skips a test of what is the gateway's own when the tests talk to bare brokers.
func onlyGateway(t testing.TB) {
	t.Helper()
	if world.bare {
		t.Skip("not with STOMPGW_TEST_BARE=true: this is about the gateway")
	}
}

// open dials the broker through its gateway, or directly when the tests talk to bare brokers.
func (b *backend) open(t testing.TB) *stompws.Session {
	t.Helper()
	if world.bare {
		return b.openBare(t)
	}
	return stompws.Open(t, b.gateway.URL, stompws.Options{})
}

// openBeating is open by the gateway with short heart-beats to the broker.
func (b *backend) openBeating(t testing.TB) *stompws.Session {
	t.Helper()
	if world.bare {
		return b.openBare(t)
	}
	return stompws.Open(t, b.beating.URL, stompws.Options{})
}

// openBare dials the broker over plain TCP.
func (b *backend) openBare(t testing.TB) *stompws.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stompws.Patience)
	defer cancel()
	c, err := stompws.DialTCP(ctx, b.stomp, nil)
	if err != nil {
		t.Fatal(err)
	}
	return stompws.With(t, c)
}

// login is the header of CONNECT for STOMP 1.2, unless more says otherwise.
func (b *backend) login(more ...string) []string {
	header := slices.Clip(more)
	for _, h := range [][2]string{{"accept-version", "1.2"}, {"host", b.user.Host}, {"login", b.user.Login}, {"passcode", b.user.Passcode}} {
		if !slices.Contains(more, h[0]) { // of two, Artemis and HornetQ take the last
			header = append(header, h[0], h[1])
		}
	}
	return header
}

// connect opens a session and logs in with STOMP 1.2.
func (b *backend) connect(t testing.TB, more ...string) *stompws.Session {
	t.Helper()
	s := b.open(t)
	s.Connect(b.login(more...)...)
	return s
}

var names atomic.Int64

// unique gives a name that no other test uses, also over several runs on one broker.
func unique(t testing.TB) string {
	return fmt.Sprintf("%s-%d-%d", strings.NewReplacer("/", "-", " ", "-", ",", "").Replace(t.Name()), os.Getpid(), names.Add(1))
}

// queue gives a queue that nobody else uses.
func queue(t testing.TB) string { return "/queue/" + unique(t) }

// queue gives a queue that nobody else uses, as the broker knows it.
func (b *backend) queue(t testing.TB) string { return b.spell(queue(t)) }

// topic gives a topic that nobody else uses.
func (b *backend) topic(t testing.TB) string { return b.spell("/topic/" + unique(t)) }

// spell puts the broker's own names for queues and topics into a text: in HornetQ only jms.topic.x is a topic.
func (b *backend) spell(text string) string {
	if b.name != "HornetQ" {
		return text
	}
	return strings.NewReplacer("/queue/", "jms.queue.", "/topic/", "jms.topic.").Replace(text)
}
