package gateway

import (
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// openSpans are the spans of one leg's frames until the frames are written.
type openSpans struct {
	current trace.Span   // of the frame in progress; nil for none
	whole   []trace.Span // of frames that have come whole
}

// maxWhole bounds what the spans of one write may take, about 100 KiB. The others
// of a write end when their frames have come whole.
const maxWhole = 64

// begin takes in the span of a frame that begins, nil for one without. The frame
// before it has come whole.
func (o *openSpans) begin(span trace.Span) {
	switch {
	case o.current == nil:
	case len(o.whole) < maxWhole:
		o.whole = append(o.whole, o.current)
	default:
		o.current.End()
	}
	o.current = span
}

// written ends the spans of what has come, which is all written. inFrame tells
// that the frame in progress goes on.
func (o *openSpans) written(inFrame bool) {
	if !inFrame {
		o.begin(nil)
	}
	for _, span := range o.whole {
		span.End()
	}
	o.whole = nil // a session that is quiet keeps nothing
}

// giveUp ends what is left, of frames that were not written because of how the
// session ended.
func (o *openSpans) giveUp(reason CloseReason) {
	o.begin(nil)
	for _, span := range o.whole {
		span.SetStatus(codes.Error, string(reason))
	}
	o.written(false)
}

// giveUp ends the spans of frames that were not written because the session
// ended. Nobody serves it any more.
func (f *frameSpans) giveUp(reason CloseReason) {
	if f == nil {
		return
	}
	f.up.giveUp(reason)
	f.down.giveUp(reason)
}
