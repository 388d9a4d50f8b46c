package gateway

import (
	"net/netip"
	"sync"
	"time"
)

// End is how a session ended.
type End struct {
	At        time.Time   `json:"at"`
	Session   string      `json:"session"`
	Address   netip.Addr  `json:"address"`
	Transport string      `json:"transport"`
	Reason    CloseReason `json:"reason"`
	Code      int         `json:"code"`             // the WebSocket close code
	Cause     string      `json:"cause,omitempty"`  // as in the log
	Seconds   float64     `json:"duration_seconds"` // that it lived
}

// keptEnds is how many ends are remembered.
const keptEnds = 50

// lastEnds remembers how the latest sessions ended.
type lastEnds struct {
	mu   sync.Mutex
	ring [keptEnds]End
	n    int // that there were
}

func (l *lastEnds) add(e End) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.n%keptEnds] = e
	l.n++
}

// list gives them, the latest first.
func (l *lastEnds) list() []End {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]End, 0, min(l.n, keptEnds))
	for i := l.n - 1; i >= 0 && i >= l.n-keptEnds; i-- {
		list = append(list, l.ring[i%keptEnds])
	}
	return list
}

// noteEnd remembers how the session ended.
func (s *session) noteEnd(e *ending) {
	end := End{At: time.Now().UTC(), Session: s.id, Address: s.addr, Transport: s.client.transport.String(),
		Reason: e.reason, Code: e.code, Seconds: time.Duration(s.gw.clock() - s.begun).Seconds()}
	if e.cause != nil {
		end.Cause = clip(e.cause.Error())
	}
	s.gw.lastEnds.add(end)
}
