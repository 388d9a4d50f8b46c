package gateway

import (
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// What a span adds to a SEND, the exporter's part not counted: see docs/observing.md.
func BenchmarkSendSpan(b *testing.B) {
	for _, bb := range []struct {
		name    string
		sampler sdktrace.Sampler
		headers string
	}{
		{"unrecorded", sdktrace.NeverSample(), ""},
		{"unrecorded, with a trace", sdktrace.NeverSample(), "traceparent:" + theirParent + "\n"},
		{"recorded", sdktrace.AlwaysSample(), ""},
		{"recorded, with a trace", sdktrace.AlwaysSample(), "traceparent:" + theirParent + "\ntracestate:a=1\n"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(tracetest.NewNoopExporter()), sdktrace.WithSampler(bb.sampler))
			defer func() {
				if err := provider.Shutdown(b.Context()); err != nil {
					b.Error(err)
				}
			}()
			s := &session{gw: &Gateway{}, target: &broker.Target{}, id: "ABCDEFGHIJKLMNOP"}
			s.spans = newTracing(provider.Tracer("test")).ofFrames(&Options{Tracer: provider.Tracer("test"), FrameTraces: ContinueTraces})
			scanner := frameinspect.NewScanner(frameinspect.Client, frameinspect.Limits{})
			scanner.SetVersion(frameinspect.V12)
			if scanner.Whole([]byte("SEND\ndestination:/queue/a\n"+bb.headers+"content-length:5\n\nhello\x00")) == 0 {
				b.Fatal("the frame is not whole")
			}
			head := make([]byte, 0, 1<<10)
			b.ReportAllocs()
			for b.Loop() {
				if rewrite := s.rewrite(scanner.Head()); rewrite != nil {
					head = rewrite.AppendHead(head[:0], scanner.Head())
				}
				s.spans.up.written(false)
			}
		})
	}
}
