package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stompgw/stompgw/broker"
)

// metrics are the gateway's figures. No label takes a value that a client
// chooses.
type metrics struct {
	sessions  *prometheus.GaugeVec
	begun     *prometheus.CounterVec
	ends      *prometheus.CounterVec
	refused   *prometheus.CounterVec
	unproved  *prometheus.CounterVec
	denied    *prometheus.CounterVec
	dials     *prometheus.HistogramVec
	dialFails *prometheus.CounterVec
	turnWaits prometheus.Histogram
	noTurn    prometheus.Counter
}

func newMetrics(r prometheus.Registerer, sessions *registry, logins *broker.Queue) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "stompgw", Name: name, Help: help}, labels)
	}
	alive := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "stompgw", Name: "sessions",
		Help: "Sessions that live, by transport."}, []string{"transport"})
	begun := counter("sessions_total", "Sessions that were begun, by transport.", "transport")
	m := &metrics{
		sessions: alive,
		begun:    begun,
		ends:     counter("session_ends_total", "Sessions that ended, by CloseReason.", "reason"),
		refused:  counter("handshakes_refused_total", "Handshakes that were refused, by reason.", "reason"),
		unproved: counter("identities_refused_total", "Requests and CONNECT frames whose client was not who it said, by code.", "code"),
		denied:   counter("frames_denied_total", "Frames of clients that the policy denied, by code.", "code"),
		dials: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "stompgw", Name: "broker_dial_seconds",
			Help: "Time to connect to a broker, TLS included, by endpoint.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8)}, []string{"endpoint"}),
		dialFails: counter("broker_dial_failures_total", "Attempts to connect to a broker that failed, by endpoint.", "endpoint"),
		turnWaits: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "stompgw", Name: "broker_login_wait_seconds",
			Help: "Time that logins waited for their turn.", Buckets: []float64{0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 40}}),
		noTurn: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "stompgw", Name: "broker_logins_refused_total",
			Help: "Logins that would have waited longer for their turn than STOMPGW_BROKER_CONNECT_WAIT, or did."}),
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "stompgw", Name: "broker_logins_waiting",
		Help: "Logins that wait for their turn."}, func() float64 { return float64(logins.Waiting()) })
	for _, name := range transportNames {
		alive.WithLabelValues(name)
		begun.WithLabelValues(name)
	}
	for _, reason := range Reasons() {
		m.ends.WithLabelValues(string(reason))
	}
	r.MustRegister(alive, begun, m.ends, m.refused, m.unproved, m.denied, m.dials, m.dialFails, m.turnWaits, m.noTurn, waiting, trafficCollector{sessions})
	return m
}

func (m *metrics) begin(t transport) {
	m.sessions.WithLabelValues(t.String()).Inc()
	m.begun.WithLabelValues(t.String()).Inc()
}

func (m *metrics) end(t transport, reason CloseReason) {
	m.sessions.WithLabelValues(t.String()).Dec()
	m.ends.WithLabelValues(string(reason)).Inc()
}

// dialed counts an attempt to connect to a broker.
func (m *metrics) dialed(endpoint string, took time.Duration, err error) {
	if err != nil {
		m.dialFails.WithLabelValues(endpoint).Inc()
		return
	}
	m.dials.WithLabelValues(endpoint).Observe(took.Seconds())
}
