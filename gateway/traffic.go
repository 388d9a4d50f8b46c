package gateway

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// traffic counts what one direction of a session has passed on. Only the
// goroutine of that direction adds to it; metrics read it when they are asked,
// so that sessions do not write to anything they share.
type traffic struct {
	frames, bytes atomic.Int64
	paused        atomic.Int64 // nanoseconds for which a write was held up by its reader
}

// pausedFrom is the time from which a write counts as held up.
const pausedFrom = int64(time.Millisecond)

// passed counts one batch; took is the time from reading to having written, in
// nanoseconds.
func (t *traffic) passed(frames, bytes int, took int64) {
	t.frames.Add(int64(frames))
	t.bytes.Add(int64(bytes))
	if took >= pausedFrom {
		t.paused.Add(took)
	}
}

// add adds what another has counted.
func (t *traffic) add(other *traffic) {
	t.frames.Add(other.frames.Load())
	t.bytes.Add(other.bytes.Load())
	t.paused.Add(other.paused.Load())
}

// trafficCollector shows the traffic of all sessions, those that ended too.
type trafficCollector struct{ sessions *registry }

var (
	framesDesc = prometheus.NewDesc("stompgw_frames_total", "STOMP frames passed on, by the side they went to.", []string{"to"}, nil)
	bytesDesc  = prometheus.NewDesc("stompgw_bytes_total", "Bytes read that were passed on, by the side they went to.", []string{"to"}, nil)
	pausedDesc = prometheus.NewDesc("stompgw_backpressure_seconds_total",
		"Time for which writing to a side was held up by its reading too slowly.", []string{"to"}, nil)
)

// Describe implements prometheus.Collector.
func (c trafficCollector) Describe(out chan<- *prometheus.Desc) {
	out <- framesDesc
	out <- bytesDesc
	out <- pausedDesc
}

// Collect implements prometheus.Collector.
func (c trafficCollector) Collect(out chan<- prometheus.Metric) {
	all := c.sessions.census()
	for to, t := range map[string]*traffic{"broker": &all.up, "client": &all.down} {
		counter := func(desc *prometheus.Desc, value float64) {
			out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, to)
		}
		counter(framesDesc, float64(t.frames.Load()))
		counter(bytesDesc, float64(t.bytes.Load()))
		counter(pausedDesc, time.Duration(t.paused.Load()).Seconds())
	}
}
