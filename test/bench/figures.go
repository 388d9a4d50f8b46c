package main

import "time"

// figure is one measurement, repeated for each of its subjects in turn. It
// may yield several values.
type figure struct {
	key      string
	job      job
	place    placement
	subjects []string
	base     string // the subject that ratios are against
	judged   string // the subject that the goals are about; "" is stompgw
	broker   bool   // a real RabbitMQ stands behind the subjects
	tls      bool   // the generator speaks TLS 1.3
	slices   int    // turns of each subject in a repeat
	together bool   // not in turns but all at the same time: they hardly use the CPU
	values   []value
}

// value is a row of the table.
type value struct {
	title string
	unit  string
	of    func(result) float64
	// What PERFORMANCE goals ask of stompgw, 0 for nothing; ratios to the base
	// where ratio is set.
	must, goal float64
	ratio      bool
}

// placement says which cores the processes may use.
type placement int

const (
	anywhere placement = iota
	oneCore            // subject, backend and generator share the first core
	twoCores           // the subject has the first core, the others the second
)

func (p placement) cores() (subject, others int) {
	switch p {
	case oneCore:
		return 0, 0
	case twoCores:
		return 0, 1
	}
	return anyCore, anyCore
}

// scale is what differs between a smoke test and the real thing.
type scale struct {
	slices   int
	slice    time.Duration
	sessions int           // idle
	idle     time.Duration // before memory is judged
	beats    time.Duration // watched for heart-beats
}

var (
	fullScale  = scale{slices: 12, slice: 250 * time.Millisecond, sessions: 9900, idle: 6 * time.Minute, beats: 20 * time.Second}
	quickScale = scale{slices: 3, slice: 150 * time.Millisecond, sessions: 9900, idle: 30 * time.Second, beats: 10 * time.Second}
)

// figures are the goals of the gateway's data path, as far as it exists.
func figures(s scale) []figure {
	everyone := []string{"stompgw", "copy", "direct", "haproxy", "nginx", "websockify"}
	relays := []string{"stompgw", "copy", "haproxy", "nginx", "websockify"}
	bulk := func(kind string, size, chunk int) job {
		return job{Kind: kind, Sessions: 4, Size: size, Chunk: chunk, Measure: s.slice}
	}
	perFrame := func(title string, must, goal float64) []value {
		return []value{{title: title, unit: "µs", of: cpuPerFrame, must: must, goal: goal, ratio: true}}
	}
	perGB := func(title string) []value {
		return []value{{title: title, unit: "s", of: cpuPerGB, must: 1.25, goal: 1.1, ratio: true}}
	}
	rtt := job{Kind: "rtt", Size: 100, Measure: s.slice}
	list := []figure{
		{key: "rtt", place: oneCore, subjects: everyone, base: "copy", job: rtt, values: []value{
			{title: "round trip p50, 100 B, one core", unit: "µs", of: p50, must: 1.05, goal: 1.03, ratio: true},
			{title: "round trip p99, 100 B, one core", unit: "µs", of: p99, must: 1.15, goal: 1.10, ratio: true},
		}},
		{key: "rtt2", place: twoCores, subjects: everyone, base: "copy", job: rtt, values: []value{
			{title: "round trip p50, 100 B, subject on a core of its own", unit: "µs", of: p50},
			{title: "round trip p99, 100 B, subject on a core of its own", unit: "µs", of: p99},
		}},
		{key: "loop", subjects: relays, base: "copy",
			job:    job{Kind: "loop", Sessions: 200, Size: 100, Measure: s.slice},
			values: perFrame("CPU per 100 B frame, 200 sessions, closed loop", 1.10, 0.95)},
		{key: "in", subjects: relays, base: "copy", job: bulk("in", 100, 1<<20),
			values: perFrame("CPU per 100 B frame, batched, client to broker", 2.8, 2.0)},
		{key: "out", subjects: relays, base: "copy", job: bulk("out", 100, 1<<20),
			values: perFrame("CPU per 100 B frame, batched, broker to client", 2.8, 2.0)},
		{key: "policy", subjects: []string{"stompgw", ruled}, base: "stompgw", judged: ruled,
			job:    job{Kind: "loop", Sessions: 200, Size: 100, Measure: s.slice},
			values: perFrame("CPU per 100 B frame with 1,000 rules, 200 sessions, closed loop", 1.10, 1.03)},
		{key: "policy", subjects: []string{"stompgw", ruled}, base: "stompgw", judged: ruled, job: bulk("in", 100, 1<<20),
			values: perFrame("CPU per 100 B frame with 1,000 rules, batched, client to broker", 0, 0)},
		{key: "bulkin", subjects: relays, base: "copy", job: bulk("in", 64<<10, 1<<20),
			values: perGB("CPU per GB, 64 KiB bodies, client to broker")},
		{key: "bulkout", subjects: relays, base: "copy", job: bulk("out", 64<<10, 1<<20),
			values: perGB("CPU per GB, 64 KiB bodies, broker to client")},
		{key: "idle", subjects: relays, base: "copy", slices: 1, together: true,
			job: job{Kind: "idle", Sessions: s.sessions, Wait: s.idle, Measure: time.Second}, values: []value{
				{title: "user RSS per idle session", unit: "KB", of: rss, must: 8.5, goal: 3.4},
				{title: "heap and stacks per idle session, collected", unit: "KB", of: heap, must: 6.3, goal: 1.7},
			}},
		{key: "idle-tls", subjects: []string{"stompgw", "haproxy", "nginx"}, tls: true, slices: 1, together: true,
			job: job{Kind: "idle", Sessions: s.sessions, Wait: s.idle, Measure: time.Second}, values: []value{
				{title: "user RSS per idle session, TLS 1.3 to the client", unit: "KB", of: rss, must: 21, goal: 12},
				{title: "heap and stacks per idle session, TLS 1.3 to the client, collected", unit: "KB", of: heap},
			}},
		{key: "beats", subjects: []string{"stompgw", "copy", "haproxy"}, base: "copy", slices: 1,
			job: job{Kind: "idle", Sessions: s.sessions, Rate: s.sessions / 10, Beat: 10_000, Wait: 13 * time.Second, Measure: s.beats}, values: []value{
				{title: "CPU of 10 s heart-beats on both legs, idle sessions", unit: "% of a core", of: share, must: 6, goal: 5},
				{title: "user RSS per session with heart-beats", unit: "KB", of: rss},
			}},
		{key: "rabbitmq", subjects: rabbitSubjects, base: "direct", broker: true,
			job:    job{Kind: "topic-rtt", Size: 100, Measure: 2 * s.slice},
			values: []value{{title: "RabbitMQ: SEND to MESSAGE p50, 100 B", unit: "µs", of: p50}, {title: "RabbitMQ: SEND to MESSAGE p99, 100 B", unit: "µs", of: p99}}},
		{key: "rabbitmq", subjects: rabbitSubjects, base: "direct", broker: true,
			job:    job{Kind: "topic-rate", Size: 1024, Measure: 2 * s.slice},
			values: []value{{title: "RabbitMQ: messages a second, 1 KiB", unit: "/s", of: rate}}},
	}
	for i := range list {
		if list[i].slices == 0 {
			list[i].slices = s.slices
		}
	}
	return list
}

var rabbitSubjects = []string{"stompgw", "direct", "Web STOMP", "copy", "websockify"}

func p50(r result) float64  { return micros(r.P50) }
func p99(r result) float64  { return micros(r.P99) }
func rss(r result) float64  { return r.RSS / 1000 }
func heap(r result) float64 { return r.Heap / 1000 }
func rate(r result) float64 { return float64(r.Frames) / r.Elapsed.Seconds() }

// share is the subject's CPU in per cent of a core.
func share(r result) float64       { return 100 * r.CPU.CPU.Seconds() / r.Elapsed.Seconds() }
func cpuPerFrame(r result) float64 { return micros(r.CPU.CPU) / float64(r.Frames) }
func cpuPerGB(r result) float64    { return r.CPU.CPU.Seconds() / (float64(r.Bytes) / 1e9) }

func micros(d time.Duration) float64 { return float64(d) / 1e3 }
