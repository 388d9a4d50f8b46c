package e2e

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// collector takes the spans that OTLP's exporters post.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.Span
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var data tracepb.TracesData // the same on the wire as the request, whose package needs all of gRPC
		if err == nil {
			err = proto.Unmarshal(body, &data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range data.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// find gives the spans of a name and trace.
func (c *collector) find(name, trace string) (found []*tracepb.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.Name == name && hex.EncodeToString(s.TraceId) == trace {
			found = append(found, s)
		}
	}
	return found
}

// await waits for a span.
func (c *collector) await(t *testing.T, name, trace string) *tracepb.Span {
	t.Helper()
	for deadline := time.Now().Add(stompws.Patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if found := c.find(name, trace); len(found) > 0 {
			return found[0]
		}
	}
	t.Fatalf("no span %s of the trace %s came", name, trace)
	return nil
}

// startTracing starts a gateway that traces frames.
func (b *backend) startTracing(t *testing.T, c *collector, how string) *gw.Gateway {
	t.Helper()
	return gw.Run(t, gw.Options{Env: b.env(map[string]string{
		"STOMPGW_TRACE_FRAMES": how, "OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_BSP_SCHEDULE_DELAY": "50",
	})})
}

// traceHeaders gives the headers of W3C Trace Context that a frame has, in whatever case.
func traceHeaders(f stompws.Frame) (list []string) {
	for i := 0; i+1 < len(f.Header); i += 2 {
		if name := strings.ToLower(f.Header[i]); name == "traceparent" || name == "tracestate" {
			list = append(list, f.Header[i]+":"+f.Header[i+1])
		}
	}
	slices.Sort(list) // ActiveMQ writes them in the order of a hash
	return list
}

// A trace runs from the browser through the gateway, the broker and the gateway to the consumer, whoever that is.
func TestTraceRunsThroughTheBroker(t *testing.T) {
	onlyGateway(t)
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	const parent = "00-" + trace + "-" + span + "-01"
	eachBackend(t, func(t *testing.T, b *backend) {
		c := newCollector(t)
		gateways := map[string]*gw.Gateway{"continue": b.startTracing(t, c, "continue"), "restart": b.startTracing(t, c, "restart")}
		for _, tt := range []struct {
			name, how     string
			sent          []string // headers
			joined        bool     // the client's trace goes on
			linked        bool
			stateExpected string
		}{
			{"with a trace", "continue", []string{"traceparent", parent, "tracestate", "vendor=a:b"}, true, false, "vendor=a:b"},
			{"with a trace, restarted", "restart", []string{"traceparent", parent, "tracestate", "vendor=a:b"}, false, true, ""},
			{"without", "continue", nil, false, false, ""},
			{"invalid", "continue", []string{"traceparent", parent + "-x", "tracestate", "vendor=a"}, false, false, ""},
			{"repeated", "continue", []string{"traceparent", parent, "traceparent", parent, "tracestate", "vendor=a"}, false, false, ""},
			{"repeated in another case", "continue", []string{"Traceparent", parent, "traceparent", parent}, false, false, ""},
		} {
			t.Run(tt.name, func(t *testing.T) {
				dest := b.topic(t)
				g := gateways[tt.how]
				browser, service := stompws.Open(t, g.URL, stompws.Options{}), b.openBare(t)
				for _, s := range []*stompws.Session{browser, service} {
					s.Connect(b.login()...)
					s.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", dest)
				}
				sender := stompws.Open(t, g.URL, stompws.Options{})
				sender.Connect(b.login()...)
				sender.Do("SEND", "hello", append([]string{"destination", dest}, tt.sent...)...)

				got := traceHeaders(service.ExpectBody("hello"))
				if seen := traceHeaders(browser.ExpectBody("hello")); !slices.Equal(seen, got) {
					t.Errorf("the browser got %q, the service %q", seen, got)
				}
				if len(got) == 0 {
					t.Fatal("the message carries no trace")
				}
				ours := strings.TrimPrefix(got[0], "traceparent:")
				parts := strings.Split(ours, "-")
				if len(parts) != 4 || parts[0] != "00" || parts[3] != "01" {
					t.Fatalf("got %q, want one traceparent, sampled", got)
				}
				want := []string{"traceparent:" + ours}
				if tt.stateExpected != "" {
					want = append(want, "tracestate:"+tt.stateExpected)
				}
				if !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
				send, deliver := c.await(t, "send", parts[1]), c.await(t, "deliver", parts[1])
				if hex.EncodeToString(send.SpanId) != parts[2] {
					t.Errorf("the traceparent is of the span %s, and the gateway sent %x", parts[2], send.SpanId)
				}
				if !slices.Equal(deliver.ParentSpanId, send.SpanId) {
					t.Errorf("delivery is a child of %x, want of %x", deliver.ParentSpanId, send.SpanId)
				}
				switch parent := hex.EncodeToString(send.ParentSpanId); {
				case tt.joined && (parts[1] != trace || parent != span):
					t.Errorf("got a child of %q in the trace %s, want of the client's span", parent, parts[1])
				case !tt.joined && (parts[1] == trace || parent != ""):
					t.Errorf("got a child of %q in the trace %s, want a new trace", parent, parts[1])
				}
				if linked := len(send.Links) == 1 && hex.EncodeToString(send.Links[0].SpanId) == span; linked != tt.linked {
					t.Errorf("got links %v", send.Links)
				}
			})
		}
		t.Run("off", func(t *testing.T) {
			dest := b.topic(t)
			s := b.connect(t)
			s.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", dest)
			s.Do("SEND", "hello", "destination", dest, "Traceparent", "any", "traceparent", parent, "tracestate", "x")
			if got, want := traceHeaders(s.ExpectBody("hello")), []string{"Traceparent:any", "traceparent:" + parent, "tracestate:x"}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	})
}
