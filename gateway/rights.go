package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/policy"
	"github.com/stompgw/stompgw/websocket"
)

// Authenticator says who a client is. An auth.Authenticator is one. Its errors
// are *auth.Refusal.
type Authenticator interface {
	// FromRequest gives nil where the request says nothing and CONNECT must.
	FromRequest(context.Context, *auth.Request) (*auth.Identity, error)
	FromConnect(context.Context, *auth.Request, *auth.Connect) (*auth.Identity, error)
	// Renew gives the identity of a newer token of the same principal.
	Renew(ctx context.Context, old *auth.Identity, token string) (*auth.Identity, error)
	// Recheck gives the identity as it is now, old itself where nothing has changed.
	Recheck(ctx context.Context, old *auth.Identity) (*auth.Identity, error)
	// Credentials says what the broker gets to know instead of what CONNECT says.
	Credentials(*auth.Identity, *auth.Connect) (*auth.BrokerLogin, error)
}

// rights are who a session belongs to and what it may do. A session of a gateway
// that neither authenticates nor has a policy has none.
type rights struct {
	request  *auth.Request // what came before the session; nil once it is connected
	identity atomic.Pointer[auth.Identity]
	guard    *policy.Guard // nil without a policy, and until the session is connected

	// life ends with the session, and what it waits for with it.
	life      context.Context
	endOfLife context.CancelFunc
	checks    sync.WaitGroup // the recheck that runs
	checking  atomic.Bool    // there is one
	checkedAt int64          // guarded by the session's tickTurn

	// Owned by upstream.
	rewrite *policy.Rewrite // of the head of the frame in progress; nil for none
	receipt []byte          // that the renewal in progress asks for
	token   []byte          // the renewal in progress, as far as it came

	unsaid [][]byte // guarded by the client's turn to write: see say
}

// rightsOf finds out what a request says about its client. Without
// authentication and policy there are no rights; where there are, an error is an
// *auth.Refusal.
func (g *Gateway) rightsOf(r *http.Request, via forwarded) (*rights, error) {
	o := &g.options
	if o.Auth == nil && o.Policy == nil {
		return nil, nil
	}
	s := &rights{}
	if o.Auth == nil {
		s.identity.Store(&auth.Identity{Principal: auth.Principal{Method: auth.Anonymous}})
		return s, nil
	}
	s.request = &auth.Request{Header: r.Header, URL: r.URL, Addr: via.client, Peers: peersOf(r),
		StrictOrigin: o.Origins.strict(r, via), TLS: r.TLS}
	id, err := o.Auth.FromRequest(r.Context(), s.request)
	if err != nil {
		return nil, err
	}
	s.identity.Store(id)
	return s, nil
}

// begin makes the rights last as long as a session.
func (r *rights) begin() { r.life, r.endOfLife = context.WithCancel(context.Background()) }

// principal is the name to log, "" where there is none.
func (r *rights) principal() string {
	if r == nil || r.identity.Load() == nil {
		return ""
	}
	return r.identity.Load().Name
}

// refuseIdentity answers a request whose credentials are no good.
func (g *Gateway) refuseIdentity(w http.ResponseWriter, r *http.Request, via forwarded, err error) {
	refusal := &websocket.Refusal{Status: http.StatusUnauthorized, Reason: refusedIdentity, Message: "who you are could not be proved"}
	var said *auth.Refusal
	if errors.As(err, &said) {
		refusal.Message = said.Message
		if said.Temporary {
			refusal.Status = http.StatusServiceUnavailable
		}
		g.metrics.unproved.WithLabelValues(said.Code).Inc()
	}
	g.refuse(w, r, via, refusal, err.Error())
}

// authenticate settles who the client is once its CONNECT is there, and what the
// broker gets to know of it.
func (s *session) authenticate(ctx context.Context) (err error) {
	o, r := &s.gw.options, s.rights
	if r == nil || o.Auth == nil {
		s.connect.present(o)
		return nil
	}
	ctx, done := s.gw.tracing.step(ctx, "authenticate")
	defer func() { done(err) }()
	said := &auth.Connect{Headers: slices.Clone(s.connect.headers)}
	if r.identity.Load() == nil {
		id, err := o.Auth.FromConnect(ctx, r.request, said)
		if err != nil {
			return s.unproved(err, s.connect.receipt)
		}
		r.identity.Store(id)
	}
	r.request = nil
	login, err := o.Auth.Credentials(r.identity.Load(), said)
	if err != nil {
		return s.unproved(err, s.connect.receipt)
	}
	s.connect.present(o)
	s.connect.replace(login)
	return nil
}

// unproved is the ending of a session whose client is not who it says, or whose
// word cannot be checked now.
func (s *session) unproved(err error, receipt []byte) error {
	e := endBy(Denied, "who you are could not be proved", err)
	f := errorFrame{code: codeUnauthenticated, message: e.text, receipt: receipt}
	var said *auth.Refusal
	if errors.As(err, &said) {
		s.gw.metrics.unproved.WithLabelValues(said.Code).Inc()
		if said.Temporary {
			e = endBy(AuthUnavailable, "", err)
		}
		e.text = said.Message
		f.code, f.message = frameinspect.Code(said.Code), said.Message
	}
	return &endingError{e.withError(f)}
}

// enter asks the policy to let the session in, now that the broker is known.
func (s *session) enter() error {
	r := s.rights
	if r == nil || s.gw.options.Policy == nil {
		return nil
	}
	var err error
	r.guard, err = s.gw.options.Policy.Open(s.id, r.identity.Load(), s.dialect, func(v policy.Verdict) {
		s.gw.metrics.denied.WithLabelValues(string(v.Code)).Inc()
		s.end(denial(v, nil))
	})
	if err != nil {
		return s.shutOut(err, s.connect.receipt)
	}
	return nil
}

// shutOut is the ending of a session that the policy does not let in, or not go on.
func (s *session) shutOut(err error, receipt []byte) error {
	v := policy.Verdict{Code: policy.CodeDenied, Message: "the policy cannot be applied to this principal"}
	var refused *policy.Refused
	if errors.As(err, &refused) {
		v.Code, v.Message = refused.Code, refused.Message
	}
	s.gw.metrics.denied.WithLabelValues(string(v.Code)).Inc()
	e := denial(v, receipt)
	e.cause = err
	return &endingError{e}
}

// lookIdentity ends a session whose identity has run out, and asks from time to
// time whether it still may be here.
func (s *session) lookIdentity(now int64) int64 {
	r, o := s.rights, &s.gw.options
	if r == nil || o.Auth == nil {
		return never
	}
	next := never
	if expires := r.identity.Load().Expires; !expires.IsZero() {
		left := time.Until(expires.Add(o.ExpiryGrace))
		if left <= 0 {
			s.endSilent(TokenExpired, codeTokenExpired, "the proof of who you are has run out")
			return never
		}
		next = now + int64(min(left, time.Hour)) // it may be thousands of years
	}
	if every := int64(o.RecheckInterval); every > 0 {
		if r.checkedAt == 0 {
			r.checkedAt = now
		}
		if now >= r.checkedAt+every {
			r.checkedAt = now
			// One at a time: the slower of two would bring back what the other took away.
			if r.checking.CompareAndSwap(false, true) {
				r.checks.Go(s.recheck)
			}
		}
		next = min(next, r.checkedAt+every)
	}
	return next
}

// recheck takes in what the principal may do now, and ends the session when it may
// not be here any more. Where that cannot be found out now, the next time decides.
func (s *session) recheck() {
	defer s.contain("recheck")
	defer s.rights.checking.Store(false)
	ctx, cancel := context.WithTimeout(s.rights.life, s.gw.options.LoginTimeout)
	defer cancel()
	old := s.rights.identity.Load()
	id, err := s.gw.options.Auth.Recheck(ctx, old)
	var said *auth.Refusal
	switch {
	case err == nil && id == old:
		return
	case err == nil:
		err = s.takeIdentity(id, nil)
	case ctx.Err() != nil:
		return
	case errors.As(err, &said) && said.Temporary:
		s.gw.log.Warn("identity not rechecked", zap.String("session", s.id), zap.Error(err))
		return
	default:
		err = s.unproved(err, nil)
	}
	var ended *endingError
	if errors.As(err, &ended) {
		s.end(ended.ending)
	}
}

// takeIdentity puts a newer identity of the same principal in the old one's place.
// The error ends the session: it lives by rights that are gone, say. A renewal and
// a recheck never meet here: only tokens are renewed, and only webhooks asked again.
func (s *session) takeIdentity(id *auth.Identity, receipt []byte) error {
	r := s.rights
	if r.guard != nil {
		if err := r.guard.Replace(id); err != nil {
			return s.shutOut(err, receipt)
		}
	}
	r.identity.Store(id)
	s.tickSoon()
	return nil
}

// release gives up what the rights hold. No tick runs any more.
func (r *rights) release() {
	if r == nil {
		return
	}
	r.endOfLife()
	r.checks.Wait()
	if r.guard != nil {
		r.guard.Close()
	}
}

// rewrite gives what changes the head of a frame that goes to the broker; nil
// leaves it as it came. It is asked once a frame.
func (s *session) rewrite(h *frameinspect.Head) *policy.Rewrite {
	var r *policy.Rewrite
	if s.rights != nil {
		r = s.rights.rewrite
	}
	if s.spans != nil {
		r = s.spans.toBroker(s, h, r)
	}
	if s.dialect == broker.HornetQ {
		r = s.ownTransaction(h, r)
	}
	return r
}

// ownTransaction puts the session before the name of a transaction. HornetQ has one
// set of names for all its connections: "tx" of one browser is "tx" of another, which
// may send into it, commit it or abort it.
func (s *session) ownTransaction(h *frameinspect.Head, r *policy.Rewrite) *policy.Rewrite {
	if _, ok := h.Get("transaction"); !ok {
		return r
	}
	return r.With("transaction", s.id+"."+h.Text("transaction"))
}
