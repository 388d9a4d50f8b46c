package policy

import (
	"sync/atomic"
	"time"
)

// limits bound what a session or a principal may take; 0 is no limit.
type limits struct {
	framesPerSecond int
	framesBurst     int // 0 is a second's worth
	bytesPerSecond  int
	bytesBurst      int // 0 is a second's worth
	body            int64
	subscriptions   int
	sessions        int
	closeOver       bool // the session is closed rather than paused
}

// tighten takes over each limit of m that is tighter.
func (l *limits) tighten(m limits) {
	if m.framesPerSecond > 0 && (l.framesPerSecond == 0 || m.framesPerSecond < l.framesPerSecond) {
		l.framesPerSecond, l.framesBurst = m.framesPerSecond, m.framesBurst
	}
	if m.bytesPerSecond > 0 && (l.bytesPerSecond == 0 || m.bytesPerSecond < l.bytesPerSecond) {
		l.bytesPerSecond, l.bytesBurst = m.bytesPerSecond, m.bytesBurst
	}
	if m.body > 0 && (l.body == 0 || m.body < l.body) {
		l.body = m.body
	}
	if m.subscriptions > 0 && (l.subscriptions == 0 || m.subscriptions < l.subscriptions) {
		l.subscriptions = m.subscriptions
	}
	if m.sessions > 0 && (l.sessions == 0 || m.sessions < l.sessions) {
		l.sessions = m.sessions
	}
	l.closeOver = l.closeOver || m.closeOver
}

// meters measure against the rates of one limits. Sessions of a principal share
// one, so it takes no lock.
type meters struct {
	frames, bytes meter
}

// charge takes frames and bytes, and tells how long to wait for the rates to
// allow them. They are taken all the same, so who waits need not ask again.
func (m *meters) charge(l *limits, frames, bytes int, now time.Duration) time.Duration {
	var wait time.Duration
	if l.framesPerSecond > 0 && frames > 0 {
		wait = m.frames.take(frames, l.framesPerSecond, l.framesBurst, now)
	}
	if l.bytesPerSecond > 0 && bytes > 0 {
		wait = max(wait, m.bytes.take(bytes, l.bytesPerSecond, l.bytesBurst, now))
	}
	return wait
}

// owe tells whether anything that was taken is not yet paid for, so that meters
// made anew would allow more.
func (m *meters) owe(now time.Duration) bool {
	return max(m.frames.paid.Load(), m.bytes.paid.Load()) > int64(now)
}

// meter is a token bucket in the form of GCRA: one number, the time at which
// everything taken so far would have been allowed at the rate without a burst.
type meter struct {
	paid atomic.Int64 // nanoseconds on the engine's clock
}

// maxDebt bounds how far ahead a meter may be taken.
const maxDebt = time.Minute

func (m *meter) take(n, perSecond, burst int, now time.Duration) time.Duration {
	if burst == 0 {
		burst = perSecond
	}
	cost := int64(float64(n) * float64(time.Second) / float64(perSecond))
	slack := int64(float64(burst) * float64(time.Second) / float64(perSecond))
	for {
		old := m.paid.Load()
		paid := min(max(old, int64(now))+cost, int64(now)+slack+int64(maxDebt))
		if m.paid.CompareAndSwap(old, paid) {
			return max(0, time.Duration(paid-int64(now)-slack))
		}
	}
}
