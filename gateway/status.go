package gateway

import (
	"sync"
	"time"
)

// Status is the gateway at one moment, for people to look at.
type Status struct {
	Sessions   int            `json:"sessions"`
	Limit      int            `json:"sessions_limit"`
	Transports map[string]int `json:"transports"` // sessions by transport
	Paused     Paused         `json:"paused"`
	Draining   bool           `json:"draining"` // no more sessions are let in
	Totals     Totals         `json:"totals"`
	Rates      Rates          `json:"rates"`
	LastEnds   []End          `json:"last_ends"` // the latest first
}

// Paused counts the sessions that now wait for a side to read.
type Paused struct {
	ToBroker int `json:"to_broker"`
	ToClient int `json:"to_client"`
}

// Totals are counted since the gateway began.
type Totals struct {
	Begun int64 `json:"sessions_begun"`
	Ended int64 `json:"sessions_ended"`
	Passed
}

// Passed is what went each way. Bytes are counted as they were read.
type Passed struct {
	FramesToBroker int64 `json:"frames_to_broker"`
	FramesToClient int64 `json:"frames_to_client"`
	BytesToBroker  int64 `json:"bytes_to_broker"`
	BytesToClient  int64 `json:"bytes_to_client"`
}

// passed reads what the two directions have counted.
func passed(up, down *traffic) Passed {
	return Passed{up.frames.Load(), down.frames.Load(), up.bytes.Load(), down.bytes.Load()}
}

// Rates are by how much the totals grew in a second, on the average of the time
// since a status was taken before, and at least of a second.
type Rates struct {
	Over           float64 `json:"over_seconds"`
	Begun          float64 `json:"sessions_begun"`
	Ended          float64 `json:"sessions_ended"`
	FramesToBroker float64 `json:"frames_to_broker"`
	FramesToClient float64 `json:"frames_to_client"`
	BytesToBroker  float64 `json:"bytes_to_broker"`
	BytesToClient  float64 `json:"bytes_to_client"`
}

// Status takes a snapshot. Sessions are not held up by it.
func (g *Gateway) Status() Status {
	c, now := g.sessions.census(), g.clock()
	st := Status{
		Sessions: len(c.sessions), Limit: g.options.MaxSessions, Draining: c.refusing,
		Transports: map[string]int{}, Totals: Totals{c.begun, c.ended, passed(&c.up, &c.down)}, LastEnds: g.lastEnds.list(),
	}
	for _, s := range c.sessions {
		st.Transports[s.client.transport.String()]++
		toBroker, toClient := s.heldUp(now)
		if toBroker {
			st.Paused.ToBroker++
		}
		if toClient {
			st.Paused.ToClient++
		}
	}
	st.Rates = g.pace.rates(st.Totals, now)
	return st
}

// pace remembers totals that were looked at, to tell how fast they grow. Nobody
// needs to look regularly.
type pace struct {
	mu           sync.Mutex
	base, latest reading // latest is the base once it is a second old
}

type reading struct {
	totals Totals
	at     int64 // on the gateway's clock
}

func (p *pace) rates(t Totals, now int64) Rates {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now-p.latest.at >= int64(time.Second) {
		p.base, p.latest = p.latest, reading{t, now}
	}
	over := time.Duration(now - p.base.at).Seconds()
	grown := func(from, to int64) float64 { return max(0, float64(to-from)) / max(over, 1) }
	b := p.base.totals
	return Rates{
		Over:  over,
		Begun: grown(b.Begun, t.Begun), Ended: grown(b.Ended, t.Ended),
		FramesToBroker: grown(b.FramesToBroker, t.FramesToBroker), FramesToClient: grown(b.FramesToClient, t.FramesToClient),
		BytesToBroker: grown(b.BytesToBroker, t.BytesToBroker), BytesToClient: grown(b.BytesToClient, t.BytesToClient),
	}
}
