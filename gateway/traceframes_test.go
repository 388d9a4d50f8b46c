package gateway

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const (
	theirTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	theirSpan   = "00f067aa0ba902b7"
	theirParent = "00-" + theirTrace + "-" + theirSpan + "-01"
)

// traceFrames makes a gateway trace frames, and gives the record of the spans.
func traceFrames(how FrameTraces, sampler sdktrace.Sampler) (*tracetest.SpanRecorder, func(*Options)) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder), sdktrace.WithSampler(sampler))
	return recorder, func(o *Options) { o.Tracer, o.FrameTraces = provider.Tracer("test"), how }
}

// spansNamed gives those that have ended.
func spansNamed(recorder *tracetest.SpanRecorder, name string) (found []sdktrace.ReadOnlySpan) {
	for _, s := range recorder.Ended() {
		if s.Name() == name {
			found = append(found, s)
		}
	}
	return found
}

// parentOf is the traceparent that says a span made a message.
func parentOf(s sdktrace.ReadOnlySpan) string {
	return fmt.Sprintf("00-%s-%s-01", s.SpanContext().TraceID(), s.SpanContext().SpanID())
}

// What the broker gets of a trace where the SEND's span is recorded. OURS is the
// traceparent of that span.
func TestRecordedSend(t *testing.T) {
	const (
		continued = "continued" // the client's trace goes on
		begun     = "begun"     // a trace of the gateway's own
		linked    = "linked"    // such a one, linked to the client's
	)
	for _, tt := range []struct {
		name           string
		how            FrameTraces
		sent, expected string // header lines
		trace          string
	}{
		{"none", ContinueTraces, "", "OURS", begun},
		{"none", RestartTraces, "", "OURS", begun},
		{"valid", ContinueTraces, "traceparent:" + theirParent + "\n", "OURS", continued},
		{"valid", RestartTraces, "traceparent:" + theirParent + "\n", "OURS", linked},
		{"in capitals", ContinueTraces, "TraceParent:" + theirParent + "\n", "OURS", continued},
		{"of a later version", ContinueTraces, "traceparent:cc-" + theirTrace + "-" + theirSpan + "-01-more\n", "OURS", continued},
		{"with state", ContinueTraces, "tracestate:a=1,b=2\ntraceparent:" + theirParent + "\n", "OURStracestate:a=1,b=2\n", continued},
		{"with state", RestartTraces, "tracestate:a=1,b=2\ntraceparent:" + theirParent + "\n", "OURS", linked},
		{"with a colon in the state", ContinueTraces, "tracestate:a=1\\c2\\\\3\ntraceparent:" + theirParent + "\n", "OURStracestate:a=1\\c2\\\\3\n", continued},
		{"with state twice", ContinueTraces, "tracestate:a=1\nTracestate:b=2\ntracestate:c=3\ntraceparent:" + theirParent + "\n", "OURStracestate:a=1\n", continued},
		{"with state that is none", ContinueTraces, "tracestate:a\\nb=1\ntraceparent:" + theirParent + "\n", "OURS", continued},
		{"with state and nothing else", ContinueTraces, "tracestate:a=1\n", "OURS", begun},
		{"twice", ContinueTraces, "traceparent:" + theirParent + "\ntraceparent:" + theirParent + "\ntracestate:a=1\n", "OURS", begun},
		{"twice in two cases", ContinueTraces, "traceparent:" + theirParent + "\nTRACEPARENT:" + theirParent + "\n", "OURS", begun},
		{"twice", RestartTraces, "traceparent:" + theirParent + "\ntraceparent:" + theirParent + "\n", "OURS", begun},
		{"empty", ContinueTraces, "traceparent:\ntracestate:a=1\n", "OURS", begun},
		{"too short", ContinueTraces, "traceparent:" + theirParent[:50] + "\ntracestate:a=1\n", "OURS", begun},
		{"too long", ContinueTraces, "traceparent:" + theirParent + "-x\n", "OURS", begun},
		{"of no trace", ContinueTraces, "traceparent:00-" + strings.Repeat("0", 32) + "-" + theirSpan + "-01\n", "OURS", begun},
		{"of no span", ContinueTraces, "traceparent:00-" + theirTrace + "-" + strings.Repeat("0", 16) + "-01\n", "OURS", begun},
		{"of a forbidden version", ContinueTraces, "traceparent:ff" + theirParent[2:] + "\n", "OURS", begun},
		{"in capital digits", ContinueTraces, "traceparent:" + strings.ToUpper(theirParent) + "\n", "OURS", begun},
		{"with an escape", ContinueTraces, "traceparent:" + theirParent + "\\n\n", "OURS", begun},
	} {
		t.Run(fmt.Sprint(tt.name, " ", tt.how), func(t *testing.T) {
			recorder, change := traceFrames(tt.how, sdktrace.AlwaysSample())
			g := newTestGateway(t, change)
			b, p := g.connect("", "server:RabbitMQ/4\n")
			b.text("SEND\ndestination:/queue/a\n" + tt.sent + "x-own:1\n\nbody\x00")
			got := p.frame()
			span := g.span(recorder, "send")
			ours := "traceparent:" + parentOf(span) + "\n"
			if want := "SEND\ndestination:/queue/a\nx-own:1\n" + strings.Replace(tt.expected, "OURS", ours, 1) + "\nbody"; got != want {
				t.Errorf("the broker got %q, want %q", got, want)
			}
			how, links := begun, span.Links()
			switch {
			case span.SpanContext().TraceID().String() == theirTrace && span.Parent().SpanID().String() == theirSpan && span.Parent().IsRemote():
				how = continued
			case span.Parent().IsValid():
				how = "a child of something"
			case len(links) == 1 && links[0].SpanContext.SpanID().String() == theirSpan && links[0].SpanContext.TraceID().String() == theirTrace:
				how = linked
			}
			if how != tt.trace {
				t.Errorf("got a trace %s, want %s", how, tt.trace)
			}
			for key, want := range map[string]string{
				"messaging.system": "rabbitmq", "messaging.operation.name": "send", "messaging.operation.type": "send",
				"messaging.destination.name": "/queue/a", "stompgw.session": g.only().id,
			} {
				if got := attributeOf(span, attribute.Key(key)); got != want {
					t.Errorf("%s: got %q, want %q", key, got, want)
				}
			}
			if span.SpanKind() != trace.SpanKindProducer || span.Status().Code != codes.Unset {
				t.Errorf("got the kind %v and %v", span.SpanKind(), span.Status())
			}
		})
	}
}

// A SEND whose span is not recorded goes on as it came, but for a traceparent
// that names no trace, or one that clients may not hand on.
func TestUnrecordedSend(t *testing.T) {
	const unsampled = "00-" + theirTrace + "-" + theirSpan + "-00"
	never, byParent := sdktrace.NeverSample(), sdktrace.ParentBased(sdktrace.NeverSample())
	for _, tt := range []struct {
		name           string
		how            FrameTraces
		sampler        sdktrace.Sampler
		sent, expected string // header lines
	}{
		{"none", ContinueTraces, never, "", ""},
		{"none", RestartTraces, never, "", ""},
		{"state and nothing else", ContinueTraces, never, "tracestate:a=1\n", "tracestate:a=1\n"},
		{"valid", ContinueTraces, never, "Traceparent:" + theirParent + "\ntracestate:a=1\n", "Traceparent:" + theirParent + "\ntracestate:a=1\n"},
		{"not sampled", ContinueTraces, byParent, "traceparent:" + unsampled + "\n", "traceparent:" + unsampled + "\n"},
		{"valid", RestartTraces, never, "traceparent:" + theirParent + "\ntracestate:a=1\n", ""},
		{"sampled", RestartTraces, byParent, "traceparent:" + theirParent + "\ntracestate:a=1\n", ""},
		{"invalid", ContinueTraces, never, "traceparent:1\ntracestate:a=1\n", ""},
		{"invalid", RestartTraces, never, "traceparent:1\ntracestate:a=1\n", ""},
		{"twice", ContinueTraces, never, "traceparent:" + theirParent + "\nTRACEPARENT:" + theirParent + "\ntracestate:a=1\n", ""},
	} {
		t.Run(fmt.Sprint(tt.name, " ", tt.how), func(t *testing.T) {
			recorder, change := traceFrames(tt.how, tt.sampler)
			g := newTestGateway(t, change)
			b, p := g.connect("", "")
			b.text("SEND\ndestination:/queue/a\n" + tt.sent + "x-own:1\n\nbody\x00")
			p.wantFrame("SEND\ndestination:/queue/a\n" + tt.expected + "x-own:1\n\nbody")
			if n := len(recorder.Started()); n != 0 {
				t.Errorf("got %d spans", n)
			}
		})
	}
}

// A client decides what is recorded where the sampler asks for its word, and the
// gateway continues its traces.
func TestSamplerDecides(t *testing.T) {
	for _, tt := range []struct {
		how      FrameTraces
		sampler  sdktrace.Sampler
		recorded int
	}{
		{ContinueTraces, sdktrace.ParentBased(sdktrace.NeverSample()), 1},
		{ContinueTraces, sdktrace.NeverSample(), 0},
		{RestartTraces, sdktrace.ParentBased(sdktrace.NeverSample()), 0},
		{RestartTraces, sdktrace.ParentBased(sdktrace.AlwaysSample()), 1},
	} {
		t.Run(fmt.Sprint(tt.how, tt.sampler.Description()), func(t *testing.T) {
			recorder, change := traceFrames(tt.how, tt.sampler)
			g := newTestGateway(t, change)
			b, p := g.connect("", "")
			b.text("SEND\ndestination:/queue/a\ntraceparent:" + theirParent + "\n\n\x00DISCONNECT\n\n\x00")
			p.frame()
			p.frame()
			b.wantClose(1000)
			g.ended(Disconnected, 1)
			if got := len(spansNamed(recorder, "send")); got != tt.recorded {
				t.Errorf("got %d spans, want %d", got, tt.recorded)
			}
		})
	}
}

// However the bytes of SENDs come, each has its span, its traceparent and its own
// body; what is no SEND has none.
func TestSendIsTracedHoweverItComes(t *testing.T) {
	const one = "SEND\ndestination:/queue/a\ntraceparent:" + theirParent + "\n\n1\x00"
	big := strings.Repeat("0123456789abcdef", 20<<10) // several buffers
	cut := func(s string, n int) (pieces []string) {
		for ; len(s) > n; s = s[n:] {
			pieces = append(pieces, s[:n])
		}
		return append(pieces, s)
	}
	counted := fmt.Sprintf("SEND\ndestination:/queue/a\ncontent-length:%d\n\n%s\x00", len(big), big)
	for name, tt := range map[string]struct {
		messages []string
		bodies   []string // of the SENDs
	}{
		"one":                 {[]string{one}, []string{"1"}},
		"in pieces":           {cut(one, 7), []string{"1"}},
		"many in one message": {[]string{strings.Repeat(one, 2000)}, strings.Split(strings.Repeat("1", 2000), "")},
		"CRLF":                {[]string{"SEND\r\ndestination:/queue/a\r\ntraceparent:" + theirParent + "\r\n\r\n1\x00"}, []string{"1"}},
		"a big body":          {[]string{counted, one}, []string{big, "1"}},
		"a big body, open":    {[]string{strings.Replace(counted, "content-length", "x-length", 1) + one}, []string{big, "1"}},
		"with others":         {[]string{"BEGIN\ntransaction:t\n\n\x00" + one + "COMMIT\ntransaction:t\n\n\x00"}, []string{"1"}},
	} {
		t.Run(name, func(t *testing.T) {
			recorder, change := traceFrames(ContinueTraces, sdktrace.AlwaysSample())
			g := newTestGateway(t, change)
			b, p := g.connect("", "")
			go func() {
				for _, m := range tt.messages {
					_, _ = b.Write(wsFrame(0x82, m)) // what is missing shows below
				}
			}()
			var parents []string
			for _, body := range tt.bodies {
				var got string
				for got = p.frame(); !strings.HasPrefix(got, "SEND"); {
					if strings.Contains(got, "traceparent") {
						t.Errorf("got %q", got)
					}
					got = p.frame()
				}
				head, rest, _ := strings.Cut(got, "\n\n")
				if rest != body {
					t.Fatalf("got the body %.50q… of %d bytes, want %.50q… of %d", rest, len(rest), body, len(body))
				}
				_, parent, _ := strings.Cut(head, "\ntraceparent:")
				parents = append(parents, parent)
			}
			g.eventually("the spans to end", func() bool { return len(spansNamed(recorder, "send")) == len(tt.bodies) })
			i := 0
			for _, span := range recorder.Started() { // in the order of the frames
				if span.Name() != "send" {
					continue
				}
				if parents[i] != parentOf(span) {
					t.Fatalf("SEND %d has traceparent %s, want %s", i, parents[i], parentOf(span))
				}
				i++
			}
		})
	}
}

// The escapes of a version are kept to.
func TestTraceIsEscaped(t *testing.T) {
	for version, state := range map[string]string{"1.0": "a=1:2", "1.1": `a=1\c2\\3`} {
		t.Run(version, func(t *testing.T) {
			recorder, change := traceFrames(ContinueTraces, sdktrace.AlwaysSample())
			g := newTestGateway(t, change)
			b := g.open()
			b.text("CONNECT\naccept-version:" + version + "\n\n\x00")
			p := g.accept()
			p.frame()
			p.write("CONNECTED\nversion:" + version + "\n\n\x00")
			b.message()
			b.text("SEND\ndestination:/queue/a\ntraceparent:" + theirParent + "\ntracestate:" + state + "\n\n\x00")
			got := p.frame()
			if want := "SEND\ndestination:/queue/a\ntraceparent:" + parentOf(g.span(recorder, "send")) + "\ntracestate:" + state + "\n\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A policy comes first: what it denies has no span, and what it sets stands.
func TestTracesAndPolicy(t *testing.T) {
	for name, tt := range map[string]struct{ set, expected string }{
		"another header": {"x-user: '{name}'", "x-user:alice\ntraceparent:OURS\n"},
		"traceparent":    {"x-user: '{name}', Traceparent: own", "x-user:alice\nTraceparent:own\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newPolicy(t, "on_denied: keep"+ownQueues+"set_headers: { "+tt.set+" }\n")
			recorder, change := traceFrames(ContinueTraces, sdktrace.AlwaysSample())
			g := newTestGateway(t, func(o *Options) { change(o); f.options(o); o.Auth = &fakeAuth{} })
			b, p := g.connect("", "")
			b.text("SEND\ndestination:/queue/other\n\nx\x00")
			b.wantError("denied")
			for _, whole := range []bool{true, false} {
				before := len(spansNamed(recorder, "send"))
				frame := "SEND\ndestination:/queue/own.1\nx-user:root\ntraceparent:" + theirParent + "\n\nbody\x00"
				if whole {
					b.text(frame)
				} else {
					b.text(frame[:30])
					b.text(frame[30:])
				}
				got := p.frame()
				g.eventually("the span to end", func() bool { return len(spansNamed(recorder, "send")) > before })
				spans := spansNamed(recorder, "send")
				if want := "SEND\ndestination:/queue/own.1\n" + strings.Replace(tt.expected, "OURS", parentOf(spans[len(spans)-1]), 1) + "\nbody"; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			if n := len(spansNamed(recorder, "send")); n != 2 {
				t.Errorf("got %d spans, want 2: none of the denied SEND", n)
			}
		})
	}
}
