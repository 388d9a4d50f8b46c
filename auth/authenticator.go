package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Options say how clients prove who they are, and what the broker is told. The
// options of a method count only where Methods names it.
type Options struct {
	// Methods are asked in this order. One that finds its credential decides, for
	// good or ill; one that finds none leaves it to the next. Webhook and Anonymous
	// always decide, so nothing may come after them. nil is Anonymous alone.
	Methods []Method

	JWT         JWTOptions
	Webhook     WebhookOptions
	Proxy       ProxyOptions
	Certificate CertificateName
	UsersFile   string // see docs/auth.md for its form; read again when it changes

	Broker BrokerOptions

	// RecheckInterval is how often the session's owner should call Recheck; 0 is
	// never. The package itself does not look at it.
	RecheckInterval time.Duration
	// Failed is told what goes wrong in the background: keys that cannot be fetched,
	// a file that cannot be read again. nil drops it.
	Failed func(error)

	now func() time.Time // for tests; nil is time.Now
}

// Authenticator says who clients are. Its methods may be called by many goroutines.
type Authenticator struct {
	methods []method
	token   *tokenMethod // nil where Methods does not name JWT
	webhook *webhook     // likewise
	broker  brokerLogins
	failed  func(error)
	now     func() time.Time
	cancel  context.CancelFunc
	closers []func()
}

// method is a way to prove who one is. c is nil while there is no CONNECT yet.
// Finding nothing is nil, nil; errNeedsConnect says that only CONNECT will tell;
// every other error is a Refusal.
type method interface {
	identify(ctx context.Context, r *Request, c *Connect) (*Identity, error)
}

var errNeedsConnect = errors.New("auth: only CONNECT can tell")

// New checks the options, reads the files they name, and begins to fetch keys,
// which goes on until Close or until the context ends. It does not wait for them:
// while there are none, tokens are refused for the time being.
func New(ctx context.Context, o Options) (*Authenticator, error) {
	ctx, cancel := context.WithCancel(ctx)
	a := &Authenticator{failed: o.Failed, now: o.now, cancel: cancel}
	if a.failed == nil {
		a.failed = func(error) {}
	}
	if a.now == nil {
		a.now = time.Now
	}
	err := a.build(ctx, &o)
	if err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// Close ends what runs in the background and waits for it.
func (a *Authenticator) Close() {
	a.cancel()
	for _, c := range a.closers {
		c()
	}
}

func (a *Authenticator) onClose(f func()) { a.closers = append(a.closers, f) }

func (a *Authenticator) build(ctx context.Context, o *Options) error {
	methods := o.Methods
	if len(methods) == 0 {
		methods = []Method{Anonymous}
	}
	var errs []error
	for i, name := range methods {
		if slices.Contains(methods[:i], name) {
			errs = append(errs, fmt.Errorf("auth: method %s twice", name))
			continue
		}
		if (name == Webhook || name == Anonymous) && i < len(methods)-1 {
			errs = append(errs, fmt.Errorf("auth: nothing is asked after method %s", name))
		}
		m, err := a.newMethod(ctx, name, o)
		errs = append(errs, err)
		a.methods = append(a.methods, m)
	}
	var err error
	a.broker, err = newBrokerLogins(o, a.failed)
	return errors.Join(append(errs, err)...)
}

func (a *Authenticator) newMethod(ctx context.Context, name Method, o *Options) (_ method, err error) {
	switch name {
	case JWT:
		a.token, err = newTokenMethod(ctx, a, o.JWT)
		return a.token, err
	case Webhook:
		a.webhook, err = newWebhook(a, o.Webhook)
		return a.webhook, err
	case Proxy:
		return newProxy(o.Proxy)
	case Certificate:
		return newCertificate(o.Certificate)
	case Users:
		return newUsers(o.UsersFile, a.failed)
	case Anonymous:
		return anonymous{}, nil
	}
	return nil, fmt.Errorf("auth: unknown method %q", name)
}

// FromRequest says who sent an HTTP request, before there is a STOMP frame. It
// gives nil, nil where the request does not settle that and FromConnect must. The
// error is a Refusal: answer 401, or 503 where it is temporary.
func (a *Authenticator) FromRequest(ctx context.Context, r *Request) (*Identity, error) {
	id, err := a.identify(ctx, r, nil)
	if errors.Is(err, errNeedsConnect) {
		return nil, nil
	}
	return id, err
}

// FromConnect says who a session belongs to whose request did not tell. The error
// is a Refusal; without one there is an identity.
func (a *Authenticator) FromConnect(ctx context.Context, r *Request, c *Connect) (*Identity, error) {
	id, err := a.identify(ctx, r, c)
	if id == nil && err == nil {
		return nil, refuse(Unauthenticated, "log in first", errors.New("no credentials that any method knows"))
	}
	return id, err
}

func (a *Authenticator) identify(ctx context.Context, r *Request, c *Connect) (*Identity, error) {
	for _, m := range a.methods {
		id, err := m.identify(ctx, r, c)
		if err != nil {
			return nil, err
		}
		if id == nil {
			continue
		}
		if err := a.check(id); err != nil {
			return nil, err
		}
		return id, nil
	}
	return nil, nil
}

// check holds what every method's identity must be.
func (a *Authenticator) check(id *Identity) error {
	if id.Method == Anonymous {
		return nil
	}
	if err := checkName(id.Name); err != nil {
		return badIdentity(err)
	}
	if !id.Expires.IsZero() && !a.now().Before(id.Expires) {
		return refuse(TokenExpired, "the proof of who you are has expired", nil)
	}
	return nil
}

// Renew gives the identity of a new token for the session of old, which must have
// been opened with a token of the same principal. The error is a Refusal, and old
// stands as long as it did.
func (a *Authenticator) Renew(ctx context.Context, old *Identity, token string) (*Identity, error) {
	if old.Method != JWT || a.token == nil {
		return nil, refuse(NotSamePrincipal, "only a session that a token opened can be renewed", nil)
	}
	if t, ok := bearer(token); ok {
		token = t
	}
	id, err := a.token.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	if err := a.check(id); err != nil {
		return nil, err
	}
	if id.Name != old.Name {
		return nil, refuse(NotSamePrincipal, "the token belongs to somebody else", nil)
	}
	return id, nil
}

// Recheck asks the webhook about a session that it let in, and gives the identity
// as it is now: with other claims and grants perhaps, and another expiry, which may
// be past already, since how long the session outlives that is its owner's matter.
// The error is a Refusal; a temporary one says only that the webhook did not
// answer. Other methods have nothing to ask: id itself.
func (a *Authenticator) Recheck(ctx context.Context, id *Identity) (*Identity, error) {
	if id.Method != Webhook || a.webhook == nil || id.question == nil {
		return id, nil
	}
	return a.webhook.recheck(ctx, id)
}

// anonymous is the method that asks nobody.
type anonymous struct{}

func (anonymous) identify(_ context.Context, _ *Request, c *Connect) (*Identity, error) {
	if c == nil {
		return nil, errNeedsConnect
	}
	return &Identity{Principal: Principal{Method: Anonymous}}, nil
}
