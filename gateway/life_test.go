package gateway

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/frameinspect"
)

func beats(send, receive time.Duration) frameinspect.HeartBeat {
	return frameinspect.HeartBeat{Send: send, Receive: receive}
}

const beat = 50 * time.Millisecond

// The broker hears of the gateway although the client is silent, and a client
// that asked for none gets no heart-beat of the broker's.
func TestHeartBeatsOfEachLegAreItsOwn(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.ClientHeartBeat, o.BrokerHeartBeat = beats(beat, beat), beats(beat, 0) })
	b, p := g.connect("heart-beat:0,20\n", "heart-beat:0,20\n")
	for range 3 {
		if c, err := p.r.ReadByte(); err != nil || c != '\n' {
			t.Fatalf("broker: got %q, %v, want a heart-beat", c, err)
		}
	}
	for range 3 {
		m, err := b.next()
		if err != nil || m.op != 1 || m.payload != "\n" {
			t.Fatalf("client: got %v, %v, want a heart-beat", m, err)
		}
	}
}

// What a WebSocket says by itself a client of STOMP does not hear: it gets its
// heart-beats however often it is pinged, or pings.
func TestPingsAreNoHeartBeats(t *testing.T) {
	for name, tc := range map[string]struct {
		ping   time.Duration // the gateway's
		client bool          // the client pings
	}{
		"the gateway pings": {ping: beat},
		"the client pings":  {ping: time.Hour, client: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, func(o *Options) { o.PingInterval, o.ClientHeartBeat = tc.ping, beats(4*beat, 0) })
			b, _ := g.connect("heart-beat:0,20\n", "")
			for heard, others := 0, 0; heard < 3; {
				if tc.client {
					b.write(string(wsFrame(0x89, "")))
					time.Sleep(beat)
				}
				m, err := b.next()
				switch {
				case err != nil:
					t.Fatal(err)
				case m.payload == "\n":
					heard++
				case others == 60:
					t.Fatalf("got %d heart-beats beside %d pings or pongs, want 3", heard, others)
				default:
					others++
				}
			}
		})
	}
}

// A heart-beat inside a frame that the client sends in parts would be a part of
// its body.
func TestNoHeartBeatInsideFrame(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.BrokerHeartBeat = beats(beat, 0) })
	b, p := g.connect("", "heart-beat:0,20\n")
	b.text("SEND\n\nbegin")
	if _, err := p.r.ReadString('S'); err != nil {
		t.Fatal(err)
	}
	if err := p.SetReadDeadline(time.Now().Add(5 * beat)); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(p.r)
	if err == nil || string(got) != "END\n\nbegin" {
		t.Fatalf("got %q, %v, want no more than the begin of the frame", got, err)
	}
	if err := p.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	b.text("end\x00")
	if got := p.frame(); got != "end" {
		t.Fatalf("got %q, want the end of the frame", got)
	}
}

func TestBrokerFallsSilent(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.BrokerHeartBeat = beats(0, beat) }).shortGrace()
	b, _ := g.connect("", "heart-beat:20,0\n")
	b.wantError("broker_lost")
	b.wantClose(1014)
	g.ended(BrokerLost, 1)
}

// shortGrace makes silence count sooner than a network would allow.
func (g *testGateway) shortGrace() *testGateway {
	g.leastGrace = beat
	return g
}

// A page in the background sends no heart-beats, but its browser answers pings.
func TestSilentPageLivesByPings(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.ClientHeartBeat = beats(0, beat) })
	g.leastGrace = 500 * time.Millisecond
	b, p := g.connect("heart-beat:20,0\n", "")
	for begin := time.Now(); time.Since(begin) < 3*g.leastGrace; {
		m, err := b.next()
		if err != nil || m.op != 9 {
			t.Fatalf("got %v, %v, want a ping", m, err)
		}
		b.write(string(wsFrame(0x8a, m.payload)))
	}
	p.write("MESSAGE\n\nstill here\x00")
	b.wantMessage("MESSAGE\n\nstill here")
}

func TestClientFallsSilent(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"promised heart-beats": func(o *Options) { o.ClientHeartBeat = beats(0, beat) },
		"promised nothing":     func(o *Options) { o.PingInterval, o.ClientHeartBeat = beat, beats(0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, change).shortGrace()
			b, p := g.connect("heart-beat:20,0\n", "")
			b.wantError("heartbeat_lost")
			b.wantClose(4001)
			p.wantEOF()
			g.ended(HeartBeatLost, 1)
		})
	}
}

func TestDeadlines(t *testing.T) {
	short := 100 * time.Millisecond
	t.Run("no CONNECT", func(t *testing.T) {
		g := newTestGateway(t, func(o *Options) { o.ConnectTimeout = short })
		b := g.open()
		b.text("CONNECT\n") // a begin does not count
		b.wantError("connect_timeout")
		b.wantClose(4002)
		g.ended(ConnectTimeout, 1)
	})
	for name, tc := range map[string]struct {
		change func(*Options)
		send   string
		code   string
	}{
		"no first frame": {func(o *Options) { o.FirstFrameTimeout = short }, "\n", "idle"},
		"no frame":       {func(o *Options) { o.IdleTimeout = short }, "SEND\n\nx\x00", "idle"},
		"frame stalls":   {func(o *Options) { o.FrameTimeout = short }, "SEND\n\nx", "frame_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, tc.change)
			b, _ := g.connect("", "")
			b.text(tc.send)
			b.wantError(tc.code)
			b.wantClose(4000)
			g.ended(Idle, 1)
		})
	}
}

// A client that does not read stops the reading of the broker, ends the session
// when that lasts too long, and is told why as soon as it reads again.
func TestSlowClient(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.SlowClientTimeout, o.CloseTimeout = 200*time.Millisecond, patience })
	b, p := g.connect("", "")
	message := "MESSAGE\n\n" + repeat("x", 1000) + "\x00"
	if err := p.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var sent int
	for {
		n, err := io.WriteString(p.Conn, repeat(message, 100))
		sent += n
		if err != nil {
			break
		}
		if sent > 64<<20 {
			t.Fatal("the gateway took 64 MiB for a client that reads nothing")
		}
		if g.endedAlready() {
			break
		}
	}
	got := 0
	for {
		m, err := b.next()
		if err != nil {
			t.Fatalf("after %d messages: %v", got, err)
		}
		if strings.HasPrefix(m.payload, "ERROR\ncode:slow_client\n") {
			break
		}
		if m.payload != message {
			t.Fatalf("message %d is not as it was sent: %.60q", got, m.payload)
		}
		got++
	}
	b.wantClose(4008)
	p.Close()
	g.ended(SlowClient, 1)
	if g.paused() == 0 {
		t.Error("no time was counted as held up")
	}
}

// paused gives the time for which writing to clients was held up.
func (g *testGateway) paused() int64 {
	return g.sessions.census().down.paused.Load()
}

// endedAlready tells whether the one session is on its way out.
func (g *testGateway) endedAlready() bool {
	for _, s := range g.sessions.all() {
		if s.how() == nil {
			return false
		}
	}
	return true
}

// A broker that does not read stops the reading of the client; nothing is lost
// when it goes on.
func TestSlowBrokerHoldsClient(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.MaxBody = 100 << 20 })
	b, p := g.connect("", "")
	const size = 50 << 20
	done := make(chan error, 1)
	go func() {
		_, err := b.Write(wsFrame(0x82, "SEND\n\n"+repeat("y", size)+"\x00"))
		done <- err
	}()
	select {
	case <-done:
		t.Fatalf("the gateway took %d bytes that the broker did not read", size)
	case <-time.After(300 * time.Millisecond):
	}
	n, err := io.Copy(io.Discard, io.LimitReader(p.r, size+int64(len("SEND\n\n"))+1))
	if err != nil || n != size+int64(len("SEND\n\n"))+1 {
		t.Fatalf("got %d bytes, %v", n, err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestDrain(t *testing.T) {
	g := newTestGateway(t, nil)
	var browsers []*browser
	for range 3 {
		b, _ := g.connect("", "")
		browsers = append(browsers, b)
	}
	done := make(chan error, 1)
	begin := time.Now()
	go func() { done <- g.Drain(context.Background(), 300*time.Millisecond) }()
	for _, b := range browsers {
		go func() {
			for {
				if _, err := b.next(); err != nil {
					return
				}
			}
		}()
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took < 200*time.Millisecond {
		t.Errorf("three sessions were ended within %v, want them spread", took)
	}
	g.ended(Draining, 3)
	if _, response := g.dial(); response.StatusCode != 503 || response.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, want 503 with Retry-After while draining", response.Status)
	}
}

func TestDrainTellsClient(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("", "")
	go g.Drain(context.Background(), 0)
	b.wantError("draining")
	b.wantClose(1001)
	p.wantEOF()
}

// A client that does not answer cannot hold the drain up.
func TestDrainHasDeadline(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.CloseTimeout = patience })
	g.connect("", "")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := g.Drain(ctx, 0); err == nil || !strings.Contains(err.Error(), "1 sessions were cut off") {
		t.Errorf("got %v, want that one session was cut off", err)
	}
}
