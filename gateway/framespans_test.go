package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/stompgw/stompgw/auth"
)

// A new token is for the gateway alone, and so is nothing's trace.
func TestRenewalHasNoSpan(t *testing.T) {
	recorder, change := traceFrames(ContinueTraces, sdktrace.AlwaysSample())
	g := newTestGateway(t, func(o *Options) {
		change(o)
		o.Auth, o.RenewDestination = &fakeAuth{renew: func(*auth.Identity, string) (*auth.Identity, error) { return alice(), nil }}, "/renew"
	})
	b, p := g.connect("", "")
	b.text("SEND\ndestination:/renew\nreceipt:1\n\ntoken\x00")
	b.wantMessage("RECEIPT\nreceipt-id:1\n\n")
	b.text("SEND\ndestination:/queue/a\n\n\x00")
	p.frame()
	if span := g.span(recorder, "send"); attributeOf(span, "messaging.destination.name") != "/queue/a" {
		t.Errorf("got a span of %s", attributeOf(span, "messaging.destination.name"))
	}
}

// A MESSAGE goes on as it came. It has a span where it carries a trace.
func TestMessageIsTraced(t *testing.T) {
	const head = "MESSAGE\ndestination:/queue/a\\cb\nmessage-id:7\nsubscription:1\n"
	big := strings.Repeat("0123456789abcdef", 20<<10)
	for name, tt := range map[string]struct {
		frame string
		spans int
	}{
		"with a trace":         {head + "traceparent:" + theirParent + "\ntracestate:a=1\n\nbody", 1},
		"in capitals":          {head + "TRACEPARENT:" + theirParent + "\n\nbody", 1},
		"big":                  {head + "traceparent:" + theirParent + fmt.Sprintf("\ncontent-length:%d\n\n", len(big)) + big, 1},
		"without":              {head + "\nbody", 0},
		"invalid":              {head + "traceparent:1\n\nbody", 0},
		"twice":                {head + "traceparent:" + theirParent + "\ntraceparent:" + theirParent + "\n\nbody", 0},
		"a RECEIPT with one":   {"RECEIPT\nreceipt-id:1\ntraceparent:" + theirParent + "\n\n", 0},
		"no UTF-8, no message": {"MESSAGE\ndestination:/queue/a:b\xff\nmessage-id:7\ntraceparent:" + theirParent + "\n\nbody", 1},
	} {
		for _, how := range []FrameTraces{ContinueTraces, RestartTraces} {
			t.Run(fmt.Sprint(name, " ", how), func(t *testing.T) {
				recorder, change := traceFrames(how, sdktrace.AlwaysSample())
				g := newTestGateway(t, change)
				b, p := g.connect("", "server:ActiveMQ/6\n")
				go func() {
					_, _ = p.Write([]byte(tt.frame[:20])) // what is missing shows below
					_, _ = p.Write([]byte(tt.frame[20:] + "\x00"))
				}()
				b.wantMessage(tt.frame)
				p.write("RECEIPT\nreceipt-id:end\n\n\x00")
				b.message()
				g.eventually("the spans to end", func() bool { return len(spansNamed(recorder, "deliver")) >= tt.spans })
				spans := spansNamed(recorder, "deliver")
				if len(spans) != tt.spans {
					t.Fatalf("got %d spans, want %d", len(spans), tt.spans)
				}
				for _, span := range spans {
					if span.SpanContext().TraceID().String() != theirTrace || span.Parent().SpanID().String() != theirSpan {
						t.Errorf("got a child of %v in %s", span.Parent().SpanID(), span.SpanContext().TraceID())
					}
					destination := "/queue/a:b"
					if strings.Contains(tt.frame, "\xff") {
						destination += "\uFFFD"
					}
					for key, want := range map[string]string{
						"messaging.system": "activemq", "messaging.operation.name": "deliver", "messaging.operation.type": "process",
						"messaging.destination.name": destination, "messaging.message.id": "7", "stompgw.session": g.only().id,
					} {
						if got := attributeOf(span, attribute.Key(key)); got != want {
							t.Errorf("%s: got %q, want %q", key, got, want)
						}
					}
					if span.SpanKind() != trace.SpanKindConsumer || span.Status().Code != codes.Unset {
						t.Errorf("got the kind %v and %v", span.SpanKind(), span.Status())
					}
				}
			})
		}
	}
}

// A span lasts until its frame is written, and says so where that never was.
func TestSpanLastsUntilTheFrameIsWritten(t *testing.T) {
	t.Run("SEND", func(t *testing.T) {
		recorder, change := traceFrames(ContinueTraces, sdktrace.AlwaysSample())
		g := newTestGateway(t, change)
		b, p := g.connect("", "")
		b.text("SEND\ndestination:/queue/a\n\n1\x00SEND\ndestination:/queue/b\n\nbegin")
		p.frame()
		g.eventually("the first span to end", func() bool { return len(spansNamed(recorder, "send")) == 1 })
		if got := attributeOf(spansNamed(recorder, "send")[0], "messaging.destination.name"); got != "/queue/a" {
			t.Errorf("the span of %s has ended", got)
		}
		b.Close()
		g.ended(ClientClosed, 1)
		spans := spansNamed(recorder, "send")
		if len(spans) != 2 || spans[1].Status().Code != codes.Error || spans[1].Status().Description != "client_closed" {
			t.Errorf("got %d spans, the last with %+v", len(spans), spans[len(spans)-1].Status())
		}
	})
	t.Run("MESSAGE", func(t *testing.T) {
		recorder, change := traceFrames(ContinueTraces, sdktrace.AlwaysSample())
		g := newTestGateway(t, change)
		b, p := g.connect("", "")
		const head = "MESSAGE\ndestination:/queue/a\ntraceparent:" + theirParent + "\n\n"
		p.write(head + "1\x00" + head + "begin")
		b.message()
		g.eventually("the first span to end", func() bool { return len(spansNamed(recorder, "deliver")) == 1 })
		g.eventually("the second to begin", func() bool { return len(recorder.Started()) == 4+2 })
		p.Close()
		b.wantError("broker_lost")
		b.wantClose(1014)
		g.ended(BrokerLost, 1)
		spans := spansNamed(recorder, "deliver")
		if len(spans) != 2 || spans[1].Status().Code != codes.Error || spans[1].Status().Description != "broker_lost" {
			t.Errorf("got %d spans, the last with %+v", len(spans), spans[len(spans)-1].Status())
		}
	})
}

// The span of a frame ends when it is written, and not with the next that has one.
func TestSpanEndsBeforeTheNextFrame(t *testing.T) {
	recorder, change := traceFrames(ContinueTraces, sdktrace.ParentBased(sdktrace.NeverSample()))
	g := newTestGateway(t, change)
	b, p := g.connect("", "")
	traced := "\ntraceparent:" + theirParent + "\n\n1\x00"
	for n, more := range []string{"", "SEND\n\nbegin"} {
		b.text("SEND" + traced + more)
		g.eventually("the span to end", func() bool { return len(spansNamed(recorder, "send")) == n+1 })
	}
	for n, more := range []string{"", "MESSAGE\n\nbegin"} {
		p.write("MESSAGE" + traced + more)
		g.eventually("the span to end", func() bool { return len(spansNamed(recorder, "deliver")) == n+1 })
	}
}

// The time that a client is paused for is a part of the span.
func TestSpanBeginsWithTheRead(t *testing.T) {
	f := newPolicy(t, "grants:\n  - { name: all, send: [\"/queue/>\"], limits: {frames_per_second: 20, frames_burst: 1, over: pause} }\n")
	recorder, change := traceFrames(ContinueTraces, sdktrace.AlwaysSample())
	g := newTestGateway(t, func(o *Options) { change(o); f.options(o) })
	b, p := g.connect("", "")
	begin := time.Now()
	b.text(strings.Repeat("SEND\ndestination:/queue/a\n\n1\x00", 3))
	for range 3 {
		p.frame()
	}
	g.eventually("the spans to end", func() bool { return len(spansNamed(recorder, "send")) == 3 })
	last := spansNamed(recorder, "send")[2]
	if took := last.EndTime().Sub(last.StartTime()); took < 90*time.Millisecond || last.StartTime().Before(begin) {
		t.Errorf("got a span of %s, want the pause of about 100 ms and nothing before it", took)
	}
}

// However many frames come before anything can be written, few spans wait for it.
func TestOpenSpansAreBounded(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	var open openSpans
	const more = 3
	for range maxWhole + more + 1 {
		_, span := tracer.Start(t.Context(), "send")
		open.begin(span)
	}
	if got := len(recorder.Ended()); got != more {
		t.Errorf("before the write %d spans have ended, want %d", got, more)
	}
	open.written(true)
	if got := len(recorder.Ended()); got != maxWhole+more {
		t.Errorf("after it %d spans have ended, want all but the one in progress", got)
	}
	if open.whole != nil {
		t.Errorf("%d spans are still kept", len(open.whole))
	}
	open.written(false)
	if got := len(recorder.Ended()); got != maxWhole+more+1 {
		t.Errorf("got %d spans in the end", got)
	}
}

// SockJS over HTTP goes the same way.
func TestSockJSFramesAreTraced(t *testing.T) {
	recorder, change := traceFrames(ContinueTraces, sdktrace.AlwaysSample())
	g := newSockJS(t, change)
	p := g.login("a")
	g.wantPost("a", 204, "SEND\ndestination:/queue/a\ntraceparent:"+theirParent+"\n\nbody\x00")
	got := p.frame()
	send := g.span(recorder, "send")
	if want := "SEND\ndestination:/queue/a\ntraceparent:" + parentOf(send) + "\n\nbody"; got != want || send.Parent().SpanID().String() != theirSpan {
		t.Errorf("got %q, want %q", got, want)
	}
	message := "MESSAGE\ndestination:/queue/a\ntraceparent:" + parentOf(send) + "\n\nbody\x00"
	p.write(message)
	g.wantPoll("a", "a"+quote(message)+"\n")
	if deliver := g.span(recorder, "deliver"); deliver.Parent().SpanID() != send.SpanContext().SpanID() {
		t.Errorf("got a child of %s, want of %s", deliver.Parent().SpanID(), send.SpanContext().SpanID())
	}
}

// Off, frames pass untouched, and a session has nothing for their spans.
func TestFramesAreNotTracedUnlessAskedFor(t *testing.T) {
	g, recorder := newTraced(t)
	b, p := g.connect("", "")
	const frame = "SEND\nTraceparent:1\ntraceparent:" + theirParent + "\ntracestate:x\n\nbody"
	b.text(frame + "\x00")
	p.wantFrame(frame)
	const message = "MESSAGE\ntraceparent:" + theirParent + "\n\nbody"
	p.write(message + "\x00")
	b.wantMessage(message)
	if n := len(recorder.Started()); n != 4 {
		t.Errorf("got %d spans, want 4", n)
	}
	if s := g.only(); s.spans != nil {
		t.Error("the session has room for spans")
	}
}
