package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
)

// collector takes what OTLP's exporters post.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	paths []string
	spans string // as they came: protobuf, in which texts stand as they are
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body) // what is missing shows below
		c.mu.Lock()
		defer c.mu.Unlock()
		c.paths = append(c.paths, r.URL.Path)
		c.spans += string(b)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) got() (paths []string, spans string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paths, c.spans
}

// OpenTelemetry's own variables switch tracing on and say where spans go; the
// last ones are sent when the gateway stops.
func TestTracing(t *testing.T) {
	c := newCollector(t)
	environ := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=testing"}
	for _, pair := range environ { // the SDK reads the process's own
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	gw := start(t, "demo", environ...)
	b, _ := browser(t, gw.public)
	say(t, b, "CONNECT\naccept-version:1.2\nhost:demo\nlogin:me\npasscode:s3cret\n\n\x00")
	if _, got := hear(t, b); !strings.HasPrefix(got, "CONNECTED\n") {
		t.Fatalf("got %q", got)
	}
	b.Close()
	gw.end()
	paths, spans := c.got()
	if len(paths) == 0 || paths[0] != "/v1/traces" {
		t.Fatalf("got requests for %q", paths)
	}
	for _, want := range []string{"handshake", "login", "dial broker", "CONNECT", "service.name", "stompgw", "deployment.environment.name"} {
		if !strings.Contains(spans, want) {
			t.Errorf("the spans have no %q", want)
		}
	}
	if strings.Contains(spans, "s3cret") {
		t.Error("the spans show the passcode")
	}
}

// Frames that are to be traced and go nowhere are worth a word.
func TestFrameTracesNeedTraces(t *testing.T) {
	const warning = "frames are not traced"
	for _, frames := range []string{"off", "continue"} {
		gw := start(t, "demo", "STOMPGW_TRACE_FRAMES="+frames)
		gw.end()
		if got, want := strings.Contains(gw.stderr.String(), warning), frames != "off"; got != want {
			t.Errorf("%s: got the warning %v, want %v", frames, got, want)
		}
	}
}

func TestTracingIsOffUnlessAskedFor(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"
	for _, tc := range []struct {
		name    string
		environ []string
		on      bool
		wrong   string
	}{
		{"nothing", nil, false, ""},
		{"a name alone", []string{"OTEL_SERVICE_NAME=gw"}, false, ""},
		{"an empty endpoint", []string{"OTEL_EXPORTER_OTLP_ENDPOINT="}, false, ""},
		{"an endpoint", []string{endpoint}, true, ""},
		{"an endpoint of traces", []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:1/v1/traces"}, true, ""},
		{"an exporter", []string{"OTEL_TRACES_EXPORTER=otlp"}, true, ""},
		{"disabled", []string{endpoint, "OTEL_SDK_DISABLED=true"}, false, ""},
		{"no exporter", []string{endpoint, "OTEL_TRACES_EXPORTER=none"}, false, ""},
		{"its protocol", []string{endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"}, true, ""},
		{"another exporter", []string{endpoint, "OTEL_TRACES_EXPORTER=zipkin"}, false, `OTEL_TRACES_EXPORTER="zipkin": expected otlp or none`},
		{"another protocol", []string{endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, false, `OTEL_EXPORTER_OTLP_PROTOCOL="grpc": expected http/protobuf`},
		{"another protocol for traces", []string{endpoint, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc"}, false, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="grpc": expected http/protobuf`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := startTracing(tc.environ, zap.NewNop())
			defer s.stop(zap.NewNop())
			if got := s.tracer() != nil; got != tc.on {
				t.Errorf("got on %v, want %v", got, tc.on)
			}
			if got := errorText(err); got != tc.wrong {
				t.Errorf("got error %q, want %q", got, tc.wrong)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
