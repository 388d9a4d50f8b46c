package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
)

// EngineOptions says which policy an engine uses and where it tells of it.
type EngineOptions struct {
	// File is the policy file. It is watched while the engine runs.
	File string
	// Audit is which decisions are logged; "" is AuditDenials.
	Audit AuditMode
	// AuditFile is appended to, and opened again by every Reload; "" is AuditTo.
	AuditFile string
	// AuditTo gets the audit log where there is no AuditFile, one Write a line;
	// nil is standard output.
	AuditTo io.Writer
	// OnReload is told what came of reading the file again: nil, or why the policy
	// before it stays; and of a file that cannot be watched. It must not call
	// Reload. Nil is fine.
	OnReload func(error)
	// OnAuditLost is told how many lines the audit log lost, and why. Nil is fine.
	OnAuditLost func(lines int, err error)
}

// Engine is the policy in use, for all sessions.
type Engine struct {
	options   EngineOptions
	auditsAll bool
	auditLog  *auditLog            // nil for none
	now       func() time.Duration // on the clock of all meters
	policy    atomic.Pointer[Policy]

	reloading sync.Mutex // one reload at a time; it guards failed
	failed    string     // why the last one did; "" where it did not

	mu       sync.Mutex // guards what follows
	guards   map[*Guard]struct{}
	accounts map[accountKey]*account
	resting  []*account // of accounts, those that no session has and the rates still hold
}

// NewEngine reads the policy file. The error joins every *[Mistake] where the
// file is wrong. The audit log is written by Run only.
func NewEngine(o EngineOptions) (*Engine, error) {
	start := time.Now()
	e := &Engine{options: o, now: func() time.Duration { return time.Since(start) }, guards: map[*Guard]struct{}{}, accounts: map[accountKey]*account{}}
	p, err := readPolicy(o.File)
	if err != nil {
		return nil, err
	}
	e.policy.Store(p)
	e.auditsAll = o.Audit == AuditAll
	if o.Audit != AuditOff {
		if e.auditLog, err = newAuditLog(o); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func readPolicy(file string) (*Policy, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	return Parse(file, data)
}

// Run watches the policy file and writes the audit log until the context ends,
// and then writes what is left of it. Let the context outlive the sessions.
func (e *Engine) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { e.watch(ctx) })
	if e.auditLog != nil {
		running.Go(func() { e.auditLog.run(ctx) })
	}
	running.Wait()
}

// Reload reads the file again, validates it whole, and puts it in the place of
// the one in use; sessions whose live rights are gone are told. Where it is bad,
// the one in use stays. It opens the audit log's file again, too.
func (e *Engine) Reload() error {
	if e.auditLog != nil {
		e.auditLog.reopen()
	}
	return e.reload(false, false)
}

// reload does so; a file that is the one in use, and that nothing was wrong with
// since, is passed over where onlyChanged says so, and what was told of before where
// onlyNews does.
func (e *Engine) reload(onlyChanged, onlyNews bool) error {
	e.reloading.Lock()
	defer e.reloading.Unlock()
	p, err := readPolicy(e.options.File)
	if err == nil {
		if onlyChanged && e.failed == "" && p.version == e.Version() {
			return nil
		}
		err = e.use(p)
	} else if onlyNews && e.failed == err.Error() {
		return err
	}
	e.failed = ""
	if err != nil {
		e.failed = err.Error()
	}
	if e.options.OnReload != nil {
		e.options.OnReload(err)
	}
	return err
}

// use makes p the policy in use, and judges live sessions by it.
func (e *Engine) use(p *Policy) error {
	e.mu.Lock()
	e.policy.Store(p)
	live := make([]*Guard, 0, len(e.guards))
	for g := range e.guards {
		live = append(live, g)
	}
	e.mu.Unlock()
	var all []error
	for _, g := range live {
		verdict, err := g.rebind()
		if err != nil {
			// The identity's own grants were read when it came; they cannot be wrong now.
			all = append(all, fmt.Errorf("session %s: %w", g.session, err))
		}
		if verdict != nil && g.revoked != nil {
			g.revoked(*verdict)
		}
	}
	return errors.Join(all...)
}

// Version names the policy in use; see [Policy.Version].
func (e *Engine) Version() string { return e.policy.Load().Version() }

// Policy gives the policy in use.
func (e *Engine) Policy() *Policy { return e.policy.Load() }

// Open begins a session of the identity, whose broker is of the dialect. The
// error is *[Refused] where the principal may have no further session or has no
// right to anything, and *[Mistake]s where the identity's own grants are wrong.
//
// revoked is called from Reload, at most once a reload, when the session lost a
// right that it uses, and must not block; nil for none. Close the guard when the
// session ends.
func (e *Engine) Open(sessionID string, id *auth.Identity, d broker.Dialect, revoked func(Verdict)) (*Guard, error) {
	g := &Guard{engine: e, session: sessionID, revoked: revoked}
	g.principal.Store(id)
	for {
		p := e.policy.Load()
		v, err := newView(p, id, d)
		if err != nil {
			return nil, err
		}
		g.view.Store(v)
		if !v.grantsAnything() {
			return nil, g.refuseSession(&Refused{CodeDenied, "the policy allows this principal nothing"})
		}
		entered, refused := e.enter(g, p, v.limits.sessions)
		if refused != nil {
			return nil, g.refuseSession(refused)
		}
		if entered {
			return g, nil
		}
	}
}

func (g *Guard) refuseSession(refused *Refused) error {
	g.auditAction("CONNECT", "", Verdict{Code: refused.Code, Message: refused.Message})
	return refused
}
