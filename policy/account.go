package policy

import (
	"sync/atomic"

	"github.com/stompgw/stompgw/auth"
)

// account is what all sessions of one principal share.
type account struct {
	key           accountKey
	sessions      int  // guarded by Engine.mu
	resting       bool // in Engine.resting; guarded by Engine.mu
	subscriptions atomic.Int64
	meters        meters
}

type accountKey struct {
	method auth.Method
	name   string
}

// enter counts a session in, unless the policy changed since p.
func (e *Engine) enter(g *Guard, p *Policy, most int) (bool, *Refused) {
	id := g.principal.Load()
	key := accountKey{id.Method, id.Name}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.policy.Load() != p {
		return false, nil
	}
	e.sweep()
	a := e.accounts[key]
	if a == nil {
		a = &account{key: key}
		if id.Name != "" { // nobody in particular: each is a principal of its own
			e.accounts[key] = a
		}
	}
	if most > 0 && a.sessions >= most {
		return false, &Refused{CodeTooManySessions, "the principal has as many sessions as it may"}
	}
	a.sessions++
	g.account = a
	e.guards[g] = struct{}{}
	return true, nil
}

// leave counts a session out.
func (e *Engine) leave(g *Guard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.guards, g)
	a := g.account
	a.sessions--
	switch {
	case a.sessions > 0 || a.resting || a.key.name == "": // nobody in particular comes back
	case a.meters.owe(e.now()):
		a.resting = true // or a new session would begin with a burst
		e.resting = append(e.resting, a)
	default:
		delete(e.accounts, a.key)
	}
}

// sweepAtOnce is how many accounts an entering session looks at: more than one, so
// that they become fewer although it leaves one itself.
const sweepAtOnce = 2

// sweep forgets accounts that have rested. e.mu is held.
func (e *Engine) sweep() {
	now := e.now()
	for range min(sweepAtOnce, len(e.resting)) {
		a := e.resting[0]
		e.resting[0] = nil
		e.resting = e.resting[1:]
		switch {
		case a.sessions > 0:
			a.resting = false
		case a.meters.owe(now):
			e.resting = append(e.resting, a)
		default:
			delete(e.accounts, a.key)
		}
	}
}
