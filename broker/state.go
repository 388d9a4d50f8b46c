package broker

import "time"

// State is what is known of an endpoint, for people to look at.
type State struct {
	Endpoint string `json:"endpoint"`
	Dialect  string `json:"dialect"` // "auto" while it is not known
	// Up says that the latest attempt to reach it succeeded, or that there was none.
	Up bool `json:"up"`
	// Mute says that it takes connections and does not answer CONNECT.
	Mute     bool      `json:"mute,omitzero"`
	Failures int       `json:"failures,omitzero"` // in a row
	RetryAt  time.Time `json:"retry_at,omitzero"` // until then the others are tried first
	LastGood time.Time `json:"last_good,omitzero"`
}

// States gives the state of each endpoint, in the order in which they are tried.
func (s *Set) States() []State {
	list := make([]State, 0, len(s.targets))
	for _, t := range s.targets {
		list = append(list, t.state())
	}
	return list
}

func (t *Target) state() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return State{Endpoint: t.String(), Dialect: t.dialect.String(), Up: t.failures == 0, Mute: t.mute,
		Failures: t.failures, RetryAt: t.downTill, LastGood: t.lastGood}
}
