package e2e

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// heartBeatOf reads the two numbers of a heart-beat header, in milliseconds.
func heartBeatOf(t *testing.T, f stompws.Frame) (sends, wants int) {
	t.Helper()
	a, b, ok := strings.Cut(f.Get("heart-beat"), ",")
	sends, err1 := strconv.Atoi(a)
	wants, err2 := strconv.Atoi(b)
	if !ok || err1 != nil || err2 != nil {
		t.Fatalf("heart-beat header of %v", f)
	}
	return sends, wants
}

// watch reads for a time and returns how many heart-beats came; the connection must not end and no frame may come.
func watch(t *testing.T, s *stompws.Session, during time.Duration) int64 {
	t.Helper()
	before := s.HeartBeats()
	s.ExpectNothing(during)
	return s.HeartBeats() - before
}

// alive sends a message to itself.
func alive(t *testing.T, b *backend, s *stompws.Session) {
	t.Helper()
	q := b.queue(t)
	s.Do("SUBSCRIBE", "", "id", q, "destination", q)
	s.Do("SEND", "alive", "destination", q)
	s.ExpectBody("alive")
}

// An idle connection with heart-beats both ways lives on, and the beats come in time.
func TestIdleWithHeartBeats(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		s := b.openBeating(t)
		sends, wants := heartBeatOf(t, s.Connect(b.login("heart-beat", "1000,1000")...))
		if sends <= 0 || sends > 1000 || wants <= 0 {
			t.Fatalf("heart-beats negotiated: sends %d ms, wants %d ms; want 1000 ms each way", sends, wants)
		}
		s.Beat(900 * time.Millisecond)
		if got := watch(t, s, 9*time.Second); got < 6 || got > 20 {
			t.Errorf("heart-beats in 9 s at 1 s: got %d", got)
		}
		alive(t, b, s)
	})
}

// A client without heart-beats is not asked for any, while the broker's leg keeps its own.
func TestIdleWithoutHeartBeats(t *testing.T) {
	for name, header := range map[string][]string{"0,0": {"heart-beat", "0,0"}, "no header": nil} {
		t.Run(name, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b *backend) {
				s := b.openBeating(t)
				s.Connect(b.login(header...)...)
				if got := watch(t, s, 9*time.Second); got > 0 {
					t.Errorf("%d heart-beats for a client that wants none", got)
				}
				alive(t, b, s)
			})
		})
	}
}

// A client may want beats without sending any, and the reverse.
func TestHeartBeatsOneWay(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		receives, sends := b.openBeating(t), b.openBeating(t)
		receives.Connect(b.login("heart-beat", "0,1000")...)
		sends.Connect(b.login("heart-beat", "1000,0")...)
		sends.Beat(900 * time.Millisecond)
		if got := watch(t, receives, 5*time.Second); got < 3 {
			t.Errorf("heart-beats in 5 s for a client that only receives: got %d, want 3 or more", got)
		}
		if got := watch(t, sends, time.Millisecond); got > 0 {
			t.Errorf("%d heart-beats for a client that wants none", got)
		}
		alive(t, b, receives)
		alive(t, b, sends)
	})
}

// A tab in the background, whose timers sleep, still answers WebSocket pings and so is alive.
func TestSilentClientThatAnswersPings(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		s := b.openBeating(t)
		s.Connect(b.login("heart-beat", "1000,1000")...)
		watch(t, s, 9*time.Second)
		alive(t, b, s)
	})
}

// A client that promised heart-beats and is silent, to pings too, is gone.
func TestSilentClientIsClosed(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		g := gw.Run(t, gw.Options{Env: b.env(map[string]string{"STOMPGW_PING_INTERVAL": "1s"})})
		s := stompws.Open(t, g.URL, stompws.Options{NoPong: true})
		start := time.Now()
		s.Connect(b.login("heart-beat", "1000,1000")...)
		frames := s.ExpectClose(4001)
		if took := time.Since(start); took < time.Second || took > 10*time.Second {
			t.Errorf("closed after %s, want some intervals of 1 s", took)
		}
		expectGatewayError(t, frames, "heartbeat_lost")
		g.ExpectEnd(t, "heartbeat_lost")
	})
}

// A client whose beats come late loses no session as long as it sends at all; traffic counts as a beat.
func TestTrafficIsAHeartBeat(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		q := b.queue(t)
		s := b.openBeating(t)
		s.Connect(b.login("heart-beat", "1000,1000")...)
		s.Do("SUBSCRIBE", "", "id", "1", "destination", q)
		for start := time.Now(); time.Since(start) < 6*time.Second; {
			s.Do("SEND", "x", "destination", q)
			s.ExpectBody("x")
			time.Sleep(300 * time.Millisecond)
		}
	})
}

// A broker that promised heart-beats and is silent is gone.
func TestSilentBroker(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	fake := startFake(t, func(c *stompws.Client) {
		if answerConnect(c, "1000,1000") {
			drainUntilEnd(c)
		}
	})
	g := gw.Run(t, gw.Options{Env: fakeEnv(fake.addr)})
	s := stompws.Open(t, g.URL, stompws.Options{})
	s.Connect("accept-version", "1.2", "host", "/")
	frames := s.ExpectClose(1014)
	expectGatewayError(t, frames, "broker_lost")
}

// The broker's leg gets what was promised to it, while the browser sends nothing.
func TestBrokerGetsItsHeartBeats(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	beats := make(chan time.Time, 100)
	fake := startFake(t, func(c *stompws.Client) {
		if !answerConnect(c, "0,2000") {
			return
		}
		for {
			m, err := c.ReadMessage(time.Minute)
			if err != nil {
				return
			}
			for range strings.Count(string(m.Data), "\n") {
				beats <- time.Now()
			}
		}
	})
	g := gw.Run(t, gw.Options{Env: fakeEnv(fake.addr, "STOMPGW_BROKER_HEART_BEAT", "2s,2s")})
	s := stompws.Open(t, g.URL, stompws.Options{})
	s.Connect("accept-version", "1.2", "host", "/", "heart-beat", "0,0")
	last := time.Now()
	for i := range 5 {
		select {
		case at := <-beats:
			// The specification lets a receiver allow an error margin; the brokers allow half an interval and more.
			if gap := at.Sub(last); gap > 3*time.Second {
				t.Errorf("heart-beat %d came %s after the one before, want 2 s", i, gap)
			}
			last = at
		case <-time.After(10 * time.Second):
			t.Fatalf("no heart-beat %d reached the broker in 10 s", i)
		}
	}
}
