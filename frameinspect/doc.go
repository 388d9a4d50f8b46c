// Package frameinspect reads STOMP frames out of bytes under limits, judges
// their form, and writes them canonically. It does no I/O.
//
// A [Scanner] is fed whatever bytes arrived, however they were cut, and reports
// one event at a time: a head that is complete, a part of a body, the end of a
// frame. It never holds a body, so the memory it needs is bounded by
// [Limits].Head whatever the size of the frames.
//
// Frames of clients are judged strictly, because brokers disagree about where a
// frame ends, which of two equal headers counts, and which command a near miss
// is. Whatever two brokers could read differently is refused with a [Violation]
// that has a stable code. Frames of brokers are only delimited.
package frameinspect
