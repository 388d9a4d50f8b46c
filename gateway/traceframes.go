package gateway

import (
	"bytes"
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/policy"
)

// FrameTraces says whether the SENDs and MESSAGEs of sessions are traced, by the
// headers traceparent and tracestate of W3C Trace Context.
type FrameTraces uint8

// The ways. Off, frames have no spans and their headers mean nothing.
const (
	NoFrameTraces FrameTraces = iota
	// ContinueTraces makes a SEND's span a child of the client's.
	ContinueTraces
	// RestartTraces begins a trace with each SEND; the client's is linked to.
	RestartTraces
)

// The headers of W3C Trace Context.
var traceparent, tracestate = []byte("traceparent"), []byte("tracestate")

// frameSpans makes the spans of one session's SENDs and MESSAGEs. Of a SEND whose
// span is recorded the broker gets that span's traceparent and no other; a
// MESSAGE goes on as it came, because its traceparent says who made it.
type frameSpans struct {
	// Set once.
	tracer  trace.Tracer
	restart bool

	up   openSpans // owned by upstream
	down openSpans // owned by downstream
}

// ofFrames gives what makes a session's spans; nil where frames have none.
func (t *tracing) ofFrames(o *Options) *frameSpans {
	if o.Tracer == nil || o.FrameTraces == NoFrameTraces {
		return nil
	}
	return &frameSpans{tracer: t.Tracer, restart: o.FrameTraces == RestartTraces}
}

// toBroker begins the span of a frame that goes to the broker, where it is a
// SEND, and gives the rewrite r with what the broker gets to know of the trace.
func (f *frameSpans) toBroker(s *session, h *frameinspect.Head, r *policy.Rewrite) *policy.Rewrite {
	f.up.begin(nil)
	if h.Command != frameinspect.CmdSend {
		return r
	}
	theirs, copies := traceOf(h)
	ctx, options := context.Background(), startOf(s, trace.SpanKindProducer, s.client.readAt)
	switch {
	case !theirs.IsValid():
	case f.restart:
		options = append(options, trace.WithLinks(trace.Link{SpanContext: theirs}))
	default:
		ctx = trace.ContextWithRemoteSpanContext(ctx, theirs)
	}
	ctx, span := f.tracer.Start(ctx, "send", options...)
	if !span.IsRecording() {
		if copies == 0 || theirs.IsValid() && !f.restart {
			return r
		}
		return r.With("traceparent", "").With("tracestate", "")
	}
	f.up.begin(span)
	describe(span, s, h, "send", "send")
	ours := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, ours)
	return r.With("traceparent", ours["traceparent"]).With("tracestate", ours["tracestate"])
}

// toClient begins the span of a frame that goes to the client, where it is a
// MESSAGE that carries a trace. One that carries none begins none: nobody behind
// here could go on with it.
func (f *frameSpans) toClient(s *session, h *frameinspect.Head) {
	f.down.begin(nil)
	if h.Command != frameinspect.CmdMessage {
		return
	}
	theirs, _ := traceOf(h)
	if !theirs.IsValid() {
		return
	}
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), theirs)
	_, span := f.tracer.Start(ctx, "deliver", startOf(s, trace.SpanKindConsumer, s.downAt)...)
	if !span.IsRecording() {
		return
	}
	f.down.begin(span)
	describe(span, s, h, "deliver", "process") // the conventions' word for what is pushed to a consumer
	span.SetAttributes(attribute.String("messaging.message.id", spanText(h.Text("message-id"))))
}

// traceOf reads the trace that a frame carries, and tells how many traceparents
// it has, in any case of letters. More than one say nothing: who reads the frame
// behind here might take another of them.
func traceOf(h *frameinspect.Head) (_ trace.SpanContext, copies int) {
	var parent, state []byte
	for name, value := range h.All() {
		switch {
		case bytes.EqualFold(name, traceparent):
			copies, parent = copies+1, value
		case state == nil && bytes.EqualFold(name, tracestate):
			state = value
		}
	}
	if copies != 1 {
		return trace.SpanContext{}, copies
	}
	state = frameinspect.AppendUnescaped(nil, state) // in any version: RabbitMQ escapes in 1.0 too, where clients may not
	carried := propagation.MapCarrier{"traceparent": string(parent), "tracestate": string(state)}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carried)), copies
}

// startOf is how the span of a frame starts whose bytes were read at a time of
// the gateway's clock. That clock knows nothing of how the machine's was set
// since, so only the time gone by is taken from it.
func startOf(s *session, kind trace.SpanKind, readAt int64) []trace.SpanStartOption {
	read := time.Now().Add(-time.Duration(s.gw.clock() - readAt))
	return []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithTimestamp(read)}
}

// describe says in the words of OpenTelemetry's conventions for messaging what is
// done with a frame. Its destination is no part of the span's name: there may be
// any number of them.
func describe(span trace.Span, s *session, h *frameinspect.Head, operation, kind string) {
	system := "stomp"
	if d := s.dialect; d != broker.Unknown {
		system = d.String()
	}
	span.SetAttributes(
		attribute.String("messaging.system", system),
		attribute.String("messaging.operation.name", operation),
		attribute.String("messaging.operation.type", kind),
		attribute.String("messaging.destination.name", spanText(h.Text("destination"))),
		attribute.String("stompgw.session", s.id),
	)
}
