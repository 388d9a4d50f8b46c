package gateway

import (
	"bytes"
	"testing"
	"unicode"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// Whatever a client's head holds, the broker gets one traceparent at most, one
// that is valid, and of everything else what it would get without tracing.
func FuzzTracedHead(f *testing.F) {
	for _, lines := range []string{
		"", "traceparent:" + theirParent + "\n", "TRACEPARENT:" + theirParent + "\r\n", "traceparent:\\n\n", "tracestate:a=1\\c\n",
		"traceparent:" + theirParent + "\ntraceparent:x\nTraceparent:y\n", "trace\\cparent:1\n", "traceparent\\n:" + theirParent + "\n",
		"tracestate:a=1\ntracestate:b=2\ntraceparent:" + theirParent + "\n", "traceſtate:a=1\n", "a:1\na:2\nb:x:y\n",
		"traceparent:" + theirParent + "\nTraceparent:" + theirParent + "\n",
	} {
		for _, version := range []uint8{10, 11, 12} {
			f.Add(lines, version, true, false)
			f.Add(lines, version, false, true)
			f.Add(lines, version, false, false)
		}
	}
	recording := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample())).Tracer("test")
	silent := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())).Tracer("test")
	f.Fuzz(func(t *testing.T, lines string, version uint8, recorded, restart bool) {
		v, ok := frameinspect.ParseVersion(string([]byte{'1', '.', '0' + version%10}))
		if !ok {
			return
		}
		h := clientHead(v, []byte("SEND\ndestination:/queue/a\n"+lines+"\n\x00"))
		if h == nil {
			return
		}
		s := &session{gw: &Gateway{}, target: &broker.Target{}, spans: &frameSpans{tracer: silent, restart: restart}}
		if recorded {
			s.spans.tracer = recording
		}
		sent := h.AppendTo(nil)
		if rewrite := s.rewrite(h); rewrite != nil {
			sent = rewrite.AppendHead(nil, h)
		}
		got := clientHead(v, append(bytes.Clone(sent), 0))
		if got == nil || !bytes.Equal(got.AppendTo(nil), sent) {
			t.Fatalf("%q is sent as %q, which is not canonical", h.Raw(), sent)
		}
		others, copies := splitLines(sent)
		trace, _ := traceOf(got)
		if copies > 1 || copies == 1 && !trace.IsValid() || recorded && copies != 1 {
			t.Errorf("%q is sent as %q, with %d traceparents", h.Raw(), sent, copies)
		}
		if want, _ := splitLines(h.AppendTo(nil)); !bytes.Equal(others, want) {
			t.Errorf("%q is sent with %q, without tracing with %q", h.Raw(), others, want)
		}
	})
}

// clientHead reads one whole head of a client; nil where it is refused.
func clientHead(v frameinspect.Version, frame []byte) *frameinspect.Head {
	scanner := frameinspect.NewScanner(frameinspect.Client, frameinspect.Limits{})
	scanner.SetVersion(v)
	if event, _, err := scanner.Next(frame); err != nil || event != frameinspect.HeadComplete {
		return nil
	}
	return scanner.Head()
}

// splitLines gives the lines of a head but those about a trace, and how many
// traceparents there are.
func splitLines(head []byte) (others []byte, traceparents int) {
	for line := range bytes.Lines(head) {
		name, _, _ := bytes.Cut(line, []byte(":"))
		switch string(bytes.ToLower(bytes.TrimFunc(name, func(c rune) bool { return unicode.IsSpace(c) || c == '\ufeff' || c == '\u180e' }))) {
		case "traceparent":
			traceparents++
		case "tracestate":
		default:
			others = append(others, line...)
		}
	}
	return others, traceparents
}
