package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/gateway"
)

// WatchSession shows frames until it is stopped, in a session called 001.
func (f *fakeSessions) WatchSession(ctx context.Context, id, by string, take func(gateway.WatchedFrame) error) (int64, error) {
	f.by = by
	deadline, _ := ctx.Deadline()
	f.watchFor = time.Until(deadline)
	switch id {
	case "001":
	case "busy":
		return 0, gateway.ErrWatching
	case "still":
		return 0, context.DeadlineExceeded
	default:
		return 0, gateway.ErrNoSession
	}
	for i := range 20_000 {
		if err := take(gateway.WatchedFrame{To: "broker", Command: "SEND", Headers: []string{fmt.Sprint("id:", i)}}); err != nil {
			return 7, err
		}
	}
	return 7, errors.New("nobody stopped it")
}

func TestWatch(t *testing.T) {
	d := newDesk(nil)
	ask := func(path string) (int, []string) {
		w := d.ask(http.MethodGet, here+path, "Authorization", "Bearer "+token)
		return w.Code, strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	}
	for _, tc := range []struct {
		query   string
		frames  int
		atLeast time.Duration
	}{
		{"", 1000, 29 * time.Second},
		{"?seconds=60&frames=10000", 10_000, 59 * time.Second},
		{"?seconds=1&frames=3", 3, time.Second / 2},
	} {
		status, lines := ask("/sessions/001/frames" + tc.query)
		if status != http.StatusOK || len(lines) != tc.frames+1 {
			t.Fatalf("%s: got %d with %d lines", tc.query, status, len(lines))
		}
		var first gateway.WatchedFrame
		if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first.Command != "SEND" || first.Headers[0] != "id:0" {
			t.Errorf("%s: got %s, %v", tc.query, lines[0], err)
		}
		if last := lines[tc.frames]; last != `{"end":"as many frames as were asked for","missed":7}` {
			t.Errorf("%s: the last line is %s", tc.query, last)
		}
		if got := d.sessions.watchFor; got < tc.atLeast || got > tc.atLeast+time.Second {
			t.Errorf("%s: it watches for %v", tc.query, got)
		}
	}
	for path, want := range map[string]int{
		"/sessions/002/frames": 404, "/sessions/busy/frames": 409,
		"/sessions/001/frames?seconds=61": 400, "/sessions/001/frames?seconds=0": 400, "/sessions/001/frames?frames=10001": 400, "/sessions/001/frames?frames=all": 400,
	} {
		if got, lines := ask(path); got != want {
			t.Errorf("%s: got %d %q, want %d", path, got, lines, want)
		}
	}
	if status, lines := ask("/sessions/still/frames"); status != http.StatusOK || lines[0] != `{"end":"the time is over","missed":0}` {
		t.Errorf("nothing passed: got %d %q", status, lines)
	}
	if w := d.ask(http.MethodGet, here+"/sessions/001/frames"); w.Code != http.StatusForbidden {
		t.Errorf("without the token: got %d", w.Code)
	}
}

// timed is an answer that notes its write deadline.
type timed struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (w *timed) SetWriteDeadline(t time.Time) error {
	w.until = t
	return nil
}

// TestWatchHasItsTime: not the server's, which would cut it short.
func TestWatchHasItsTime(t *testing.T) {
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodGet, here+"/sessions/001/frames?seconds=50", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	begin := time.Now()
	newDesk(nil).ServeHTTP(w, r)
	if least := begin.Add(50 * time.Second); w.until.Before(least) || w.until.After(time.Now().Add(60*time.Second)) {
		t.Errorf("got write deadline %v, want a little after %v", w.until, least)
	}
}
