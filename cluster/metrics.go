package cluster

import "github.com/prometheus/client_golang/prometheus"

// What comes of a request that is passed on.
const (
	answered    = "answered"
	broken      = "broken"      // the other member broke its answer off
	unreachable = "unreachable" // it could not be asked
	unsure      = "unsure"      // nobody knows where the session is
	full        = "full"        // too many are passed on already
	clientGone  = "client_gone" // the client did not wait
)

type metrics struct {
	forwarded *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer, c *Cluster) *metrics {
	m := &metrics{forwarded: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "stompgw", Name: "cluster_forwarded_total",
		Help: "Requests of SockJS sessions that belong to other members of the cluster, by result."}, []string{"result"})}
	for _, result := range []string{answered, broken, unreachable, unsure, full, clientGone} {
		m.forwarded.WithLabelValues(result)
	}
	r.MustRegister(m.forwarded, peersCollector{c})
	return m
}

// peersCollector counts the other members when it is asked.
type peersCollector struct{ cluster *Cluster }

var peersDesc = prometheus.NewDesc("stompgw_cluster_peers", "Other members of the cluster, by state.", []string{"state"}, nil)

func (peersCollector) Describe(ch chan<- *prometheus.Desc) { ch <- peersDesc }

func (p peersCollector) Collect(ch chan<- prometheus.Metric) {
	n := p.cluster.members.count()
	for _, state := range append([]string{silent}, stateNames...) {
		ch <- prometheus.MustNewConstMetric(peersDesc, prometheus.GaugeValue, float64(n[state]), state)
	}
}
