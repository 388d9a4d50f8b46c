package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func handler(profiles bool, ready func(context.Context) error) http.Handler {
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "stompgw_test", Help: "For the test."})
	gauge.Set(42)
	registry.MustRegister(gauge)
	return Handler(Options{Ready: ready, Metrics: registry, Profiles: profiles, LogLevel: zap.NewAtomicLevel()})
}

func ask(h http.Handler, method, path string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "http://127.0.0.1:9090"+path, nil))
	body, _ := io.ReadAll(w.Result().Body) // a recorder's body does not fail
	return w.Code, string(body)
}

func TestAnswers(t *testing.T) {
	good := func(context.Context) error { return nil }
	bad := func(context.Context) error { return errors.New("no broker") }
	tests := []struct {
		name         string
		profiles     bool
		ready        func(context.Context) error
		method, path string
		status       int
		body         string
	}{
		{"alive", false, bad, "GET", "/livez", 200, "alive"},
		{"ready", false, good, "GET", "/readyz", 200, "ready"},
		{"not ready", false, bad, "GET", "/readyz", 503, "not ready: no broker"},
		{"metrics", false, bad, "GET", "/metrics", 200, "stompgw_test 42"},
		{"HEAD", false, good, "HEAD", "/livez", 200, ""},
		{"POST to readyz", false, good, "POST", "/readyz", 405, ""},
		{"POST to metrics", false, good, "POST", "/metrics", 405, ""},
		{"elsewhere", true, good, "GET", "/elsewhere", 404, ""},
		{"below", false, good, "GET", "/livez/x", 404, ""},
		{"no profiles", false, good, "GET", "/debug/pprof/", 404, ""},
		{"no heap profile", false, good, "GET", "/debug/pprof/heap", 404, ""},
		{"no command line", false, good, "GET", "/debug/pprof/cmdline", 404, ""},
		{"profiles", true, good, "GET", "/debug/pprof/", 200, "goroutine"},
		{"a profile", true, good, "GET", "/debug/pprof/goroutine?debug=1", 200, "goroutine profile"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := ask(handler(tt.profiles, tt.ready), tt.method, tt.path)
			if status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("got %d %.200q, want %d with %q", status, body, tt.status, tt.body)
			}
		})
	}
}

// A probe does not wait for ever, and ends when the prober leaves.
func TestReadyHasDeadline(t *testing.T) {
	var left time.Duration
	h := handler(false, func(ctx context.Context) error {
		deadline, ok := ctx.Deadline()
		if !ok {
			t.Error("a probe without a deadline")
		}
		left = time.Until(deadline)
		return nil
	})
	ask(h, http.MethodGet, "/readyz")
	if left > readyTimeout {
		t.Errorf("a probe may take %v, want at most %v", left, readyTimeout)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	handler(false, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil).WithContext(ctx))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d", w.Code)
	}
}
