package gateway

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/wire"
)

// tracing makes the spans of handshakes and logins; those of frames are in
// traceframes.go. Without a tracer nothing is recorded.
type tracing struct {
	trace.Tracer
	handshakes sync.Map // the trace.SpanContext of each *session that has not logged in
}

func newTracing(t trace.Tracer) *tracing {
	if t == nil {
		t = noop.NewTracerProvider().Tracer("")
	}
	return &tracing{Tracer: t}
}

// handshake begins the span of a request that may become a session, and gives
// the request that carries it. What the client says of a trace is linked to, and
// no parent: else any client could make the gateway record.
func (t *tracing) handshake(r *http.Request, over transport) (*http.Request, trace.Span) {
	options := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.Stringer("stompgw.transport", over))}
	theirs := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header))
	if link := trace.LinkFromContext(theirs); link.SpanContext.IsValid() {
		options = append(options, trace.WithLinks(link))
	}
	ctx, span := t.Start(r.Context(), "handshake", options...)
	return r.WithContext(ctx), span
}

// refused notes in the span of a request why it is refused.
func (t *tracing) refused(r *http.Request, reason string) {
	span := trace.SpanFromContext(r.Context())
	span.SetAttributes(attribute.String("stompgw.refused", reason))
	span.SetStatus(codes.Error, reason)
}

// begun keeps the span of a handshake for the login of its session.
func (t *tracing) begun(s *session, r *http.Request) {
	span := trace.SpanFromContext(r.Context())
	span.SetAttributes(attribute.String("stompgw.session", s.id))
	if span.IsRecording() {
		t.handshakes.Store(s, span.SpanContext())
	}
}

// forget lets go of a session.
func (t *tracing) forget(s *session) { t.handshakes.Delete(s) }

// login begins the span of a login, in the trace of its handshake. done ends it
// with what came of it.
func (t *tracing) login(ctx context.Context, s *session) (_ context.Context, done func(error)) {
	if parent, ok := t.handshakes.LoadAndDelete(s); ok {
		ctx = trace.ContextWithSpanContext(ctx, parent.(trace.SpanContext))
	}
	ctx, done = t.step(ctx, "login", trace.WithAttributes(attribute.String("stompgw.session", s.id)))
	return ctx, done
}

// step begins the span of a part of a login. done ends it with its error.
func (t *tracing) step(ctx context.Context, name string, options ...trace.SpanStartOption) (_ context.Context, done func(error)) {
	ctx, span := t.Start(ctx, name, options...)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, spanText(err.Error()))
		}
		span.End()
	}
}

// spanText makes of a text what a span may hold. Not every broker speaks UTF-8,
// and one text that is none would keep every span of a batch from being sent.
func spanText(s string) string { return strings.ToValidUTF8(clip(s), "\uFFFD") }

// tracedDialer gives each attempt to reach a broker a span.
type tracedDialer struct {
	Dialer
	tracing *tracing
}

// Dial implements Dialer.
func (d tracedDialer) Dial(ctx context.Context) (*wire.Conn, *broker.Target, error) {
	ctx, done := d.tracing.step(ctx, "dial broker", trace.WithSpanKind(trace.SpanKindClient))
	conn, target, err := d.Dialer.Dial(ctx)
	if err == nil {
		trace.SpanFromContext(ctx).SetAttributes(attribute.Stringer("stompgw.broker", target))
	}
	done(err)
	return conn, target, err
}
