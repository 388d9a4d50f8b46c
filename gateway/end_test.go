package gateway

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stompgw/stompgw/wire"
)

// told is a connection that tells of its deadlines.
type told struct {
	net.Conn
	deadline func(what string)
}

func (c told) SetReadDeadline(time.Time) error  { c.deadline("reads"); return nil }
func (c told) SetWriteDeadline(time.Time) error { c.deadline("writes"); return nil }

// Nobody can know that a session has ended before both legs are told: the last words
// have deadlines of their own, which the end's would overwrite.
func TestEndIsKnownWhenBothLegsAreTold(t *testing.T) {
	s := &session{gw: &Gateway{options: testOptions()}}
	var all []string
	leg := func(name string) *wire.Conn {
		near, far := net.Pipe()
		t.Cleanup(func() { near.Close(); far.Close() })
		return wire.New(told{near, func(what string) {
			all = append(all, name+" "+what)
			if !isTaken(&s.mu) {
				t.Errorf("the end is known before the %s of the %s are told", what, name)
			}
		}}, 0)
	}
	s.client.conn, s.broker = leg("client"), leg("broker")
	s.leaveQueue = func() {
		if !isTaken(&s.mu) {
			t.Error("the end is known before anybody is told")
		}
	}
	s.end(endBy(Idle, "", nil))
	s.end(endBy(Internal, "", errors.New("too late")))
	if len(all) != 4 || s.how().reason != Idle {
		t.Errorf("got %q told of an end by %s, want reads and writes of both legs, once, of the first", all, s.how().reason)
	}
}
