package e2e

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/brokers"
	"github.com/stompgw/stompgw/test/faultproxy"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// A broker whose connection breaks in the middle of a frame ends the session with 1014, and the client gets no part of
// that frame that it could take for a whole one.
func TestBrokerLostMidFrame(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	const whole = "MESSAGE\nsubscription:1\nmessage-id:1\ndestination:/q\n\nwhole\x00"
	for _, c := range []struct{ name, sent string }{
		{"in the command", "MESS"},
		{"in a header", "MESSAGE\nsubscription:1\nmessage-"},
		{"after the head", "MESSAGE\nsubscription:1\nmessage-id:2\n\n"},
		{"in a body with content-length", "MESSAGE\nsubscription:1\nmessage-id:2\ncontent-length:10\n\nabc"},
		{"in a body without content-length", "MESSAGE\nsubscription:1\nmessage-id:2\n\nabc"},
		{"before the NUL", "MESSAGE\nsubscription:1\nmessage-id:2\ncontent-length:3\n\nabc"},
		{"in a body of a megabyte", "MESSAGE\nsubscription:1\nmessage-id:2\ncontent-length:2000000\n\n" + strings.Repeat("x", 1_000_000)},
	} {
		for _, how := range []string{"FIN", "reset"} {
			t.Run(c.name+", "+how, func(t *testing.T) {
				t.Parallel()
				fake := startFake(t, func(b *stompws.Client) {
					if !answerConnect(b, "0,0") {
						return
					}
					if _, ok := readUntil(b, "SUBSCRIBE"); !ok {
						return
					}
					write(b, whole, c.sent)
					if _, ok := readUntil(b, "SEND"); !ok { // the client has seen the whole frame
						return
					}
					if how == "reset" {
						_ = b.NetConn().(*net.TCPConn).SetLinger(0)
					}
				})
				g := gw.Run(t, gw.Options{Env: fakeEnv(fake.addr)})
				s := stompws.Open(t, g.URL, stompws.Options{})
				s.Connect("accept-version", "1.2", "host", "/")
				s.Do("SUBSCRIBE", "", "id", "1", "destination", "/q")
				s.ExpectBody("whole")
				s.Do("SEND", "seen", "destination", "/q")
				for _, f := range s.ExpectClose(1014) {
					if f.Command != "ERROR" || f.Get("code") != "broker_lost" {
						t.Errorf("a frame before the close: %.200v", f)
					}
				}
				g.ExpectEnd(t, "broker_lost")
			})
		}
	}
}

// A broker that speaks nonsense is lost too.
func TestBrokerSpeaksNonsense(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	for name, nonsense := range map[string]string{
		"HTTP":                   "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
		"no NUL after the body":  "MESSAGE\nsubscription:1\nmessage-id:2\ncontent-length:3\n\nabcd\x00",
		"content-length in text": "MESSAGE\nsubscription:1\nmessage-id:2\ncontent-length:three\n\nabc\x00",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, func(b *stompws.Client) {
				if !answerConnect(b, "0,0") {
					return
				}
				if _, ok := readUntil(b, "SUBSCRIBE"); ok {
					write(b, nonsense)
					drainUntilEnd(b)
				}
			})
			g := gw.Run(t, gw.Options{Env: fakeEnv(fake.addr)})
			s := stompws.Open(t, g.URL, stompws.Options{})
			s.Connect("accept-version", "1.2", "host", "/")
			s.Do("SUBSCRIBE", "", "id", "1", "destination", "/q")
			for _, f := range s.ExpectClose(1014) {
				if f.Command != "ERROR" || f.Get("code") != "broker_lost" {
					t.Errorf("a frame before the close: %.200v", f)
				}
			}
		})
	}
}

// The real thing: a broker killed while it sends a big message. The gateway lives on and serves the broker that
// comes back.
func TestRealBrokerKilled(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	activeMQ(t)
	own, err := brokers.StartActiveMQ(filepath.Join(t.TempDir(), "activemq"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Kill() })
	g := gw.Run(t, gw.Options{Env: fakeEnv(own.STOMP, "STOMPGW_BROKER_BACKOFF_MAX", "1s")})
	login := []string{"accept-version", "1.2", "host", "/", "heart-beat", "0,0", "login", own.Admin.Login, "passcode", own.Admin.Passcode}
	// A line that is held up, so that the broker is killed in mid-frame for sure: the message does not fit into what
	// lies between.
	front := faultproxy.Start(t, g.Listen)
	s := stompws.Open(t, "ws://"+front.Addr+"/stomp", stompws.Options{})
	s.Connect(login...)
	s.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", "/queue/big")
	front.Stall(faultproxy.Down)
	s.Do("SEND", strings.Repeat("x", 15<<20), "destination", "/queue/big")
	gw.Eventually(t, 20*time.Second, "the gateway held up by its client", func() bool {
		return g.Metric(t, "stompgw_bytes_total", `to="client"`) > 1<<20
	})
	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}
	front.Resume(faultproxy.Down)
	for _, f := range s.ExpectClose(1014) {
		if f.Command != "ERROR" || f.Get("code") != "broker_lost" {
			t.Errorf("a frame before the close: %.200v", f)
		}
	}
	gw.Eventually(t, 20*time.Second, "not ready without a broker", func() bool { return !g.Ready() })
	lost := stompws.Open(t, g.URL, stompws.Options{})
	lost.Do("CONNECT", "", login...)
	expectGatewayError(t, lost.ExpectClose(1013), "broker_unavailable")
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	gw.Eventually(t, 40*time.Second, "ready with the broker back", g.Ready)
	again := stompws.Open(t, g.URL, stompws.Options{})
	again.Connect(login...)
	alive(t, rabbitMQ(t), again)
}

// No broker at all: the browser is told so.
func TestBrokerUnavailable(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	g := gw.Run(t, gw.Options{Env: fakeEnv(l.Addr().String()), Unready: true})
	if g.Ready() {
		t.Error("/readyz is 200 without a broker")
	}
	s := stompws.Open(t, g.URL, stompws.Options{})
	s.Do("CONNECT", "", "accept-version", "1.2", "host", "/")
	expectGatewayError(t, s.ExpectClose(1013), "broker_unavailable")
}

// The second broker of the list serves while the first is down.
func TestSecondBrokerOfTheList(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := activeMQ(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	g := gw.Run(t, gw.Options{Env: b.env(map[string]string{"STOMPGW_BROKERS": "tcp://" + l.Addr().String() + ",tcp://" + b.stomp})})
	for range 3 {
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Connect(b.login()...)
		alive(t, b, s)
	}
}

// A broker that ends the connection in order, between frames, is no loss.
func TestBrokerCloses(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	for _, c := range []struct {
		name, last string
		code       int
	}{
		{"without a word", "", 1000},
		{"after an ERROR", "ERROR\nmessage:enough\n\nbye\x00", 1002},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, func(b *stompws.Client) {
				if answerConnect(b, "0,0") {
					readUntil(b, "SUBSCRIBE")
					write(b, c.last)
				}
			})
			g := gw.Run(t, gw.Options{Env: fakeEnv(fake.addr)})
			s := stompws.Open(t, g.URL, stompws.Options{})
			s.Connect("accept-version", "1.2", "host", "/")
			s.Do("SUBSCRIBE", "", "id", "1", "destination", "/q")
			frames := s.ExpectClose(c.code)
			if c.last != "" && (len(frames) != 1 || frames[0].Get("message") != "enough") {
				t.Errorf("frames before the close: got %v, want the broker's ERROR", frames)
			}
			g.ExpectEnd(t, "broker_closed")
		})
	}
}
