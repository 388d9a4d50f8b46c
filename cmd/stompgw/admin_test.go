package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/internal/eventually"
)

const adminToken = "a-token-of-the-test"

// ask sends a request to the admin listener; token "" goes without.
func (r *running) ask(method, path, token, body string) (status int, answer string) {
	r.t.Helper()
	return r.send(method, path, token, "", body)
}

// send is ask with a Content-Type; "" goes without.
func (r *running) send(method, path, token, contentType, body string) (status int, answer string) {
	r.t.Helper()
	request, err := http.NewRequest(method, "http://"+r.admin+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

// An operator looks at the gateway, finds a session and ends it.
func TestOperator(t *testing.T) {
	gw := start(t, "demo", "STOMPGW_ADMIN_TOKEN="+adminToken)
	c, _ := browser(t, gw.public)
	say(t, c, "CONNECT\naccept-version:1.2\nhost:demo\nlogin:me\npasscode:p\n\n\x00")
	if _, got := hear(t, c); !strings.HasPrefix(got, "CONNECTED\n") {
		t.Fatalf("got %q", got)
	}
	var list struct {
		Sessions []struct{ ID, Stomp, Broker, Transport, State string }
	}
	eventually.True(t, "the session to show", func() bool { // CONNECTED comes a moment before
		_, body := gw.ask("GET", "/sessions?state=connected", "", "")
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return len(list.Sessions) == 1
	})
	s := list.Sessions[0]
	if s.ID != gw.stderr.line("session started")["session"] || s.Stomp != "1.2" || !strings.HasPrefix(s.Broker, "tcp://127.0.0.1:") || s.Transport != "websocket" {
		t.Errorf("got %+v", s)
	}
	frames := make(chan string, 1)
	go func() {
		defer close(frames)
		_, body := gw.ask("GET", "/sessions/"+s.ID+"/frames?frames=1", adminToken, "")
		frames <- body
	}()
	eventually.True(t, "the session to be watched", func() bool { return gw.stderr.line("session watched") != nil })
	say(t, c, "SEND\ndestination:/topic/nobody\nx-secret:hush\n\nbody\x00")
	if got := <-frames; !strings.Contains(got, `"command":"SEND","headers":["destination:/topic/nobody","x-secret:***"]`) || strings.Contains(got, "hush") {
		t.Errorf("watched: got %s", got)
	}
	if status, body := gw.ask("DELETE", "/sessions/"+s.ID, "", ""); status != 403 {
		t.Errorf("without the token: got %d %s", status, body)
	}
	if status, body := gw.ask("DELETE", "/sessions/"+s.ID, adminToken, ""); status != 204 {
		t.Errorf("with the token: got %d %s", status, body)
	}
	if _, got := hear(t, c); !strings.HasPrefix(got, "ERROR\ncode:operator_closed\n") {
		t.Errorf("got %q", got)
	}
	wantClose(t, c, 4004)
	c.Close()
	eventually.True(t, "the end to show", func() bool {
		_, page := gw.ask("GET", "/", "", "")
		return strings.Contains(page, s.ID) && strings.Contains(page, "operator_closed")
	})
	_, body := gw.ask("GET", "/status", "", "")
	var status struct {
		Sessions int
		Brokers  []struct{ Up bool }
		Totals   map[string]int64
	}
	if err := json.Unmarshal([]byte(body), &status); err != nil || status.Sessions != 0 || len(status.Brokers) != 1 || !status.Brokers[0].Up || status.Totals["sessions_begun"] != 1 {
		t.Errorf("%v: got %+v of %s", err, status, body)
	}
	if gw.stderr.line("admin request refused") == nil {
		t.Error("the log does not say that a request was refused")
	}
	if strings.Contains(gw.stderr.String(), adminToken) {
		t.Error("the token is in the log")
	}
}

// The level of the log changes while the gateway runs, and the change is logged
// whatever the new level is.
func TestLogLevelChanges(t *testing.T) {
	broker := silentBroker(t)
	gw := start(t, "serve", "STOMPGW_BROKERS=tcp://"+broker.Addr().String(), "STOMPGW_ADMIN_TOKEN="+adminToken)
	if status, body := gw.ask("PUT", "/loglevel", "", `{"level":"error"}`); status != 403 {
		t.Errorf("without the token: got %d %s", status, body)
	}
	if status, body := gw.ask("PUT", "/loglevel", adminToken, strings.Repeat(" ", maxLevelBody)+`{"level":"debug"}`); status != 400 {
		t.Errorf("a huge request: got %d %s", status, body)
	}
	const curl = "application/x-www-form-urlencoded" // what its -d says
	if status, body := gw.send("PUT", "/loglevel", adminToken, curl, `{"level":"warn"}`); status != 400 {
		t.Errorf("JSON that says it is a form: got %d %s", status, body)
	}
	if status, body := gw.send("PUT", "/loglevel", adminToken, curl, "level=error"); status != 200 || !strings.Contains(body, `"error"`) {
		t.Errorf("a form: got %d %s", status, body)
	}
	if status, body := gw.ask("PUT", "/loglevel", adminToken, `{"level":"error"}`); status != 200 || !strings.Contains(body, `"error"`) {
		t.Errorf("got %d %s", status, body)
	}
	if line := gw.stderr.line("log level changed"); line == nil || line["from_level"] != "info" || line["to_level"] != "error" {
		t.Errorf("got %v in the log", line)
	}
	c, _ := browser(t, gw.public)
	c.Close()
	gw.end()
	for _, message := range []string{"session started", "draining", "stopped"} {
		if gw.stderr.line(message) != nil {
			t.Errorf("%q is logged at level error", message)
		}
	}
}
