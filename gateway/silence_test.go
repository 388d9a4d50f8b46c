package gateway

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// What keeps a client from being read is no silence of the client's.

// A login may take longer than silence may last.
func TestLongLoginIsNoSilence(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.ClientHeartBeat = beats(0, 10*beat) })
	g.leastGrace = 10 * beat // silence counts after 1.25 s
	b := g.open()
	b.text("CONNECT\naccept-version:1.2\nheart-beat:500,0\n\n\x00")
	p := g.accept()
	p.frame()
	time.Sleep(1500 * time.Millisecond) // a slow broker, or the queue of logins
	p.write("CONNECTED\nversion:1.2\n\n\x00")
	b.message()
	for range 5 {
		time.Sleep(5 * beat) // in time
		b.text("\n")
	}
	p.write("MESSAGE\n\nstill here\x00")
	b.wantMessage("MESSAGE\n\nstill here")
}

// So may a limit of the policy hold a client up, and its pongs with it.
func TestPauseIsNoSilence(t *testing.T) {
	const one = "SEND\ndestination:/queue/a\n\n1\x00"
	f := newPolicy(t, "grants:\n  - { name: all, send: [\"/queue/>\"], limits: {frames_per_second: 1, frames_burst: 1, over: pause} }\n")
	g := newTestGateway(t, func(o *Options) {
		f.options(o)
		o.PingInterval, o.ClientHeartBeat = 8*beat, beats(0, 0)
		o.FrameTimeout = 16 * beat
	})
	g.leastGrace = 8 * beat // silence counts after 800 ms
	b, p := g.connect("", "")
	b.text(one + one + one + "SEND\n") // two seconds, and the begin of another
	for range 3 {
		p.wantFrame(strings.TrimSuffix(one, "\x00"))
	}
	b.text("destination:/queue/a\n\n2\x00")
	for {
		m, err := b.next()
		if err != nil || m.op != 9 {
			t.Fatalf("got %v, %v, want a ping first", m, err)
		}
		b.write(string(wsFrame(0x8a, m.payload)))
		if g.only().up.frames.Load() == 5 { // with CONNECT
			break
		}
	}
	if paused := g.sessions.census().up.paused.Load(); paused > int64(time.Second) {
		t.Errorf("%v of a limit's pauses count as the broker's", time.Duration(paused))
	}
}

// While the body of a frame waits for a limit, the broker gets what is let through,
// because it gets no heart-beats then.
func TestPauseInsideBodyKeepsBroker(t *testing.T) {
	f := newPolicy(t, "grants:\n  - { name: all, send: [\"/queue/>\"], limits: {bytes_per_second: 4KiB, bytes_burst: 4KiB, over: pause} }\n")
	g := newTestGateway(t, f.options)
	b, p := g.connect("", "")
	b.text("SEND\ndestination:/queue/a\n\n")
	p.read("SEND\ndestination:/queue/a\n\n")
	b.text(repeat("x", 16<<10)) // in one go it would take three seconds
	for range 4 {
		begin := time.Now()
		p.read(repeat("x", 4<<10))
		if took := time.Since(begin); took > 2500*time.Millisecond {
			t.Errorf("nothing came for %v", took)
		}
	}
}

// read fails unless this comes next.
func (p *peer) read(want string) {
	p.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(p.r, got); err != nil || string(got) != want {
		p.t.Fatalf("got %.100q, %v, want %.100q", got[:n], err, want)
	}
}

// Nor is what a client's browser does by itself a sign that a frame goes on.
func TestFrameStallsWhilePingsAreAnswered(t *testing.T) {
	for name, begun := range map[string]string{"a frame": "SEND\n\nx", "a line end": "\r"} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, func(o *Options) { o.PingInterval, o.FrameTimeout = 2*beat, 8*beat })
			b, _ := g.connect("", "")
			b.text(begun)
			for {
				m, err := b.next()
				switch {
				case err != nil:
					t.Fatal(err)
				case m.op == 9:
					b.write(string(wsFrame(0x8a, m.payload)))
				case strings.HasPrefix(m.payload, "ERROR\ncode:frame_timeout\n"):
					return
				default:
					t.Fatalf("got %q", m.payload)
				}
			}
		})
	}
}

// A frame that goes on, if slowly, is none that stalls.
func TestFrameDripsInTime(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.FrameTimeout = 20 * beat })
	b, p := g.connect("", "")
	const frame = "SEND\n\n12345\x00"
	for i := range len(frame) {
		b.text(frame[i : i+1])
		time.Sleep(2 * beat)
	}
	p.wantFrame("SEND\n\n12345")
}

// A silent page is asked for a sign of life before it is taken for dead, whatever
// keeps the ping from going out when it is due.
func TestPingIsTriedAgain(t *testing.T) {
	held := func(turn func(*session) *sync.Mutex) func(*browser, *session) func() {
		return func(_ *browser, s *session) func() {
			turn(s).Lock()
			return turn(s).Unlock
		}
	}
	for name, keep := range map[string]func(*browser, *session) (release func()){
		"downstream writes": held(func(s *session) *sync.Mutex { return &s.client.mu }),
		"upstream writes":   held(func(s *session) *sync.Mutex { return &s.brokerTurn }),
		"a full socket": func(b *browser, s *session) func() {
			n := fill(t, s.client.conn)
			return func() {
				if _, err := io.CopyN(io.Discard, b.r, n); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, nil)
			b, _ := g.connect("", "")
			s := g.sessions.all()[0]
			g.eventually("the login is over", func() bool { return s.isConnected() && !s.holdsClient() && !s.holdsBroker() })
			s.stopTicks() // the test looks
			every := int64(g.options.PingInterval)
			due := s.client.read.get() + every
			release := keep(b, s)
			next := s.lookClient(due)
			release()
			if next <= due || next > due+every/8 {
				t.Errorf("it is looked again after %v, want it soon", time.Duration(next-due))
			}
			if after := s.lookClient(next); after <= next {
				t.Errorf("after the ping it is looked again after %v", time.Duration(after-next))
			}
			if err := b.SetReadDeadline(time.Now().Add(patience / 4)); err != nil {
				t.Fatal(err)
			}
			if m, err := b.next(); err != nil || m.op != 9 {
				t.Errorf("got %v, %v, want a ping", m, err)
			}
		})
	}
}
