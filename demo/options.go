package demo

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stompgw/stompgw/frameinspect"
)

// Options are the bounds of a Broker. Zero means the default in each field;
// nothing can be made unbounded.
type Options struct {
	// Version follows "stompgw-demo/" in the server header of CONNECTED. "dev".
	Version string

	// Connections is the most clients at once; one more gets an ERROR. 256.
	Connections int
	// Subscriptions is the most subscriptions of one connection. 64.
	Subscriptions int
	// Transactions is the most open transactions of one connection. 16.
	Transactions int
	// Queues is the most /queue/ destinations that hold a message or have a
	// consumer. 256.
	Queues int
	// QueueMessages is the most messages that one queue, the backlog of one
	// topic subscription, or one transaction holds, those not yet acknowledged
	// counted in. 1000.
	QueueMessages int
	// QueueBytes is the same bound in bytes. 16 MiB.
	QueueBytes int64

	// Frame bounds the frames of clients. Head 64 KiB, Headers 100, Body 8 MiB.
	Frame frameinspect.Limits
	// Outbound is how many bytes may wait for one client's socket before its
	// messages wait in their queues and its own frames wait unread. A single
	// frame may go beyond it. 1 MiB.
	Outbound int

	// ConnectTimeout is how long a client may take to send CONNECT. 10 s.
	ConnectTimeout time.Duration
	// WriteTimeout is how long a client may read nothing while something waits
	// for it. 10 s.
	WriteTimeout time.Duration
	// HeartBeat is the shortest interval of heart-beats that the broker agrees
	// to, in both directions. 1 s.
	HeartBeat time.Duration

	// SessionEnded is told of the end of every connection, from a goroutine of
	// that connection, and must not block. Nil means that nobody wants to know.
	SessionEnded func(SessionEnd)
}

// withDefaults fills in the zero fields and reports all that cannot be.
func (o Options) withDefaults() (Options, error) {
	var wrong []error
	o.Version = orDefault(o.Version, "dev")
	if strings.ContainsFunc(o.Version, func(r rune) bool { return r <= ' ' || r == 0x7f || r == ':' || r == '\\' }) {
		wrong = append(wrong, fmt.Errorf("option Version: %q holds white space, a colon or a backslash", o.Version))
	}
	o.Connections = positive("Connections", o.Connections, 256, &wrong)
	o.Subscriptions = positive("Subscriptions", o.Subscriptions, 64, &wrong)
	o.Transactions = positive("Transactions", o.Transactions, 16, &wrong)
	o.Queues = positive("Queues", o.Queues, 256, &wrong)
	o.QueueMessages = positive("QueueMessages", o.QueueMessages, 1000, &wrong)
	o.QueueBytes = positive("QueueBytes", o.QueueBytes, 16<<20, &wrong)
	o.Frame.Head = positive("Frame.Head", o.Frame.Head, 64<<10, &wrong)
	o.Frame.Headers = positive("Frame.Headers", o.Frame.Headers, 100, &wrong)
	o.Frame.Body = positive("Frame.Body", o.Frame.Body, 8<<20, &wrong)
	o.Outbound = positive("Outbound", o.Outbound, 1<<20, &wrong)
	o.ConnectTimeout = positive("ConnectTimeout", o.ConnectTimeout, 10*time.Second, &wrong)
	o.WriteTimeout = positive("WriteTimeout", o.WriteTimeout, 10*time.Second, &wrong)
	o.HeartBeat = positive("HeartBeat", o.HeartBeat, time.Second, &wrong)
	if least := o.Frame.Body + int64(o.Frame.Head); o.QueueBytes < least {
		wrong = append(wrong, fmt.Errorf("option QueueBytes: %d cannot hold one frame of %d bytes (Frame.Head and Frame.Body)",
			o.QueueBytes, least))
	}
	return o, errors.Join(wrong...)
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func positive[T int | int64 | time.Duration](name string, value, otherwise T, wrong *[]error) T {
	if value < 0 {
		*wrong = append(*wrong, fmt.Errorf("option %s: %v is negative", name, value))
	}
	return orDefault(value, otherwise)
}
