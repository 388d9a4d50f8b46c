package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// direction says where frames pass to.
type direction uint8

const (
	toBroker direction = iota
	toClient
)

// pausedFrom is the time from which a write counts as held up by its reader.
const pausedFrom = int64(time.Millisecond)

// metrics are the gateway's figures. No label takes a value that a client
// chooses.
type metrics struct {
	sessions  prometheus.Gauge
	begun     prometheus.Counter
	ends      *prometheus.CounterVec
	refused   *prometheus.CounterVec
	frames    [2]prometheus.Counter
	bytes     [2]prometheus.Counter
	paused    [2]prometheus.Counter
	dials     *prometheus.HistogramVec
	dialFails *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "stompgw", Name: name, Help: help}, labels)
	}
	sessions := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "stompgw", Name: "sessions",
		Help: "Sessions that live, by transport."}, []string{"transport"})
	begun := counter("sessions_total", "Sessions that were begun, by transport.", "transport")
	frames := counter("frames_total", "STOMP frames passed on, by the side they went to.", "to")
	bytes := counter("bytes_total", "Bytes of STOMP passed on, by the side they went to.", "to")
	paused := counter("backpressure_seconds_total", "Time for which writing to a side was held up by its reading too slowly.", "to")
	m := &metrics{
		sessions: sessions.WithLabelValues("websocket"),
		begun:    begun.WithLabelValues("websocket"),
		ends:     counter("session_ends_total", "Sessions that ended, by CloseReason.", "reason"),
		refused:  counter("handshakes_refused_total", "Handshakes that were refused, by reason.", "reason"),
		dials: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "stompgw", Name: "broker_dial_seconds",
			Help: "Time to connect to a broker, TLS included, by endpoint.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8)}, []string{"endpoint"}),
		dialFails: counter("broker_dial_failures_total", "Attempts to connect to a broker that failed, by endpoint.", "endpoint"),
	}
	for d, to := range map[direction]string{toBroker: "broker", toClient: "client"} {
		m.frames[d], m.bytes[d], m.paused[d] = frames.WithLabelValues(to), bytes.WithLabelValues(to), paused.WithLabelValues(to)
	}
	for _, reason := range Reasons() {
		m.ends.WithLabelValues(string(reason))
	}
	r.MustRegister(sessions, begun, m.ends, m.refused, frames, bytes, paused, m.dials, m.dialFails)
	return m
}

func (m *metrics) begin() {
	m.sessions.Inc()
	m.begun.Inc()
}

func (m *metrics) end(reason CloseReason) {
	m.sessions.Dec()
	m.ends.WithLabelValues(string(reason)).Inc()
}

// passed counts what one batch brought to a side, and the time it took in
// nanoseconds where that means that the side held it up.
func (m *metrics) passed(to direction, frames int64, bytes int, took int64) {
	m.frames[to].Add(float64(frames))
	m.bytes[to].Add(float64(bytes))
	if took >= pausedFrom {
		m.paused[to].Add(time.Duration(took).Seconds())
	}
}

// DialObserver gives a hook for broker.Options.OnDial that feeds the metrics.
func (m *metrics) dialed(endpoint string, took time.Duration, err error) {
	if err != nil {
		m.dialFails.WithLabelValues(endpoint).Inc()
		return
	}
	m.dials.WithLabelValues(endpoint).Observe(took.Seconds())
}
