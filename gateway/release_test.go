package gateway

import (
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/internal/eventually"
	"github.com/stompgw/stompgw/wire"
)

// pair gives the two ends of a connection.
func (g *testGateway) pair() (near net.Conn, far *peer) {
	g.t.Helper()
	near, err := net.Dial("tcp", g.listener.Addr().String())
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { near.Close() })
	return near, g.accept()
}

// still makes a session that is connected and has no goroutines: the test hands it
// what it reads. p is its broker.
func (g *testGateway) still() (s *session, p *peer) {
	g.t.Helper()
	rights, err := g.rightsOf(nil, forwarded{})
	if err != nil {
		g.t.Fatal(err)
	}
	s = g.newSession(forwarded{}, overWebSocket, rights)
	client, _ := g.pair()
	broker, p := g.pair()
	s.client.conn, s.broker = wire.New(client, 0), wire.New(broker, 0)
	s.version = frameinspect.V12
	s.fromClient.SetVersion(s.version)
	s.fromClient.SetLimits(g.options.limits())
	s.fromBroker = frameinspect.NewScanner(frameinspect.Broker, g.options.brokerLimits())
	s.fromBroker.SetVersion(s.version)
	if err := s.enter(); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { s.stopTicks(); s.rights.release() })
	s.phase.Store(connected)
	return s, p
}

// A session that is quiet keeps nothing of the buffers that its last input came in
// and went out from: after a fan-out to many sessions each would keep 72 KiB.
func TestQuietSessionKeepsNoBuffer(t *testing.T) {
	client := map[string]string{
		"a frame":             "SEND\ndestination:/queue/a\n\nhello\x00",
		"a receipt":           "SEND\ndestination:/queue/a\nreceipt:r\n\nhello\x00",
		"no canonical form":   "SEND\ndestination:/queue/a\nreceipt:r\na:1:2\n\nhello\x00",
		"a subscription":      "SUBSCRIBE\nid:1\ndestination:/queue/a\nreceipt:r\n\n\x00",
		"DISCONNECT":          "DISCONNECT\nreceipt:r\n\n\x00",
		"cut in the head":     "SEND\ndestination:/queue/a\nreceipt:r\nx:",
		"cut behind the head": "SEND\ndestination:/queue/a\nreceipt:r\n\n",
		"cut in the body":     "SEND\ndestination:/queue/a\nreceipt:r\ncontent-length:100\n\nhe",
		"cut in an open body": "SEND\ndestination:/queue/a\nreceipt:r\n\nhe",
	}
	broker := map[string]string{
		"a frame":           "MESSAGE\nsubscription:1\nmessage-id:1\ndestination:/queue/a\n\nhello\x00\n",
		"no plain head":     "MESSAGE\r\nsubscription:1\r\na\\c:1\r\n\r\nhello\x00",
		"a RECEIPT":         "RECEIPT\nreceipt-id:r\n\n\x00\n",
		"an ERROR":          "ERROR\nmessage:no\nreceipt-id:r\n\nwhy\x00",
		"two, and line end": "MESSAGE\n\n1\x00\n\nMESSAGE\nreceipt:1\n\n2\x00\r\n",
	}
	for name, text := range map[string]string{
		"no policy": "",
		"a policy":  "grants:\n  - { name: all, send: [\"/queue/>\"], subscribe: [\"/queue/>\"] }\n",
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, func(o *Options) {
				if text != "" {
					newPolicy(t, text).options(o)
				}
			})
			for name, in := range client {
				t.Run("from the client, "+name, func(t *testing.T) {
					s, _ := g.still()
					wantNothingKept(t, s, clientTaker{s}, string(wsFrame(0x82, in)))
				})
			}
			for name, in := range broker {
				t.Run("from the broker, "+name, func(t *testing.T) {
					s, _ := g.still()
					wantNothingKept(t, s, brokerTaker{s}, in)
				})
			}
		})
	}
}

// wantNothingKept has the input taken, and waits until the session is all that
// could keep its buffer and does not.
func wantNothingKept(t *testing.T, s *session, leg wire.Taker, in string) {
	t.Helper()
	buf := wire.NewPool(readSize, copySize).Get()
	read, copies := weak.Make(&buf.B[:1][0]), weak.Make(&buf.Out.Tail()[:1][0])
	buf.B = append(buf.B, in...)
	back, err := leg.Take(buf)
	if err != nil || back != buf || len(back.B) > 0 {
		t.Fatalf("got %p, %v, want the buffer %p, empty", back, err, buf)
	}
	buf, back = nil, nil
	eventually.True(t, "the buffer to be collected", func() bool {
		runtime.GC()
		return read.Value() == nil && copies.Value() == nil
	})
	runtime.KeepAlive(s)
}

// Between two inputs the buffer is another session's, whose bytes are in it then.
// Wherever a frame is cut, none of them is taken for this session's.
func TestBytesOfAnotherSessionAreNotSeen(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.MaxBody = 8 })
	const head, body = "SEND\ndestination:/queue/a\nreceipt:r-1\nx:1\n\n", "1234567890\x00"
	const in = head + body
	for cut := 1; cut < len(in)-3; cut++ {
		s, p := g.still()
		buf := g.pool.Get()
		take := func(part string) (err error) {
			buf.B = append(buf.B[:0], wsFrame(0x82, part)...)
			buf, err = clientTaker{s}.Take(buf)
			copy(buf.B[:cap(buf.B)], repeat("another session's\n", 100))
			return err
		}
		if err := take(in[:cut]); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		err := take(in[cut:])
		var v *frameinspect.Violation
		if !errors.As(err, &v) || v.Code != frameinspect.CodeBodyTooBig || string(v.Receipt) != "r-1" {
			t.Errorf("cut at %d: got %+v, want body_too_big with receipt r-1", cut, err)
		}
		s.broker.Close()
		if got, err := io.ReadAll(p.r); err != nil || !strings.HasPrefix(in, string(got)) || len(got) < len(head) {
			t.Errorf("cut at %d: the broker got %q, %v", cut, got, err)
		}
	}
}
