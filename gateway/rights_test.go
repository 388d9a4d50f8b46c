package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stompgw/stompgw/auth"
)

// fakeAuth is an Authenticator of functions; nil ones let everybody through as alice.
type fakeAuth struct {
	fromRequest func(*auth.Request) (*auth.Identity, error)
	fromConnect func(*auth.Request, *auth.Connect) (*auth.Identity, error)
	renew       func(old *auth.Identity, token string) (*auth.Identity, error)
	renewWithin func(context.Context) error // what happens before renew; nil is nothing
	recheck     func(*auth.Identity) (*auth.Identity, error)
	credentials func(*auth.Identity, *auth.Connect) (*auth.BrokerLogin, error)
}

func alice() *auth.Identity {
	return &auth.Identity{Principal: auth.Principal{Name: "alice", Method: auth.JWT}}
}

func (f *fakeAuth) FromRequest(_ context.Context, r *auth.Request) (*auth.Identity, error) {
	if f.fromRequest == nil {
		return alice(), nil
	}
	return f.fromRequest(r)
}

func (f *fakeAuth) FromConnect(_ context.Context, r *auth.Request, c *auth.Connect) (*auth.Identity, error) {
	return f.fromConnect(r, c)
}

func (f *fakeAuth) Renew(ctx context.Context, old *auth.Identity, token string) (*auth.Identity, error) {
	if f.renewWithin != nil {
		if err := f.renewWithin(ctx); err != nil {
			return nil, err
		}
	}
	return f.renew(old, token)
}

func (f *fakeAuth) Recheck(_ context.Context, id *auth.Identity) (*auth.Identity, error) {
	return f.recheck(id)
}

func (f *fakeAuth) Credentials(id *auth.Identity, c *auth.Connect) (*auth.BrokerLogin, error) {
	if f.credentials == nil {
		own := auth.Word{Client: true}
		return &auth.BrokerLogin{Login: own, Passcode: own, Host: own}, nil
	}
	return f.credentials(id, c)
}

func nobody(*auth.Request) (*auth.Identity, error) { return nil, nil }

func withAuth(f *fakeAuth) func(*Options) {
	return func(o *Options) { o.Auth, o.RenewDestination = f, "/stompgw/renew" }
}

func TestRequestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"for good": {&auth.Refusal{Code: auth.BadToken, Message: "the token is not accepted", Cause: errors.New("kid unknown")}, http.StatusUnauthorized},
		"for now":  {&auth.Refusal{Code: auth.Unavailable, Message: "try again later", Temporary: true}, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, withAuth(&fakeAuth{fromRequest: func(*auth.Request) (*auth.Identity, error) { return nil, c.err }}))
			_, response := g.dial()
			if response.StatusCode != c.status {
				t.Errorf("got %s, want %d", response.Status, c.status)
			}
			if log := g.log(); !strings.Contains(log, c.err.Error()) {
				t.Errorf("log does not say %q: %s", c.err, log)
			}
			if n := g.Sessions(); n != 0 {
				t.Errorf("%d sessions, want none", n)
			}
		})
	}
}

// What the authenticator is told of a request.
func TestRequestSaysWhereItIsFrom(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		strict  bool
	}{
		"the same origin": {[]string{"Origin: http://gw.example"}, true},
		"a named origin":  {[]string{"Origin: https://app.example"}, true},
		"any origin":      {[]string{"Origin: https://evil.example"}, false},
		"no origin":       {nil, false},
		"null":            {[]string{"Origin: null"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var got *auth.Request
			g := newTestGateway(t, func(o *Options) {
				o.Origins = OriginPolicy{Any: true, Same: true, Missing: true, Null: true, Exact: []string{"https://app.example"}}
				o.Auth = &fakeAuth{fromRequest: func(r *auth.Request) (*auth.Identity, error) {
					got = r
					return nil, &auth.Refusal{Code: auth.BadToken}
				}}
			})
			g.dial(append(c.headers, "Cookie: token=x")...)
			if got.StrictOrigin != c.strict || len(got.Peers) != 1 || !got.Peers[0].IsLoopback() || !got.Addr.IsLoopback() || got.Header.Get("Cookie") != "token=x" || got.URL.Path != "/stomp" {
				t.Errorf("got %+v, want strict %t", got, c.strict)
			}
		})
	}
}

func TestConnectAuthenticates(t *testing.T) {
	word := func(s string) auth.Word { return auth.Word{Text: s} }
	g := newTestGateway(t, func(o *Options) {
		o.ConnectHeaders = []string{"client-id"}
		o.Auth = &fakeAuth{
			fromRequest: nobody,
			fromConnect: func(r *auth.Request, c *auth.Connect) (*auth.Identity, error) {
				if token, _ := c.Header("Authorization"); token != "t" || r.URL.Path != "/stomp" {
					return nil, &auth.Refusal{Code: auth.BadToken, Message: "no"}
				}
				return alice(), nil
			},
			credentials: func(id *auth.Identity, _ *auth.Connect) (*auth.BrokerLogin, error) {
				return &auth.BrokerLogin{Login: word(id.Name), Passcode: word("s3cret"), Host: word("/prod")}, nil
			},
		}
	})
	b := g.open()
	b.text("CONNECT\naccept-version:1.2\nlogin:admin\npasscode:x\nhost:/other\nAuthorization:t\nclient-id:c\nactivemq.manageable:true\n\n\x00")
	p := g.accept()
	p.wantFrame("CONNECT\naccept-version:1.2\nheart-beat:10000,10000\nhost:/prod\nlogin:alice\npasscode:s3cret\nclient-id:c\n\n")
	p.write("CONNECTED\nversion:1.2\n\n\x00")
	b.message()
	if found, _ := g.FindSessions(SessionQuery{Principal: "alice", Limit: 10}); len(found) != 1 || found[0].Principal != "alice" {
		t.Errorf("alice's sessions: got %+v, want one", found)
	}
	b.text("DISCONNECT\n\n\x00")
	b.wantClose(1000)
	g.ended(Disconnected, 1)
	if log := g.log(); !strings.Contains(log, "principal:alice") || strings.Contains(log, "s3cret") {
		t.Errorf("log: %s", log)
	}
}

func TestTokenGoesNoFurther(t *testing.T) {
	g := newTestGateway(t, withAuth(&fakeAuth{credentials: func(*auth.Identity, *auth.Connect) (*auth.BrokerLogin, error) {
		own := auth.Word{Client: true}
		return &auth.BrokerLogin{Login: own, Passcode: auth.Word{}, Host: auth.Word{}, Drop: []string{"Authorization"}}, nil
	}}))
	b := g.open()
	b.text("CONNECT\naccept-version:1.2\nhost:h\nlogin:l\npasscode:p\nAuthorization:t\nx-other:o\n\n\x00")
	g.accept().wantFrame("CONNECT\naccept-version:1.2\nheart-beat:10000,10000\nlogin:l\npasscode:\nx-other:o\n\n")
}

func TestConnectRefused(t *testing.T) {
	for name, c := range map[string]struct {
		refusal *auth.Refusal
		code    int
		reason  CloseReason
	}{
		"for good": {&auth.Refusal{Code: auth.BadToken, Message: "the token is not accepted"}, 1008, Denied},
		"for now":  {&auth.Refusal{Code: auth.Unavailable, Message: "try again later", Temporary: true}, 1013, AuthUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, withAuth(&fakeAuth{
				fromRequest: nobody,
				fromConnect: func(*auth.Request, *auth.Connect) (*auth.Identity, error) { return nil, c.refusal },
			}))
			b := g.open()
			b.text("CONNECT\naccept-version:1.2\nreceipt:c\n\n\x00")
			if got := b.wantError(c.refusal.Code); !strings.Contains(got, "\nmessage:"+c.refusal.Message+"\n") || !strings.Contains(got, "\nreceipt-id:c\n") {
				t.Errorf("got %q", got)
			}
			b.wantClose(c.code)
			g.ended(c.reason, 1)
		})
	}
}

// No broker hears of a client whose credentials for it cannot be made.
func TestCredentialsRefused(t *testing.T) {
	g := newTestGateway(t, withAuth(&fakeAuth{credentials: func(*auth.Identity, *auth.Connect) (*auth.BrokerLogin, error) {
		return nil, &auth.Refusal{Code: auth.BadIdentity, Message: "the identity cannot be used here"}
	}}))
	b := g.open()
	b.text("CONNECT\naccept-version:1.2\n\n\x00")
	b.wantError(auth.BadIdentity)
	b.wantClose(1008)
}

// connectAs opens a session that a fake lets in.
func connectAs(t *testing.T, f *fakeAuth, change func(*Options)) (*testGateway, *browser, *peer) {
	t.Helper()
	g := newTestGateway(t, func(o *Options) {
		withAuth(f)(o)
		if change != nil {
			change(o)
		}
	})
	b, p := g.connect("heart-beat:0,0\n", "heart-beat:0,0\n")
	return g, b, p
}

func expiring(in time.Duration) *auth.Identity {
	id := alice()
	id.Expires = time.Now().Add(in)
	return id
}

func TestExpiry(t *testing.T) {
	g, b, _ := connectAs(t, &fakeAuth{fromRequest: func(*auth.Request) (*auth.Identity, error) {
		return expiring(-time.Hour), nil
	}}, func(o *Options) { o.ExpiryGrace = time.Hour + 200*time.Millisecond })
	b.wantError("token_expired")
	b.wantClose(4003)
	g.ended(TokenExpired, 1)
}

func TestExpiryGrace(t *testing.T) {
	_, b, p := connectAs(t, &fakeAuth{fromRequest: func(*auth.Request) (*auth.Identity, error) {
		return expiring(-time.Hour), nil
	}}, func(o *Options) { o.ExpiryGrace = 2 * time.Hour })
	for range 10 { // ticks, in any of which the session could end
		b.text("SEND\n\nstill here\x00")
		p.wantFrame("SEND\n\nstill here")
		time.Sleep(2 * time.Duration(scheduleGrain))
	}
}

// "Never" is the year 9999 to some, which is more than a time.Duration holds.
func TestFarExpiry(t *testing.T) {
	for name, grace := range map[string]time.Duration{"no grace": 0, "grace": time.Minute} {
		t.Run(name, func(t *testing.T) {
			id := alice()
			id.Expires = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
			g := newTestGateway(t, func(o *Options) {
				withAuth(&fakeAuth{fromRequest: func(*auth.Request) (*auth.Identity, error) { return id, nil }})(o)
				o.ExpiryGrace = grace
			})
			b, p := g.connect("", "")
			for _, s := range g.sessions.all() {
				s.tickTurn.Lock()
				now := g.clock()
				next := s.lookIdentity(now)
				s.tickTurn.Unlock()
				if next <= now {
					t.Errorf("looked after again at %d, now is %d: the schedule never rests", next, now)
				}
			}
			p.write("MESSAGE\n\nhere\x00")
			b.wantMessage("MESSAGE\n\nhere")
		})
	}
}

func TestRenewal(t *testing.T) {
	const renewal = "SEND\ndestination:/stompgw/renew\nreceipt:r1\n\n"
	f := func() *fakeAuth {
		return &fakeAuth{
			fromRequest: func(*auth.Request) (*auth.Identity, error) { return expiring(time.Hour), nil },
			renew: func(old *auth.Identity, token string) (*auth.Identity, error) {
				switch token {
				case "later":
					return expiring(2 * time.Hour), nil
				case "over":
					return expiring(-time.Second), nil
				case "unknown":
					return nil, &auth.Refusal{Code: auth.Unavailable, Message: "try again later", Temporary: true}
				}
				return nil, &auth.Refusal{Code: auth.NotSamePrincipal, Message: "not " + old.Name}
			},
		}
	}
	t.Run("taken", func(t *testing.T) {
		sent := make(chan struct{})
		slow := f()
		renew := slow.renew
		slow.renew = func(old *auth.Identity, token string) (*auth.Identity, error) {
			<-sent // what came before does not wait
			return renew(old, token)
		}
		_, b, p := connectAs(t, slow, nil)
		b.text("SEND\ndestination:/q\n\nbefore\x00" + renewal + " later\n\x00SEND\ndestination:/q\n\nafter\x00")
		p.wantFrame("SEND\ndestination:/q\n\nbefore")
		close(sent)
		b.wantMessage("RECEIPT\nreceipt-id:r1\n\n")
		p.wantFrame("SEND\ndestination:/q\n\nafter")
	})
	t.Run("taken in pieces", func(t *testing.T) {
		_, b, p := connectAs(t, f(), nil)
		for _, part := range []string{renewal[:20], renewal[20:], "la", "ter", "\x00SEND\ndestination:/q\n\nafter\x00"} {
			b.text(part)
		}
		b.wantMessage("RECEIPT\nreceipt-id:r1\n\n")
		p.wantFrame("SEND\ndestination:/q\n\nafter")
	})
	t.Run("without a receipt", func(t *testing.T) {
		_, b, p := connectAs(t, f(), nil)
		b.text("SEND\ndestination:/stompgw/renew\n\nlater\x00SEND\ndestination:/q\n\nafter\x00")
		p.wantFrame("SEND\ndestination:/q\n\nafter")
	})
	t.Run("that is over at once", func(t *testing.T) {
		_, b, _ := connectAs(t, f(), func(o *Options) { o.PingInterval, o.FrameTimeout = time.Hour, time.Hour })
		time.Sleep(5 * time.Duration(scheduleGrain)) // past the tick of CONNECTED
		b.text(renewal + "over\x00")
		b.wantMessage("RECEIPT\nreceipt-id:r1\n\n")
		b.wantError("token_expired")
		b.wantClose(4003)
	})
	t.Run("of somebody else", func(t *testing.T) {
		_, b, _ := connectAs(t, f(), nil)
		b.text(renewal + "bob\x00")
		if got := b.wantError(auth.NotSamePrincipal); !strings.Contains(got, "\nreceipt-id:r1\n") {
			t.Errorf("got %q, want receipt-id r1", got)
		}
		b.wantClose(1008)
	})
	t.Run("that cannot be checked now", func(t *testing.T) {
		_, b, p := connectAs(t, f(), nil)
		b.text(renewal + "unknown\x00SEND\ndestination:/q\n\nafter\x00")
		if got := b.wantError(auth.Unavailable); !strings.Contains(got, "\nreceipt-id:r1\n") {
			t.Errorf("got %q, want receipt-id r1", got)
		}
		p.wantFrame("SEND\ndestination:/q\n\nafter")
	})
	t.Run("that the session's end interrupts", func(t *testing.T) {
		asked := make(chan struct{})
		endless := f()
		endless.renewWithin = func(ctx context.Context) error {
			close(asked)
			<-ctx.Done()
			return &auth.Refusal{Code: auth.Unavailable, Message: "try again later", Temporary: true}
		}
		g, b, p := connectAs(t, endless, nil)
		b.text(renewal + "later\x00SEND\ndestination:/q\n\nafter\x00")
		<-asked
		for _, s := range g.sessions.all() {
			g.EndSession(s.id, "test")
		}
		p.wantEOF()
	})
	t.Run("that is too big", func(t *testing.T) {
		_, b, _ := connectAs(t, f(), nil)
		b.text(renewal + strings.Repeat("x", maxToken+1) + "\x00")
		b.wantError(auth.BadToken)
		b.wantClose(1008)
	})
}

// A frame of the gateway's own waits for the end of a message in fragments.
func TestReceiptWaitsForTheMessage(t *testing.T) {
	f := &fakeAuth{renew: func(old *auth.Identity, _ string) (*auth.Identity, error) { return old, nil }}
	_, b, p := connectAs(t, f, nil)
	const size = 300_000
	p.write("MESSAGE\ncontent-length:300000\n\n" + strings.Repeat("x", size-1))
	first, err := b.nextFrame()
	if err != nil || first.fin {
		t.Fatalf("got %+v, %v, want the begin of a message", first, err)
	}
	b.text("SEND\ndestination:/stompgw/renew\nreceipt:r1\n\nt\x00SEND\n\nafter\x00")
	p.wantFrame("SEND\n\nafter") // so the renewal is done
	p.write("x\x00")
	got := len(first.payload)
	for {
		frame, err := b.nextFrame()
		if err != nil {
			t.Fatal(err)
		}
		if frame.op != 0 {
			t.Fatalf("got opcode %d with %.40q after %d bytes, inside the message", frame.op, frame.payload, got)
		}
		if got += len(frame.payload); frame.fin {
			break
		}
	}
	b.wantMessage("RECEIPT\nreceipt-id:r1\n\n")
}

func TestRecheck(t *testing.T) {
	var asked atomic.Int32
	g, b, _ := connectAs(t, &fakeAuth{recheck: func(id *auth.Identity) (*auth.Identity, error) {
		switch asked.Add(1) {
		case 1:
			return id, nil
		case 2:
			return nil, &auth.Refusal{Code: auth.Unavailable, Temporary: true}
		}
		return nil, &auth.Refusal{Code: auth.Unauthenticated, Message: "you may not be here any more"}
	}}, func(o *Options) { o.RecheckInterval = 20 * time.Millisecond })
	b.wantError(auth.Unauthenticated)
	b.wantClose(1008)
	g.ended(Denied, 1)
	if got := asked.Load(); got != 3 {
		t.Errorf("asked %d times, want 3", got)
	}
}

// What a recheck brings takes the place of what was: an expiry as well.
func TestRecheckBringsAnExpiry(t *testing.T) {
	g, b, _ := connectAs(t, &fakeAuth{recheck: func(*auth.Identity) (*auth.Identity, error) {
		return expiring(-time.Second), nil
	}}, func(o *Options) { o.RecheckInterval = 20 * time.Millisecond })
	b.wantError("token_expired")
	b.wantClose(4003)
	g.ended(TokenExpired, 1)
}

// Of two rechecks that overlap, the later answer would not be the newer one.
func TestRechecksDoNotOverlap(t *testing.T) {
	var running, most atomic.Int32
	var asked sync.WaitGroup
	asked.Add(2)
	var times atomic.Int32
	connectAs(t, &fakeAuth{recheck: func(id *auth.Identity) (*auth.Identity, error) {
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer running.Add(-1)
		if times.Add(1) <= 2 {
			asked.Done()
		}
		time.Sleep(5 * time.Duration(scheduleGrain))
		return id, nil
	}}, func(o *Options) { o.RecheckInterval = time.Millisecond })
	asked.Wait()
	if got := most.Load(); got != 1 {
		t.Errorf("%d rechecks of a session ran together, want one at a time", got)
	}
}

// A SockJS session belongs to the principal of its requests.
func TestSockJSSessionBelongsToThePrincipal(t *testing.T) {
	g := newSockJS(t, withAuth(&fakeAuth{fromRequest: func(r *auth.Request) (*auth.Identity, error) {
		switch name := r.Header.Get("X-Name"); name {
		case "":
			return nil, nil
		case "mallory":
			return nil, &auth.Refusal{Code: auth.BadToken, Message: "no"}
		default:
			id := alice()
			id.Name = name
			return id, nil
		}
	}}))
	if got := g.poll("a", "X-Name: alice"); got != "o\n" {
		t.Fatalf("got %q, want the open frame", got)
	}
	for _, headers := range [][]string{{"X-Name: bob"}, nil} {
		if got := g.do("POST /stomp/0/a/xhr_send", quote("\n"), headers...); got.StatusCode != http.StatusNotFound {
			t.Errorf("%q: got %s, want 404", headers, got.Status)
		}
	}
	if got := g.do("POST /stomp/0/a/xhr_send", quote("\n"), "X-Name: mallory"); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %s, want 401", got.Status)
	}
	if got := g.do("POST /stomp/0/a/xhr_send", quote("\n"), "X-Name: alice"); got.StatusCode != http.StatusNoContent {
		t.Errorf("got %s, want 204", got.Status)
	}
}
