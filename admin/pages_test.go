package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/gateway"
)

const token = "a token of the test"

// fakeSessions are as many sessions as it says, with their numbers for ids.
type fakeSessions struct {
	n     int
	asked gateway.SessionQuery
	ended string
	by    string

	watchFor time.Duration
}

func (f *fakeSessions) FindSessions(q gateway.SessionQuery) (found []gateway.SessionStatus, more bool) {
	f.asked = q
	found = []gateway.SessionStatus{}
	for i := range f.n {
		if id := fmt.Sprintf("%03d", i); id > q.After {
			if len(found) == q.Limit {
				return found, true
			}
			found = append(found, gateway.SessionStatus{ID: id})
		}
	}
	return found, false
}

func (f *fakeSessions) Session(id string) (gateway.SessionStatus, bool) {
	return gateway.SessionStatus{ID: id}, id == "001"
}

func (f *fakeSessions) EndSession(id, by string) bool {
	f.ended, f.by = id, by
	return id == "001"
}

// desk is an admin handler over fakes.
type desk struct {
	http.Handler
	sessions *fakeSessions
	level    zap.AtomicLevel
	refused  []string
}

func newDesk(change func(*Options)) *desk {
	d := &desk{sessions: &fakeSessions{n: 250}, level: zap.NewAtomicLevel()}
	o := Options{
		Status: func() Status {
			return Status{
				Version: "1.2.3", Since: time.Now().Add(-time.Hour), LogLevel: "info", Policy: "7f3a",
				Brokers: []broker.State{{Endpoint: "tcp://down:1", Failures: 3}, {Endpoint: "tls://up:2", Up: true, Dialect: "rabbitmq"}},
				Status: gateway.Status{Sessions: 42, Limit: 1000, Transports: map[string]int{"websocket": 40, "xhr": 2},
					LastEnds: []gateway.End{{Session: "ABC", Address: netip.MustParseAddr("192.0.2.1"), Reason: gateway.SlowClient,
						Code: 4008, Cause: `<script>alert("x")</script>`}}},
			}
		},
		Sessions: d.sessions, LogLevel: d.level, Token: token, Hosts: []string{"stompgw.internal"},
		OnRefused: func(_ *http.Request, why string) { d.refused = append(d.refused, why) },
	}
	if change != nil {
		change(&o)
	}
	d.Handler = Handler(o)
	return d
}

func (d *desk) ask(method, url string, headers ...string) *httptest.ResponseRecorder {
	var body string
	if method == http.MethodPut {
		body = `{"level":"debug"}`
	}
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

const here = "http://127.0.0.1:9090"

// The page holds what it should, needs nothing else, and what clients wrote is
// no markup in it.
func TestPage(t *testing.T) {
	w := newDesk(nil).ask("GET", here+"/")
	got := w.Body.String()
	for _, want := range []string{"stompgw 1.2.3", "policy 7f3a", ">42</a>", "xhr", "tcp://down:1", "not reached", "tls://up:2", "rabbitmq",
		"slow_client", "4008", "192.0.2.1", "&lt;script&gt;"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page has no %q:\n%s", want, got)
		}
	}
	if found := regexp.MustCompile(`(?i)<script|<form|src=|@import|url\(|https?://|\son[a-z]+=|javascript:`).FindString(got); found != "" {
		t.Errorf("the page has %q", found)
	}
	policy := w.Header().Get("Content-Security-Policy")
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(got)
	if style == nil || !strings.Contains(policy, source(style[1])) || !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy %q does not let the page's own style in, and nothing else", policy)
	}
	if h := w.Header(); h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Refresh") == "" {
		t.Errorf("got headers %v", h)
	}

	without := newDesk(func(o *Options) { o.Status = func() Status { return Status{} } }).ask("GET", here+"/").Body.String()
	if strings.Contains(without, "policy") || !strings.Contains(without, "none yet") {
		t.Errorf("without a policy or ends: got\n%s", without)
	}
}

func TestStatusAsJSON(t *testing.T) {
	w := newDesk(nil).ask("GET", here+"/status")
	var got struct {
		Version  string
		Policy   string
		Sessions int
		Brokers  []struct {
			Endpoint string
			Up       bool
		}
		LastEnds []struct{ Reason string } `json:"last_ends"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if got.Version != "1.2.3" || got.Policy != "7f3a" || got.Sessions != 42 || len(got.Brokers) != 2 || got.Brokers[0].Up || !got.Brokers[1].Up ||
		got.LastEnds[0].Reason != "slow_client" {
		t.Errorf("got %+v from %s", got, w.Body)
	}
}

func TestSessionsInPages(t *testing.T) {
	d := newDesk(nil)
	url, pages, ids := "/sessions?transport=xhr", 0, 0
	for url != "" {
		w := d.ask("GET", here+url)
		var p sessionPage
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		if d.sessions.asked.Transport != "xhr" {
			t.Fatalf("page %d forgets what was looked for: %+v", pages, d.sessions.asked)
		}
		url, pages, ids = p.Next, pages+1, ids+len(p.Sessions)
	}
	if pages != 3 || ids != 250 {
		t.Errorf("got %d sessions on %d pages, want 250 on 3", ids, pages)
	}
}

func TestSessionQueries(t *testing.T) {
	for _, tc := range []struct {
		query string
		want  gateway.SessionQuery // Limit 0 stands for the default
		wrong string
	}{
		{query: "", want: gateway.SessionQuery{}},
		{query: "address=192.0.2.1", want: gateway.SessionQuery{Network: netip.MustParsePrefix("192.0.2.1/32")}},
		{query: "address=::ffff:192.0.2.1", want: gateway.SessionQuery{Network: netip.MustParsePrefix("192.0.2.1/32")}},
		{query: "address=2001:db8::/32", want: gateway.SessionQuery{Network: netip.MustParsePrefix("2001:db8::/32")}},
		{query: "transport=xhr&principal=ann&state=connected&broker=tcp://b:1&stomp=1.2&paused=true&after=X&limit=7", want: gateway.SessionQuery{
			Transport: "xhr", Principal: "ann", State: "connected", Broker: "tcp://b:1", Version: "1.2", Paused: true, After: "X", Limit: 7}},
		{query: "limit=1000", want: gateway.SessionQuery{Limit: 1000}},
		{query: "limit=1001", wrong: "limit 1 to 1000"},
		{query: "limit=0", wrong: "limit 1 to 1000"},
		{query: "limit=all", wrong: "limit 1 to 1000"},
		{query: "address=here", wrong: "an address or a CIDR"},
		{query: "paused=perhaps", wrong: "true or false"},
		{query: "adress=::1", wrong: `"adress"`},
	} {
		d := newDesk(nil)
		w := d.ask("GET", here+"/sessions?"+tc.query)
		if tc.wrong != "" {
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), tc.wrong) {
				t.Errorf("%s: got %d %s, want 400 with %q", tc.query, w.Code, w.Body, tc.wrong)
			}
			continue
		}
		if tc.want.Limit == 0 {
			tc.want.Limit = pageSize
		}
		if w.Code != http.StatusOK || d.sessions.asked != tc.want {
			t.Errorf("%s: got %d, asked for %+v, want %+v", tc.query, w.Code, d.sessions.asked, tc.want)
		}
	}
}

func TestOneSession(t *testing.T) {
	d := newDesk(nil)
	if w := d.ask("GET", here+"/sessions/001"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"id": "001"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if w := d.ask("GET", here+"/sessions/002"); w.Code != http.StatusNotFound {
		t.Errorf("got %d for a session that is not there", w.Code)
	}
}
