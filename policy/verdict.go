package policy

import (
	"time"

	"github.com/stompgw/stompgw/frameinspect"
)

// The codes of frames and sessions that a policy refuses. What a client should
// do about each is in docs/errors.md.
const (
	CodeDenied                frameinspect.Code = "denied"
	CodeRateLimited           frameinspect.Code = "rate_limited"
	CodeAmbiguousDestination  frameinspect.Code = "ambiguous_destination"
	CodeLineBreak             frameinspect.Code = "line_break_in_header"
	CodeTooManySubscriptions  frameinspect.Code = "too_many_subscriptions"
	CodeTooManySessions       frameinspect.Code = "too_many_sessions"
	CodeUnknownSubscription   frameinspect.Code = "unknown_subscription"
	CodeDuplicateSubscription frameinspect.Code = "duplicate_subscription"
)

// Verdict is what a policy says of a frame.
type Verdict struct {
	Allow bool
	// Keep asks, of a frame that is not allowed, to drop it and let the session
	// live on (on_denied: keep).
	Keep bool
	// Wait is how long the client must be paused before the frame goes on, or is
	// dropped; it is charged for already.
	Wait time.Duration
	// Code and Message say why a frame is not allowed; both are safe to show to
	// whoever sent it.
	Code    frameinspect.Code
	Message string
	// Rule is the name of the grant or denial that decided; "" where none did.
	Rule string
	// Rewrite changes the head before it goes on; nil leaves it as it is.
	Rewrite *Rewrite
}

// Refused is the error of a session that may not be opened or go on. Both fields
// are safe to show to the client.
type Refused struct {
	Code    frameinspect.Code
	Message string
}

func (r *Refused) Error() string { return string(r.Code) + ": " + r.Message }
