package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// issuer makes tokens, and the file of keys that they are checked by.
type issuer struct {
	t   *testing.T
	key *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{t, key}
}

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// keys writes the key set (RFC 7517) and gives the name of the file.
func (i *issuer) keys() string {
	i.t.Helper()
	point, err := i.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		i.t.Fatal(err)
	}
	return i.file("keys.json", map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "kid": "1", "alg": "ES256", "use": "sig", "x": base64URL(point[1:33]), "y": base64URL(point[33:])}}})
}

func (i *issuer) file(name string, content any) string {
	i.t.Helper()
	text, err := json.Marshal(content)
	if s, ok := content.(string); ok {
		text, err = []byte(s), nil
	}
	name = filepath.Join(i.t.TempDir(), name)
	if err == nil {
		err = os.WriteFile(name, text, 0o600)
	}
	if err != nil {
		i.t.Fatal(err)
	}
	return name
}

// token is good for the time, and says who and of which tenant.
func (i *issuer) token(sub string, good time.Duration) string {
	i.t.Helper()
	claims, err := json.Marshal(map[string]any{"iss": "https://idp.example", "aud": "stompgw", "sub": sub, "exp": time.Now().Add(good).Unix()})
	if err != nil {
		i.t.Fatal(err)
	}
	signed := base64URL([]byte(`{"alg":"ES256","kid":"1"}`)) + "." + base64URL(claims)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, sum[:])
	if err != nil {
		i.t.Fatal(err)
	}
	return signed + "." + base64URL(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

const perUserQueues = `
version: 1
grants:
  - name: own
    send: ["/queue/user.{name}.>"]
    subscribe: ["/queue/user.{name}.>"]
set_headers: { x-user: "{name}" }
`

// startEnforcing starts a gateway that knows its clients by their tokens, and keeps the login at the broker to itself.
func startEnforcing(t *testing.T, b *backend, i *issuer, more map[string]string) *gw.Gateway {
	t.Helper()
	env := map[string]string{
		"STOMPGW_AUTH": "jwt", "STOMPGW_JWT_ISSUER": "https://idp.example", "STOMPGW_JWT_AUDIENCE": "stompgw", "STOMPGW_JWT_CLOCK_SKEW": "0s",
		"STOMPGW_JWT_JWKS_FILE": i.keys(), "STOMPGW_TOKEN_SOURCES": "header,subprotocol,connect:Authorization",
		"STOMPGW_BROKER_LOGIN": b.user.Login, "STOMPGW_BROKER_PASSCODE": b.user.Passcode,
		"STOMPGW_POLICY_FILE": i.file("policy.yaml", b.spell(perUserQueues)),
		"STOMPGW_AUDIT_FILE":  filepath.Join(t.TempDir(), "audit.jsonl"),
	}
	if b.user.Host != "" {
		env["STOMPGW_BROKER_HOST"] = b.user.Host
	}
	return gw.Run(t, gw.Options{Env: b.env(env, more)})
}

// A browser brings a token and nothing else, and gets what the policy grants its name.
func TestTokenInsteadOfLogin(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		i := newIssuer(t)
		audit := filepath.Join(t.TempDir(), "audit")
		g := startEnforcing(t, b, i, map[string]string{"STOMPGW_AUDIT_FILE": audit})
		own := b.spell("/queue/user.alice." + unique(t))
		watcher := b.connect(t)
		watcher.Do("SUBSCRIBE", "", "id", "1", "destination", own)
		alice := i.token("alice", time.Hour)
		for name, open := range map[string]func() *stompws.Session{
			"header": func() *stompws.Session {
				s := stompws.Open(t, g.URL, stompws.Options{Header: http.Header{"Authorization": {"Bearer " + alice}}})
				s.Connect("accept-version", "1.2", "login", "nobody", "passcode", "wrong", "host", "nowhere")
				return s
			},
			"subprotocol": func() *stompws.Session {
				s := stompws.Open(t, g.URL, stompws.Options{Subprotocols: []string{"v12.stomp", "bearer." + alice}})
				if got := s.Client.Subprotocol(); got != "v12.stomp" {
					t.Errorf("got subprotocol %q", got)
				}
				s.Connect("accept-version", "1.2")
				return s
			},
			"CONNECT": func() *stompws.Session {
				s := stompws.Open(t, g.URL, stompws.Options{})
				s.Connect("accept-version", "1.2", "Authorization", "Bearer "+alice)
				return s
			},
		} {
			s := open()
			s.Do("SEND", "by "+name, "destination", own, "x-user", "root")
			if got := watcher.ExpectBody("by " + name); got.Get("x-user") != "alice" || got.Get("Authorization") != "" {
				t.Errorf("%s: got header %v, want x-user alice alone", name, got)
			}
			s.Do("SEND", "spy", "destination", strings.Replace(own, "alice", "bob", 1), "receipt", "r")
			e := s.Expect("ERROR")
			if e.Get("code") != "denied" || e.Get("receipt-id") != "r" {
				t.Errorf("%s: got %v, want denied", name, e)
			}
			s.ExpectClose(1008)
		}
		gw.Eventually(t, 10*time.Second, "three denials in the audit log", func() bool {
			text, err := os.ReadFile(audit)
			return err == nil && strings.Count(string(text), b.spell(`"principal":"alice","action":"SEND","destination":"/queue/user.bob.`)) == 3 &&
				!strings.Contains(string(text), "spy")
		})
	})
}

// A token runs out, and may be renewed before.
func TestTokenRunsOut(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	i := newIssuer(t)
	g := startEnforcing(t, b, i, nil)
	open := func() *stompws.Session {
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Connect("accept-version", "1.2", "Authorization", i.token("alice", 10*time.Second))
		return s
	}
	s, renewed, other := open(), open(), open()
	renewed.DoReceipt("SEND", i.token("alice", time.Hour), "destination", "/stompgw/renew")
	other.Do("SEND", i.token("bob", time.Hour), "destination", "/stompgw/renew")
	if e := other.Expect("ERROR"); e.Get("code") != "not_same_principal" {
		t.Errorf("got %v, want not_same_principal", e)
	}
	other.ExpectClose(1008)
	if e := s.Expect("ERROR"); e.Get("code") != "token_expired" {
		t.Errorf("got %v, want token_expired", e)
	}
	s.ExpectClose(4003)
	renewed.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", "/queue/user.alice.renewed")
}

// Who has no token, or a bad one, does not get in.
func TestNoTokenNoSession(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	i, stranger := newIssuer(t), newIssuer(t)
	g := startEnforcing(t, b, i, nil)
	for name, c := range map[string]struct{ token, code string }{
		"no token":             {"", "unauthenticated"},
		"somebody else's key":  {stranger.token("alice", time.Hour), "bad_token"},
		"a token of yesterday": {i.token("alice", -24*time.Hour), "token_expired"},
	} {
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Do("CONNECT", "", "accept-version", "1.2", "login", b.user.Login, "passcode", b.user.Passcode, "Authorization", c.token)
		if e := s.Expect("ERROR"); e.Get("code") != c.code {
			t.Errorf("%s: got %v, want %s", name, e, c.code)
		}
		s.ExpectClose(1008)
	}
}

// The policy changes while sessions live.
func TestPolicyChanges(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	q := b.queue(t)
	grants := func(destinations ...string) string {
		text := "version: 1\ngrants:\n"
		for _, d := range destinations {
			text += `  - { name: "` + d + `", send: ["` + d + `"], subscribe: ["` + d + `"] }` + "\n"
		}
		return text
	}
	write(grants(q+".a", q+".b"))
	g := gw.Run(t, gw.Options{Env: b.env(map[string]string{"STOMPGW_POLICY_FILE": file, "STOMPGW_AUDIT": "off"})})
	open := func(destination string) *stompws.Session {
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Connect(b.login()...)
		s.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", destination)
		return s
	}
	a, bee := open(q+".a"), open(q+".b")
	write("version: 1\ngrants: {}\n") // a mistake: the policy before it holds
	gw.Eventually(t, 20*time.Second, "a failed reload", func() bool { return reloads(t, g, "failed") > 0 })
	write(grants(q + ".b"))
	if e := a.Expect("ERROR"); e.Get("code") != "denied" {
		t.Errorf("got %v, want denied", e)
	}
	a.ExpectClose(1008)
	bee.Do("SEND", "still here", "destination", q+".b")
	bee.ExpectBody("still here")
}

func reloads(t *testing.T, g *gw.Gateway, result string) float64 {
	t.Helper()
	m, err := g.Scrape()
	if err != nil {
		t.Fatal(err)
	}
	return m.Sum("stompgw_policy_reloads_total", `result="`+result+`"`)
}

// A webhook lets in, names, and gives the login at the broker and grants; a users file checks login and passcode.
func TestWebhookAndUsers(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	i := newIssuer(t)
	q := b.queue(t)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Connect map[string]string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Connect["login"] != "carol" || asked.Connect["passcode"] != "pw" {
			fmt.Fprint(w, `{"allow": false, "reason": "unknown"}`)
			return
		}
		fmt.Fprintf(w, `{"allow": true, "principal": "carol", "broker": {"login": %q, "passcode": %q, "host": %q},
			"grants": [{"name": "of the webhook", "send": [%q], "subscribe": [%q]}]}`, b.user.Login, b.user.Passcode, b.user.Host, q, q)
	}))
	t.Cleanup(hook.Close)
	policy := i.file("policy.yaml", b.spell(perUserQueues))
	// htpasswd -nbB alice secret, at the least cost
	const alice = "alice:$2a$04$YnYCjLPxUkF0/AsT1QSLee2eVp2j1Fxz0vRsV41DxTKHWQe5Uv7y6\n"
	for name, c := range map[string]struct {
		env                    map[string]string
		login, passcode, queue string
	}{
		"webhook": {map[string]string{"STOMPGW_AUTH": "webhook", "STOMPGW_WEBHOOK_URL": hook.URL, "STOMPGW_WEBHOOK_SEND": "passcode"}, "carol", "pw", q},
		"users":   {map[string]string{"STOMPGW_AUTH": "users", "STOMPGW_USERS_FILE": i.file("users", alice)}, "alice", "secret", "/queue/user.alice." + strings.TrimPrefix(q, "/queue/")},
	} {
		g := gw.Run(t, gw.Options{Env: b.env(b.ownLogin(), c.env, map[string]string{"STOMPGW_POLICY_FILE": policy})})
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Connect("accept-version", "1.2", "login", c.login, "passcode", c.passcode)
		s.Do("SUBSCRIBE", "", "id", "1", "destination", c.queue)
		s.Do("SEND", name, "destination", c.queue)
		s.ExpectBody(name)
		s.Do("SEND", "no", "destination", "/queue/elsewhere")
		if e := s.Expect("ERROR"); e.Get("code") != "denied" {
			t.Errorf("%s: got %v, want denied", name, e)
		}
		s.ExpectClose(1008)
		stranger := stompws.Open(t, g.URL, stompws.Options{})
		stranger.Do("CONNECT", "", "accept-version", "1.2", "login", c.login, "passcode", "wrong")
		if e := stranger.Expect("ERROR"); e.Get("code") != "unauthenticated" {
			t.Errorf("%s: got %v, want unauthenticated", name, e)
		}
		stranger.ExpectClose(1008)
	}
}
