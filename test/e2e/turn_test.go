package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// While the broker has as many logins as it is given at a time, the next client waits; one that has waited for long enough is
// told so, and the gateway stays ready.
func TestBusyBroker(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	answer := make(chan bool)
	fake := startFake(t, func(c *stompws.Client) {
		if _, err := c.Read(time.Minute); err == nil { // CONNECT; a health check says nothing
			<-answer
			_ = c.Send("CONNECTED", "", "version", "1.2")
			drainUntilEnd(c)
		}
	})
	release := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(release)
	g := gw.Run(t, gw.Options{Env: fakeEnv(fake.addr, "STOMPGW_BROKER_CONNECT_AT_ONCE", "1", "STOMPGW_BROKER_CONNECT_WAIT", "1s",
		"STOMPGW_LOGIN_TIMEOUT", "1m")})
	first := stompws.Open(t, g.URL, stompws.Options{})
	first.Do("CONNECT", "", "accept-version", "1.2", "host", "/")
	gw.Eventually(t, stompws.Patience, "a login under way", func() bool { return g.Metric(t, "stompgw_broker_login_wait_seconds_count") == 1 })

	second := stompws.Open(t, g.URL, stompws.Options{})
	second.Do("CONNECT", "", "accept-version", "1.2", "host", "/")
	gw.Eventually(t, stompws.Patience, "a login that waits or was refused", func() bool {
		m, err := g.Scrape()
		return err == nil && m.Sum("stompgw_broker_logins_waiting")+m.Sum("stompgw_broker_logins_refused_total") == 1
	})
	if !g.Ready() {
		t.Error("a gateway in which a login waits is not ready")
	}
	if got := second.Expect("ERROR").Get("code"); got != "broker_busy" {
		t.Errorf("code: got %q, want broker_busy", got)
	}
	second.ExpectClose(1013)
	g.ExpectEnd(t, "broker_unavailable")

	release()
	first.Expect("CONNECTED")
	third := stompws.Open(t, g.URL, stompws.Options{})
	third.Connect("accept-version", "1.2", "host", "/")
}
