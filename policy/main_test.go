package policy

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mustParse gives the policy of a text, which lacks the version.
func mustParse(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := Parse("policy.yaml", []byte("version: 1\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// engineOf gives an engine of a policy that has no file and no audit log, and
// whose clock stands.
func engineOf(p *Policy) *Engine {
	e := &Engine{now: func() time.Duration { return time.Hour }, guards: map[*Guard]struct{}{}, accounts: map[accountKey]*account{}}
	e.policy.Store(p)
	return e
}

func mustOpen(t testing.TB, e *Engine, id *auth.Identity, d broker.Dialect) *Guard {
	t.Helper()
	g, err := e.Open("s1", id, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func named(name string, claims map[string]any) *auth.Identity {
	return &auth.Identity{Principal: auth.Principal{Name: name, Method: auth.JWT, Claims: claims}}
}

// frame gives the head of a frame out of words, such as "SEND /queue/x a:b".
func frame(t testing.TB, words string) *frameinspect.Head {
	t.Helper()
	h, err := ParseFrame(strings.Fields(words))
	if err != nil {
		t.Fatalf("%s: %v", words, err)
	}
	return h
}

// rawFrame gives the head of a frame as it stands on the wire.
func rawFrame(t testing.TB, text string, v frameinspect.Version) *frameinspect.Head {
	t.Helper()
	scanner := frameinspect.NewScanner(frameinspect.Client, frameinspect.Limits{})
	scanner.SetVersion(v)
	if event, _, err := scanner.Next([]byte(text)); err != nil || event != frameinspect.HeadComplete {
		t.Fatalf("%q: event %v, %v", text, event, err)
	}
	return scanner.Head()
}
