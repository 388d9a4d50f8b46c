package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/testcert"
)

// hook is a webhook on loopback that keeps the last question.
type hook struct {
	*httptest.Server

	mu     sync.Mutex
	answer http.HandlerFunc
	asked  int
	header http.Header
	body   map[string]any
}

func newHook(t *testing.T, answer string) *hook {
	t.Helper()
	h := &hook{answer: text(answer)}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked++
	h.header, h.body = r.Header, nil
	err := json.NewDecoder(r.Body).Decode(&h.body)
	answer := h.answer
	h.mu.Unlock()
	if err != nil || r.Method != http.MethodPost {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer(w, r)
}

func (h *hook) answerBy(answer http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = answer
}

func (h *hook) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

func (h *hook) options() Options {
	return Options{Methods: []Method{Webhook}, Webhook: WebhookOptions{URL: h.URL + "/ask?key=hookkey", Timeout: patience}}
}

const allowAlice = `{"allow":true,"principal":"alice"}`

func TestWebhookAnswers(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = fmt.Fprint(w, allowAlice) }
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		who    string
		code   string
	}{
		{"allowed", text(allowAlice), "alice", ""},
		{"denied", text(`{"allow":false,"reason":"unpaid"}`), "", Unauthenticated},
		{"denied, with a principal", text(`{"allow":false,"principal":"alice"}`), "", Unauthenticated},
		{"403", status(403), "", Unauthenticated},
		{"no word", text(`{"principal":"alice"}`), "", Unavailable},
		{"no principal", text(`{"allow":true}`), "", Unavailable},
		{"principal with a line break", text(`{"allow":true,"principal":"a\nb"}`), "", Unavailable},
		{"unknown field", text(`{"allow":true,"principal":"alice","expiry":60}`), "", Unavailable},
		{"unknown broker field", text(`{"allow":true,"principal":"alice","broker":{"vhost":"x"}}`), "", Unavailable},
		{"not JSON", text(`yes`), "", Unavailable},
		{"nothing", text(``), "", Unavailable},
		{"null", text(`null`), "", Unavailable},
		{"list", text(`[true]`), "", Unavailable},
		{"more than one", text(allowAlice + allowAlice), "", Unavailable},
		{"text for allow", text(`{"allow":"true","principal":"alice"}`), "", Unavailable},
		{"401", status(401), "", Unavailable}, // the gateway's own secret is wrong
		{"201", status(201), "", Unavailable},
		{"500", status(500), "", Unavailable},
		{"huge", text(allowAlice + strings.Repeat(" ", maxAnswer)), "", Unavailable},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/other" {
				text(allowAlice)(w, r)
				return
			}
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, "", Unavailable},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", Unavailable},
		{"expires in the past", text(`{"allow":true,"principal":"alice","expires":"2001-01-01T00:00:00Z"}`), "", TokenExpired},
		{"expires, no time", text(`{"allow":true,"principal":"alice","expires":"soon"}`), "", Unavailable},
		{"expires, Unix time", text(`{"allow":true,"principal":"alice","expires":1893456000}`), "", Unavailable},
		{"expires, zero", text(`{"allow":true,"principal":"alice","expires":0}`), "", Unavailable},
		{"expires, the zero time", text(`{"allow":true,"principal":"alice","expires":"0001-01-01T00:00:00Z"}`), "", Unavailable},
		{"expires, negative", text(`{"allow":true,"principal":"alice","expires":-1}`), "", Unavailable},
		{"expires, null", text(`{"allow":true,"principal":"alice","expires":null}`), "alice", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHook(t, "")
			h.answerBy(test.answer)
			a := newAuthenticator(t, h.options())
			early, err := a.FromRequest(context.Background(), request())
			if early != nil || err != nil || h.count() != 0 {
				t.Fatalf("got %v, %v and %d questions before CONNECT", early, err, h.count())
			}
			id, err := a.FromConnect(context.Background(), request(), connect("passcode", "secret"))
			expect(t, id, err, test.who, test.code)
			if err != nil && strings.Contains(err.Error(), "hookkey") {
				t.Errorf("the error shows the URL: %v", err)
			}
		})
	}
}

func TestWebhookIdentity(t *testing.T) {
	now := time.Now()
	h := newHook(t, `{"allow":true,"principal":"alice","claims":{"tenant":"acme"},"expires":90.5,
		"broker":{"login":"l","passcode":"p:\\","host":"v"},"grants":[{"send":["/queue/a"]}]}`)
	o := h.options()
	o.now = func() time.Time { return now }
	a := newAuthenticator(t, o)
	id, err := a.FromConnect(context.Background(), request(), connect())
	expect(t, id, err, "alice", "")
	if id.Method != Webhook || id.Claims["tenant"] != "acme" || !id.Expires.Equal(now.Add(90500*time.Millisecond)) ||
		*id.Broker != (Credentials{"l", `p:\`, "v"}) || string(id.Grants) != `[{"send":["/queue/a"]}]` {
		t.Errorf("got %+v", id)
	}
	if got := h.header["Authorization"]; got != nil {
		t.Errorf("got Authorization %q where there is no secret", got)
	}
	login, err := a.Credentials(id, connect("login", "mine", "host", "mine"))
	if err != nil || login.Login != (Word{Text: "l"}) || login.Passcode != (Word{Text: `p:\`}) || login.Host != (Word{Text: "v"}) {
		t.Errorf("got %+v, %v", login, err)
	}
}

// TestWebhookQuestion: what is secret is told only on demand.
func TestWebhookQuestion(t *testing.T) {
	h := newHook(t, allowAlice)
	r := request("Authorization", "Bearer s1", "Cookie", "c=s2", "User-Agent", "x/1", "Sec-WebSocket-Protocol", "bearer.s3", "Sec-WebSocket-Key", "k")
	r.URL.RawQuery = "t=s4"
	c := connect("login", "l", "passcode", "s5", "host", "v", "Authorization", "s6", "authorization", "s7", "client-id", "i", "login", "second", "heart-beat", "1,1")
	ask := func(o Options, r *Request) map[string]any {
		t.Helper()
		id, err := newAuthenticator(t, o).FromConnect(context.Background(), r, c)
		expect(t, id, err, "alice", "")
		return h.body
	}
	o := h.options()
	o.Webhook.Secret = "hooksecret"
	want := map[string]any{
		"address": "192.0.2.1", "path": "/stomp",
		"headers": map[string]any{"Origin": []any{"https://app.example"}, "User-Agent": []any{"x/1"}},
		"connect": map[string]any{"login": "l", "host": "v", "client-id": "i"},
	}
	if got := ask(o, r); !reflect.DeepEqual(got, want) {
		t.Errorf("got question %v\nwant %v", got, want)
	}
	if got := h.header; got.Get("Authorization") != "Bearer hooksecret" || got.Get("Content-Type") != "application/json" {
		t.Errorf("got headers %v", got)
	}

	o.Webhook.Send = []WebhookSecret{SendPasscode, SendCookie, SendAuthorization, SendQuery}
	want["query"] = "t=s4"
	headers, said := want["headers"].(map[string]any), want["connect"].(map[string]any)
	headers["Authorization"], headers["Cookie"] = []any{"Bearer s1"}, []any{"c=s2"}
	said["passcode"], said["Authorization"], said["authorization"] = "s5", "s6", "s7"
	if got := ask(o, r); !reflect.DeepEqual(got, want) {
		t.Errorf("got question %v\nwant %v", got, want)
	}
	r.StrictOrigin = false
	delete(headers, "Cookie")
	if got := ask(o, r); !reflect.DeepEqual(got, want) {
		t.Errorf("any origin: got question %v\nwant %v", got, want)
	}
}

// TestWebhookIsToldTheCertificate: but for what a foreign page has a browser show.
func TestWebhookIsToldTheCertificate(t *testing.T) {
	h := newHook(t, allowAlice)
	a := newAuthenticator(t, h.options())
	leaf := &x509.Certificate{Subject: pkix.Name{CommonName: "app"}, SerialNumber: big.NewInt(255)}
	shown := tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}
	verified := tls.ConnectionState{PeerCertificates: shown.PeerCertificates, VerifiedChains: [][]*x509.Certificate{{leaf}}}
	for _, test := range []struct {
		name   string
		tls    tls.ConnectionState
		strict bool
		want   any
	}{
		{"verified", verified, true, map[string]any{"cn": "app", "serial": "ff"}},
		{"shown", shown, true, nil},
		{"foreign page", verified, false, nil},
	} {
		r := request()
		r.TLS, r.StrictOrigin = &test.tls, test.strict
		id, err := a.FromConnect(context.Background(), r, connect())
		expect(t, id, err, "alice", "")
		if got := h.body["certificate"]; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestWebhookCache(t *testing.T) {
	h := newHook(t, allowAlice)
	now := time.Now()
	o := h.options()
	o.now = func() time.Time { return now }
	o.Webhook.CacheTime, o.Webhook.Send = 5*time.Second, []WebhookSecret{SendPasscode}
	a := newAuthenticator(t, o)
	login := func(passcode string) error {
		_, err := a.FromConnect(context.Background(), request(), connect("login", "l", "passcode", passcode))
		return err
	}
	steps := []struct {
		what     string
		passcode string
		answer   http.HandlerFunc
		asked    int
		code     string
	}{
		{"first", "a", nil, 1, ""},
		{"the same", "a", text(`{"allow":false}`), 1, ""},
		{"another passcode", "b", nil, 2, Unauthenticated},
		{"a denial counts too", "b", text(allowAlice), 2, Unauthenticated},
		{"a failure", "c", text("?"), 3, Unavailable},
		{"does not", "c", text(allowAlice), 4, ""},
	}
	for _, s := range steps {
		if s.answer != nil {
			h.answerBy(s.answer)
		}
		if got := code(t, login(s.passcode)); got != s.code || h.count() != s.asked {
			t.Fatalf("%s: got %q and %d questions, want %q and %d", s.what, got, h.count(), s.code, s.asked)
		}
	}
	question := func() *Identity {
		id, err := a.FromConnect(context.Background(), request(), connect("login", "l", "passcode", "a"))
		expect(t, id, err, "alice", "")
		return id
	}
	if one, two := question(), question(); one == two || h.count() != 4 {
		t.Errorf("got %p and %p after %d questions, want an identity each of one answer", one, two, h.count())
	}
	now = now.Add(5 * time.Second)
	if err := login("b"); err != nil || h.count() != 5 {
		t.Errorf("after its time: got %v and %d questions", err, h.count())
	}
}

func TestWebhookTimeout(t *testing.T) {
	h := newHook(t, "")
	h.answerBy(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	o := h.options()
	o.Webhook.Timeout = 20 * time.Millisecond
	id, err := newAuthenticator(t, o).FromConnect(context.Background(), request(), connect())
	expect(t, id, err, "", Unavailable)
}

func TestWebhookHasATimeout(t *testing.T) {
	a := newAuthenticator(t, Options{Methods: []Method{Webhook}, Webhook: WebhookOptions{URL: "https://hook.example"}})
	if got := a.webhook.client.Timeout; got != 5*time.Second {
		t.Errorf("got %v where none is set", got)
	}
}

func TestWebhookDown(t *testing.T) {
	h := newHook(t, "")
	h.Close()
	id, err := newAuthenticator(t, h.options()).FromConnect(context.Background(), request(), connect())
	expect(t, id, err, "", Unavailable)
}

// TestWebhookClosesAConnection: one that had waited since an earlier question is
// nobody's refusal, and no outage either.
func TestWebhookClosesAConnection(t *testing.T) {
	var closes atomic.Int32 // so many questions are answered by closing
	var asked atomic.Int32
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if closes.Add(-1) >= 0 {
			panic(http.ErrAbortHandler)
		}
		text(allowAlice)(w, r)
	}))
	defer h.Close()
	a := newAuthenticator(t, Options{Methods: []Method{Webhook}, Webhook: WebhookOptions{URL: h.URL}})
	for _, step := range []struct {
		closes, asked int32
		code          string
	}{
		{1, 1, Unavailable}, // on a connection of its own
		{0, 1, ""},
		{1, 2, ""},
		{2, 2, Unavailable},
	} {
		closes.Store(step.closes)
		asked.Store(0)
		id, err := a.FromConnect(context.Background(), request(), connect())
		expect(t, id, err, map[bool]string{true: "alice"}[step.code == ""], step.code)
		if got := asked.Load(); got != step.asked {
			t.Errorf("%+v: asked %d times", step, got)
		}
	}
}

// TestWebhookTLS: the webhook proves who it is, and so does the gateway, with what
// holds when a connection begins.
func TestWebhookTLS(t *testing.T) {
	var shown []string
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = []string{r.Proto}
		for _, c := range r.TLS.PeerCertificates {
			shown = append(shown, c.Subject.CommonName)
		}
		text(allowAlice)(w, r)
	}))
	h.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	h.EnableHTTP2 = true
	h.StartTLS()
	defer h.Close()
	o := Options{Methods: []Method{Webhook}, Webhook: WebhookOptions{URL: h.URL}}
	id, err := newAuthenticator(t, o).FromConnect(context.Background(), request(), connect())
	expect(t, id, err, "", Unavailable)

	conf := trusting(h)()
	o.Webhook.TLS = func() *tls.Config { return conf }
	a := newAuthenticator(t, o)
	for _, name := range []string{"first", "second"} {
		h.CloseClientConnections()
		conf.Certificates = []tls.Certificate{testcert.New(t, name).TLS(t)}
		id, err = a.FromConnect(context.Background(), request(), connect())
		expect(t, id, err, "alice", "")
		if want := []string{"HTTP/2.0", name}; !slices.Equal(shown, want) {
			t.Errorf("the webhook was shown %q, want %q", shown, want)
		}
	}
}

func TestRecheck(t *testing.T) {
	h := newHook(t, allowAlice)
	o := h.options()
	o.Webhook.CacheTime = time.Hour
	a := newAuthenticator(t, o)
	ctx := context.Background()
	id, err := a.FromConnect(ctx, request(), connect("login", "l"))
	expect(t, id, err, "alice", "")
	for _, test := range []struct{ answer, code string }{
		{allowAlice, ""},
		{`{"allow":true,"principal":"bob"}`, NotSamePrincipal},
		{`?`, Unavailable},
		{`{"allow":false}`, Unauthenticated},
	} {
		h.answerBy(text(test.answer))
		now, err := a.Recheck(ctx, id)
		if got := code(t, err); got != test.code || (now == nil) != (err != nil) {
			t.Errorf("%s: got %+v and %q, want %q", test.answer, now, got, test.code)
		}
	}
	if said := h.body["connect"].(map[string]any)["login"]; said != "l" {
		t.Errorf("got login %v in the repeated question", said)
	}
	_, err = a.FromConnect(ctx, request(), connect("login", "l"))
	if got := code(t, err); got != Unauthenticated {
		t.Errorf("got %q from the cache, want what the recheck heard", got)
	}
	asked := h.count()
	for _, method := range []Method{JWT, Webhook} { // without a question
		id := &Identity{Principal: Principal{Method: method, Name: "x"}}
		if now, err := a.Recheck(ctx, id); now != id || err != nil || h.count() != asked {
			t.Errorf("got %v, %v and %d questions for %s, want what it was", now, err, h.count()-asked, method)
		}
	}
}

// The second answer counts whole, and so does the third.
func TestRecheckGivesWhatIsNew(t *testing.T) {
	h := newHook(t, `{"allow":true,"principal":"alice","claims":{"role":"admin"},"grants":[{"name":"g"}]}`)
	a := newAuthenticator(t, h.options())
	ctx := context.Background()
	id, err := a.FromConnect(ctx, request(), connect("login", "l"))
	expect(t, id, err, "alice", "")
	for _, test := range []struct {
		answer, grants string
		expires        time.Time
	}{
		{`{"allow":true,"principal":"alice","grants":[]}`, "[]", time.Time{}},
		{`{"allow":true,"principal":"alice","expires":"2001-01-01T00:00:00Z"}`, "", time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		h.answerBy(text(test.answer))
		id, err = a.Recheck(ctx, id)
		expect(t, id, err, "alice", "")
		if string(id.Grants) != test.grants || !id.Expires.Equal(test.expires) || len(id.Claims) != 0 {
			t.Errorf("%s: got grants %s, claims %v, expiry %v", test.answer, id.Grants, id.Claims, id.Expires)
		}
	}
}
