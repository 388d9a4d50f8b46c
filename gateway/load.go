package gateway

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// heldUpFrom is the age, in nanoseconds, from which bytes in hand count as held
// up; stamps may be a grain too old.
const heldUpFrom = pausedFrom + stampGrain

// holdsClient tells whether upstream has bytes in hand, if only for a moment, that
// it cannot pass on at once, so that the client is not read. Any goroutine may ask.
func (s *session) holdsClient() bool { return s.pausing.Load() || isTaken(&s.brokerTurn) }

// holdsBroker tells the same of the broker, and of who answers the client's pings.
func (s *session) holdsBroker() bool { return isTaken(&s.client.mu) }

// isTaken tells whether somebody has the turn. That saves those who take it for
// every frame the saying of it.
func isTaken(turn *sync.Mutex) bool {
	if !turn.TryLock() {
		return true
	}
	turn.Unlock()
	return false
}

// heldUp tells whether the session has bytes in hand now that a side does not
// take, so that the other side is not read. Any goroutine may ask.
func (s *session) heldUp(now int64) (toBroker, toClient bool) {
	s.tickTurn.Lock() // no heart-beat is being written
	defer s.tickTurn.Unlock()
	if !s.isConnected() {
		return false, false // what the client says behind CONNECT waits in any case
	}
	toBroker = isTaken(&s.brokerTurn) && now-s.client.read.get() >= heldUpFrom
	toClient = s.holdsBroker() && now-s.brokerRead.get() >= heldUpFrom
	return toBroker, toClient
}

// loadCollector shows how near the gateway is to what it can take.
type loadCollector struct{ gw *Gateway }

var (
	heldUpDesc = prometheus.NewDesc("stompgw_sessions_paused",
		"Sessions that now wait for a side to read, by that side.", []string{"to"}, nil)
	limitDesc = prometheus.NewDesc("stompgw_sessions_limit", "The most sessions at a time: STOMPGW_MAX_SESSIONS.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c loadCollector) Describe(out chan<- *prometheus.Desc) {
	out <- heldUpDesc
	out <- limitDesc
}

// Collect implements prometheus.Collector.
func (c loadCollector) Collect(out chan<- prometheus.Metric) {
	now := c.gw.clock()
	toBroker, toClient := 0, 0
	for _, s := range c.gw.sessions.all() {
		up, down := s.heldUp(now)
		if up {
			toBroker++
		}
		if down {
			toClient++
		}
	}
	gauge := func(desc *prometheus.Desc, value int, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
	}
	gauge(heldUpDesc, toBroker, "broker")
	gauge(heldUpDesc, toClient, "client")
	gauge(limitDesc, c.gw.options.MaxSessions)
}
