package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
)

// What changes something takes the token, which no browser sends by itself, and
// comes from no page of another origin.
func TestChangesTakeTheToken(t *testing.T) {
	const bearer = "Bearer " + token
	for _, tc := range []struct {
		name    string
		token   string
		headers []string
		status  int // for ending a session that is there
	}{
		{"the token", token, []string{"Authorization", bearer}, 204},
		{"the scheme in another case", token, []string{"Authorization", "bearer " + token}, 204},
		{"a page of its own origin", token, []string{"Authorization", bearer, "Origin", here, "Sec-Fetch-Site", "same-origin"}, 204},
		{"nothing", token, nil, 403},
		{"another token", token, []string{"Authorization", bearer + "x"}, 403},
		{"a part of it", token, []string{"Authorization", bearer[:len(bearer)-1]}, 403},
		{"no token", token, []string{"Authorization", "Bearer "}, 403},
		{"another scheme", token, []string{"Authorization", "Basic " + token}, 403},
		{"another page", token, []string{"Authorization", bearer, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		{"another page in an old browser", token, []string{"Authorization", bearer, "Origin", "https://evil.example"}, 403},
		{"no token is set", "", []string{"Authorization", bearer}, 403},
		{"no token is set or sent", "", nil, 403},
		{"no token is set, and an empty one sent", "", []string{"Authorization", "Bearer "}, 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newDesk(func(o *Options) { o.Token = tc.token })
			ended := d.ask(http.MethodDelete, here+"/sessions/001", tc.headers...)
			if done := d.sessions.ended == "001"; ended.Code != tc.status || done != (tc.status == 204) {
				t.Errorf("DELETE: got %d, ended %v, want %d", ended.Code, done, tc.status)
			}
			set := d.ask(http.MethodPut, here+"/loglevel", tc.headers...)
			if done := d.level.Level() == zap.DebugLevel; done != (tc.status == 204) {
				t.Errorf("PUT: got %d, changed %v", set.Code, done)
			}
			if strings.Contains(ended.Body.String()+strings.Join(d.refused, ""), token) {
				t.Error("the refusal shows the token")
			}
		})
	}
	d := newDesk(nil)
	d.ask(http.MethodDelete, here+"/sessions/001")
	if want := "this takes the header Authorization: Bearer with the admin token"; len(d.refused) != 1 || d.refused[0] != want {
		t.Errorf("got word of %q, want %q", d.refused, want)
	}
	if w := d.ask(http.MethodDelete, here+"/sessions/002", "Authorization", bearer); w.Code != http.StatusNotFound {
		t.Errorf("a session that is not there: got %d", w.Code)
	}
	if d.sessions.by != "192.0.2.1:1234" { // httptest's client
		t.Errorf("it was asked for by %q", d.sessions.by)
	}
	if w := d.ask(http.MethodGet, here+"/loglevel"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"level":"info"`) {
		t.Errorf("GET /loglevel: got %d %s", w.Code, w.Body)
	}
	if w := d.ask(http.MethodPost, here+"/sessions/001", "Authorization", bearer); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d", w.Code)
	}
}

// A page whose own name comes to mean this address gets nothing but what load
// balancers and Prometheus ask for.
func TestHosts(t *testing.T) {
	for host, own := range map[string]bool{
		"127.0.0.1:9090": true, "127.0.0.1": true, "[::1]:9090": true, "[::1]": true, "192.0.2.7:80": true,
		"localhost:9090": true, "LOCALHOST": true, "localhost.:9090": true,
		"stompgw.internal:9090": true, "Stompgw.Internal": true,
		"evil.example:9090": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"a.stompgw.internal": false, "internal": false, "evil.example:80:9090": false,
	} {
		d := newDesk(func(o *Options) { o.Profiles = true })
		for _, path := range []string{"/", "/status", "/sessions", "/sessions/001", "/loglevel", "/debug/pprof/", "/debug/pprof/cmdline"} {
			if got := d.askHost(host, "GET", path); got != 200 && own || got != 403 && !own {
				t.Errorf("%s%s: got %d", host, path, got)
			}
		}
		if got := d.askHost(host, "DELETE", "/sessions/001"); got != 204 && own || got != 403 && !own {
			t.Errorf("DELETE %s: got %d", host, got)
		}
		if got := d.askHost(host, "GET", "/livez"); got != 200 {
			t.Errorf("%s/livez: got %d", host, got)
		}
		if got := len(d.refused); got != 0 && own || got != 8 && !own {
			t.Errorf("%s: got word of %d refusals: %q", host, got, d.refused)
		}
	}
}

// askHost asks with the token under a name, and gives the status.
func (d *desk) askHost(host, method, path string) int {
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Code
}
