package gateway

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// newTraced is newTestGateway with a record of its spans.
func newTraced(t *testing.T) (*testGateway, *tracetest.SpanRecorder) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	return newTestGateway(t, func(o *Options) { o.Tracer = provider.Tracer("test") }), recorder
}

// span waits for one that has ended.
func (g *testGateway) span(recorder *tracetest.SpanRecorder, name string) (found sdktrace.ReadOnlySpan) {
	g.t.Helper()
	g.eventually("a span "+name, func() bool {
		spans := recorder.Ended()
		i := slices.IndexFunc(spans, func(s sdktrace.ReadOnlySpan) bool { return s.Name() == name })
		if i >= 0 {
			found = spans[i]
		}
		return i >= 0
	})
	return found
}

func attributeOf(s sdktrace.ReadOnlySpan, key attribute.Key) string {
	for _, a := range s.Attributes() {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}

// A session's handshake and login are one trace, and what the client says of a
// trace is linked to and not joined.
func TestLoginIsTraced(t *testing.T) {
	g, recorder := newTraced(t)
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	b, _ := g.dial("Sec-WebSocket-Protocol: v12.stomp", "traceparent: 00-"+theirs+"-00f067aa0ba902b7-01")
	b.text("CONNECT\naccept-version:1.2\nlogin:me\npasscode:s3cret\n\n\x00")
	p := g.accept()
	p.frame()
	p.write("CONNECTED\nversion:1.2\n\n\x00")
	b.message()

	handshake, login := g.span(recorder, "handshake"), g.span(recorder, "login")
	dial, connect := g.span(recorder, "dial broker"), g.span(recorder, "CONNECT")
	for child, parent := range map[sdktrace.ReadOnlySpan]sdktrace.ReadOnlySpan{login: handshake, dial: login, connect: login} {
		if child.Parent().SpanID() != parent.SpanContext().SpanID() || child.SpanContext().TraceID() != handshake.SpanContext().TraceID() {
			t.Errorf("%s is no child of %s", child.Name(), parent.Name())
		}
	}
	if handshake.Parent().IsValid() || handshake.SpanContext().TraceID().String() == theirs {
		t.Error("the client's trace was joined")
	}
	if links := handshake.Links(); len(links) != 1 || links[0].SpanContext.TraceID().String() != theirs {
		t.Errorf("got links %v, want one to the client's trace", links)
	}
	if handshake.SpanKind() != trace.SpanKindServer || dial.SpanKind() != trace.SpanKindClient || connect.SpanKind() != trace.SpanKindClient {
		t.Error("a span is of the wrong kind")
	}
	id := g.only().id
	if attributeOf(handshake, "stompgw.session") != id || attributeOf(login, "stompgw.session") != id || attributeOf(handshake, "stompgw.transport") != "websocket" ||
		attributeOf(dial, "stompgw.broker") != "tcp://"+g.listener.Addr().String() {
		t.Error("an attribute is missing or wrong")
	}
	b.text("SEND\ndestination:/a\n\n\x00")
	p.frame()
	if n := len(recorder.Started()); n != 4 {
		t.Errorf("got %d spans, want 4: frames have none", n)
	}
	for _, s := range recorder.Ended() {
		for _, a := range s.Attributes() {
			if strings.Contains(a.Value.String(), "s3cret") {
				t.Errorf("%s shows the passcode in %s", s.Name(), a.Key)
			}
		}
	}
}

func TestFailuresAreTraced(t *testing.T) {
	g, recorder := newTraced(t)
	if _, response := g.dial("Sec-WebSocket-Protocol: chat"); response.StatusCode != http.StatusBadRequest {
		t.Fatalf("got %s", response.Status)
	}
	refused := g.span(recorder, "handshake")
	if refused.Status().Code != codes.Error || attributeOf(refused, "stompgw.refused") != "subprotocol" {
		t.Errorf("refused: got %v, %v", refused.Status(), refused.Attributes())
	}
	g.listener.Close()
	b := g.open()
	b.text("CONNECT\naccept-version:1.2\n\n\x00")
	b.wantError("broker_unavailable")
	if dial := g.span(recorder, "dial broker"); dial.Status().Code != codes.Error || !strings.Contains(dial.Status().Description, "connection refused") {
		t.Errorf("dial: got %v", dial.Status())
	}
	if login := g.span(recorder, "login"); login.Status().Code != codes.Error {
		t.Errorf("login: got %v", login.Status())
	}
}

// A session that never logs in leaves nothing behind.
func TestTracesForgetSessions(t *testing.T) {
	g, recorder := newTraced(t)
	b := g.open()
	g.span(recorder, "handshake")
	b.Close()
	g.ended(ClientClosed, 1)
	g.eventually("nothing to be remembered", func() bool {
		none := true
		g.tracing.handshakes.Range(func(any, any) bool { none = false; return false })
		return none
	})
}
