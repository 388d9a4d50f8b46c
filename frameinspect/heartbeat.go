package frameinspect

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// HeartBeat is the value of a heart-beat header: what the sender of the header
// can do, and what it would like to get. Zero means none (STOMP 1.2,
// "Heart-beating").
type HeartBeat struct {
	Send    time.Duration // it can send a beat every so often
	Receive time.Duration // it wants to get a beat every so often
}

// maxBeat bounds an interval, so that no arithmetic on it overflows.
const maxBeat = 24 * time.Hour

// ParseHeartBeat reads a heart-beat header: two numbers of milliseconds. Numbers
// beyond a day count as a day.
func ParseHeartBeat(value []byte) (HeartBeat, error) {
	send, receive, ok := bytes.Cut(value, []byte(","))
	cx, okX := parseMillis(send)
	cy, okY := parseMillis(receive)
	if !ok || !okX || !okY {
		return HeartBeat{}, fmt.Errorf("heart-beat is not two numbers of milliseconds")
	}
	return HeartBeat{Send: cx, Receive: cy}, nil
}

func parseMillis(b []byte) (time.Duration, bool) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return time.Duration(min(n, maxBeat.Milliseconds())) * time.Millisecond, true
}

// String gives the header's value.
func (h HeartBeat) String() string {
	return strconv.FormatInt(h.Send.Milliseconds(), 10) + "," + strconv.FormatInt(h.Receive.Milliseconds(), 10)
}

// Agree gives what two ends that sent these headers agree on, from the view of
// the first: how often it must send, and how often it will hear; zero for never.
func (h HeartBeat) Agree(other HeartBeat) HeartBeat {
	return HeartBeat{Send: agree(h.Send, other.Receive), Receive: agree(other.Send, h.Receive)}
}

func agree(can, wants time.Duration) time.Duration {
	if can == 0 || wants == 0 {
		return 0
	}
	return max(can, wants)
}
