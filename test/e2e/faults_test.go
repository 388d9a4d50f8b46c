package e2e

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/faultproxy"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// faulty is a gateway with a misbehaving line on each side: page → front → gateway → back → broker.
type faulty struct {
	*gw.Gateway
	front, back *faultproxy.Proxy
	url         string // through front
}

func startFaulty(t *testing.T, b *backend, env map[string]string) *faulty {
	t.Helper()
	back := faultproxy.Start(t, b.stomp)
	g := gw.Run(t, gw.Options{Env: b.env(map[string]string{"STOMPGW_BROKERS": "tcp://" + back.Addr}, env)})
	front := faultproxy.Start(t, g.Listen)
	return &faulty{g, front, back, "ws://" + front.Addr + "/stomp"}
}

func (f *faulty) connect(t *testing.T, b *backend, header ...string) *stompws.Session {
	t.Helper()
	s := stompws.Open(t, f.url, stompws.Options{})
	s.Connect(b.login(header...)...)
	return s
}

// gone waits until the gateway has no session left and no connection to the broker.
func (f *faulty) gone(t *testing.T, within time.Duration) {
	t.Helper()
	gw.Eventually(t, within, "no session left in the gateway", func() bool { return f.Sessions(t) == 0 })
	gw.Eventually(t, 10*time.Second, "no connection to the broker left", func() bool { return f.back.Open() == 0 })
}

func TestReset(t *testing.T) {
	onlyGateway(t)
	t.Run("by the client", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b *backend) {
			f := startFaulty(t, b, nil)
			q := b.queue(t)
			s := f.connect(t, b)
			s.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", q, "ack", "client")
			s.Do("SEND", "kept", "destination", q)
			s.ExpectBody("kept")
			_ = s.NetConn().(*net.TCPConn).SetLinger(0)
			f.front.Reset()
			f.gone(t, 10*time.Second)
			f.connect(t, b).Do("SUBSCRIBE", "", "id", "1", "destination", q)
			next := f.connect(t, b)
			alive(t, b, next)
		})
	})
	t.Run("by the client in mid-frame", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b *backend) {
			f := startFaulty(t, b, nil)
			q := b.queue(t)
			s := f.connect(t, b)
			if err := s.Write(stompws.Message{Data: []byte("SEND\ndestination:" + q + "\ncontent-length:1000\n\nonly a part")}); err != nil {
				t.Fatal(err)
			}
			_ = s.NetConn().(*net.TCPConn).SetLinger(0)
			s.Abort()
			f.gone(t, 10*time.Second)
			left(t, b, q, 0) // no part of a frame became a message
		})
	})
	t.Run("by the broker", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b *backend) {
			f := startFaulty(t, b, nil)
			s := f.connect(t, b)
			f.back.Reset()
			expectGatewayError(t, s.ExpectClose(1014), "broker_lost")
			f.gone(t, 10*time.Second)
		})
	})
}

// An end that is gone without a word is noticed by heart-beats, and by pings where there are none.
func TestHalfOpen(t *testing.T) {
	onlyGateway(t)
	for _, beat := range []string{"1000,1000", "0,0"} {
		t.Run("client with heart-beat "+beat, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b *backend) {
				f := startFaulty(t, b, map[string]string{"STOMPGW_PING_INTERVAL": "1s"})
				f.connect(t, b, "heart-beat", beat)
				f.front.Blackhole()
				f.gone(t, 15*time.Second)
				f.ExpectEnd(t, "heartbeat_lost")
			})
		})
	}
	t.Run("broker", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b *backend) {
			f := startFaulty(t, b, map[string]string{"STOMPGW_BROKER_HEART_BEAT": "2s,2s"})
			s := f.connect(t, b)
			f.back.Blackhole()
			expectGatewayError(t, s.ExpectCloseWithin(1014, 20*time.Second), "broker_lost")
		})
	})
}

// Whole sessions where every byte on both lines comes alone.
func TestDrip(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		f := startFaulty(t, b, nil)
		for _, d := range []faultproxy.Direction{faultproxy.Up, faultproxy.Down} {
			f.front.Drip(d, 0)
			f.back.Drip(d, 0)
		}
		q := b.queue(t)
		s := f.connect(t, b)
		s.Do("SUBSCRIBE", "", "id", "ü:1", "destination", q, "ack", "client-individual")
		for i, body := range []string{"plain", "", "with ü and 🐇", string(noise(300)), "a\x00b\n\x00c"} {
			frame := stompws.Frame{
				Command: "SEND", Body: []byte(body),
				Header: []string{"destination", q, "content-length", fmt.Sprint(len(body)), "x-odd", "a:b\n\\"},
			}
			if err := s.SendFrame(frame); err != nil {
				t.Fatal(err)
			}
			got := s.ExpectBody(body)
			if got.Get("x-odd") != "a:b\n\\" || got.Get("subscription") != "ü:1" {
				t.Errorf("header of message %d: %v", i, got)
			}
			s.DoReceipt("ACK", "", "id", got.Get("ack"))
		}
		s.DoReceipt("DISCONNECT", "")
		s.ExpectClose(1000)
		f.gone(t, 10*time.Second)
	})
}

// A side that does not read makes the other wait; when it reads again, everything comes, in order.
func TestStall(t *testing.T) {
	onlyGateway(t)
	const count, size = 4000, 10_000
	body := func(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("x", size)) }
	t.Run("the broker does not read", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b *backend) {
			holdsMuch(t, b)
			// A broker that gets no heart-beats would end the session.
			f := startFaulty(t, b, map[string]string{"STOMPGW_BROKER_HEART_BEAT": "0,0"})
			q := b.queue(t)
			s := f.connect(t, b)
			f.back.Stall(faultproxy.Up)
			before := residentMemory(t, f.Gateway)
			var sent atomic.Int64
			failed := make(chan error, 1)
			go func() {
				for i := range count {
					if err := s.Client.Send("SEND", body(i), "destination", q); err != nil {
						failed <- err
						return
					}
					sent.Add(1)
				}
				failed <- nil
			}()
			// The gateway holds back the sender instead of keeping what it cannot pass on.
			gw.Eventually(t, 20*time.Second, "the sender held back", func() bool {
				had := sent.Load()
				time.Sleep(500 * time.Millisecond)
				return had > 0 && sent.Load() == had
			})
			t.Logf("held back after %d messages of %d", sent.Load(), count)
			if sent.Load() == count {
				t.Errorf("all of %d bytes were taken while the broker did not read", count*size)
			}
			if grown := residentMemory(t, f.Gateway) - before; grown > 16<<20 {
				t.Errorf("the gateway grew by %.0f bytes while the broker did not read", grown)
			}
			f.back.Resume(faultproxy.Up)
			if err := <-failed; err != nil {
				t.Fatalf("send message %d: %v", sent.Load(), err)
			}
			s.DoReceipt("DISCONNECT", "")
			s.Close()
			expectAll(t, b.connect(t), q, count, body)
		})
	})
	t.Run("the client does not read", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b *backend) {
			holdsMuch(t, b)
			// RabbitMQ hears no heart-beats while it waits to write, over plain TCP as well, and would end the session.
			const count = 1500 // which ActiveMQ and RabbitMQ hold for it
			f := startFaulty(t, b, map[string]string{"STOMPGW_BROKER_HEART_BEAT": "0,0", "STOMPGW_SLOW_CLIENT_TIMEOUT": "60s"})
			q := b.queue(t)
			s := f.connect(t, b, "heart-beat", "0,0")
			s.DoReceipt("SUBSCRIBE", "", append(prefetchAll(b), "id", "1", "destination", q, "ack", "client-individual")...)
			before := residentMemory(t, f.Gateway)
			f.front.Stall(faultproxy.Down)
			writer := b.connect(t)
			for i := range count {
				writer.Do("SEND", body(i), "destination", q)
			}
			writer.DoReceipt("DISCONNECT", "")
			time.Sleep(3 * time.Second) // a pause, shorter than the gateway's patience with a slow client
			if grown := residentMemory(t, f.Gateway) - before; grown > 16<<20 {
				t.Errorf("the gateway grew by %.0f bytes while the client did not read", grown)
			}
			f.front.Resume(faultproxy.Down)
			for i := range count {
				s.ExpectBody(body(i))
			}
		})
	})
}

// holdsMuch skips where the broker holds its senders back instead.
func holdsMuch(t *testing.T, b *backend) {
	t.Helper()
	if b.name == "Apollo" {
		t.Skip("Apollo, which stores nothing here, takes no more from a sender while the queue waits for its consumer")
	}
}

// prefetchAll are the headers of SUBSCRIBE by which a broker sends messages ahead of their acknowledgement.
func prefetchAll(b *backend) []string {
	switch b.name {
	case "RabbitMQ":
		return []string{"prefetch-count", "10000"}
	case "ActiveMQ":
		return []string{"activemq.prefetchSize", "10000"}
	}
	return []string{"consumer-window-size", "-1"} // octets; Artemis reads ActiveMQ's header so, too
}

// expectAll subscribes and reads the messages in order.
func expectAll(t *testing.T, s *stompws.Session, q string, count int, body func(int) string) {
	t.Helper()
	s.Do("SUBSCRIBE", "", "id", "1", "destination", q)
	for i := range count {
		s.ExpectBody(body(i))
	}
}

func residentMemory(t testing.TB, g *gw.Gateway) float64 {
	t.Helper()
	return g.Metric(t, "process_resident_memory_bytes")
}
