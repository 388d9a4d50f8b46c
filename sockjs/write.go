package sockjs

import (
	"sync"
	"time"
	"unicode/utf8"
)

// begin writes the header of the answer, and its prelude.
func (rc *receiver) begin() error {
	h := rc.w.Header()
	h.Set("Content-Type", rc.transport.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	noCache(h)
	if rc.transport.streaming {
		h.Set("X-Accel-Buffering", "no") // nginx would hold the frames back
	}
	if rc.transport.prelude == nil {
		return nil
	}
	return rc.write([]byte(rc.transport.prelude(rc.callback)))
}

// frame writes a frame that is no array of messages.
func (rc *receiver) frame(frame []byte) error {
	buf := buffers.Get().(*[]byte)
	defer putBuffer(buf)
	*buf = rc.appendBegin((*buf)[:0])
	*buf = rc.appendInside(*buf, frame)
	*buf = append(*buf, rc.transport.end...)
	if err := rc.write(*buf); err != nil {
		return err
	}
	rc.sent += len(*buf)
	return rc.flush()
}

// Sizes of the parts in which messages are written.
const (
	escapeSize = 4 << 10  // escaped at a time
	writeSize  = 16 << 10 // written at a time, or a little more
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, writeSize+escapeSize); return &b }}

func putBuffer(b *[]byte) {
	if cap(*b) <= 8*writeSize {
		buffers.Put(b)
	}
}

// messages writes a frame with all the messages.
func (rc *receiver) messages(q queue) error {
	buf, part := buffers.Get().(*[]byte), buffers.Get().(*[]byte)
	defer putBuffer(buf)
	defer putBuffer(part)
	*buf = rc.appendBegin((*buf)[:0])
	*buf = rc.appendInside(*buf, []byte(MessageBegin))
	begin, done := 0, 0
	for i, end := range q.ends {
		if i > 0 {
			*buf = rc.appendInside(*buf, []byte(Separator))
		}
		for begin < end {
			n := wholeRunes(q.bytes[begin:end], escapeSize)
			*part = AppendEscaped((*part)[:0], q.bytes[begin:begin+n])
			*buf = rc.appendInside(*buf, *part)
			begin += n
			if len(*buf) >= writeSize {
				if err := rc.write(*buf); err != nil {
					return err
				}
				rc.sent += len(*buf)
				rc.session.wrote(begin - done)
				*buf, done = (*buf)[:0], begin
			}
		}
	}
	*buf = rc.appendInside(*buf, []byte(MessageEnd))
	*buf = append(*buf, rc.transport.end...)
	if err := rc.write(*buf); err != nil {
		return err
	}
	rc.sent += len(*buf)
	if err := rc.flush(); err != nil {
		return err
	}
	rc.session.wrote(begin - done)
	return nil
}

// wholeRunes gives the size of a prefix of p, of at most n bytes, that does not
// end inside a character.
func wholeRunes(p []byte, n int) int {
	if len(p) <= n {
		return len(p)
	}
	for n > 1 && !utf8.RuneStart(p[n]) {
		n--
	}
	return n
}

func (rc *receiver) appendBegin(dst []byte) []byte {
	if rc.transport.begin == nil {
		return dst
	}
	return append(dst, rc.transport.begin(rc.callback)...)
}

// appendInside appends a part of a frame.
func (rc *receiver) appendInside(dst, p []byte) []byte {
	if rc.transport.quoted {
		return appendQuoted(dst, p)
	}
	return append(dst, p...)
}

// write writes within the write timeout.
func (rc *receiver) write(p []byte) error {
	rc.extend()
	_, err := rc.w.Write(p)
	return err
}

// flush sends what net/http holds of an answer that goes on. One that ends is
// sent when it has ended, so that nobody has all of it, and polls again, before
// the session knows. Until the next write there is no deadline: in HTTP/2 it is a
// timer that resets the stream, whether anything is being written or not.
func (rc *receiver) flush() error {
	if !rc.transport.streaming {
		return nil
	}
	if err := rc.control.Flush(); err != nil {
		return err
	}
	rc.setDeadline(time.Time{})
	return nil
}

// extend gives the next write its time.
func (rc *receiver) extend() {
	rc.setDeadline(time.Now().Add(rc.session.server.options.WriteTimeout))
}

// setDeadline sets that of writes, unless the answer is cut off.
func (rc *receiver) setDeadline(t time.Time) {
	rc.session.mu.Lock()
	defer rc.session.mu.Unlock()
	if !rc.cutOff {
		_ = rc.control.SetWriteDeadline(t) // else the write has none
	}
}

// cut makes the write in progress fail, and all that follow. The caller holds
// session.mu, and rc is attached.
func (rc *receiver) cut() {
	rc.cutOff = true
	_ = rc.control.SetWriteDeadline(time.Unix(1, 0)) // the same
}
