package gateway

import (
	"bytes"
	"testing"

	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/wire"
)

// Frames as they come when they come fast: a buffer full of them. What is measured
// is all that the gateway does with a frame itself, without the kernel's part.

func BenchmarkRelayToBroker(b *testing.B) {
	frame := []byte("SEND\ndestination:/queue/sink\ncontent-length:100\n\n" + string(bytes.Repeat([]byte("lazy dog; "), 10)) + "\x00")
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	message := append([]byte{0x82, 0x80 | 126, 0, byte(len(frame))}, mask[:]...)
	for i, c := range frame {
		message = append(message, c^mask[i&3])
	}
	count := readSize / len(message)
	input := bytes.Repeat(message, count)
	s := relaySession()
	benchmarkRelay(b, s, input, count, func(buf *wire.Buffer) error { return s.client.decode(buf, s.takeFromClient) })
}

func BenchmarkRelayToClient(b *testing.B) {
	frame := []byte("MESSAGE\nsubscription:0\nmessage-id:000017\ndestination:/queue/blast\ncontent-length:100\n\n" + string(bytes.Repeat([]byte("lazy dog; "), 10)) + "\x00")
	count := readSize / len(frame)
	input := bytes.Repeat(frame, count)
	s := relaySession()
	benchmarkRelay(b, s, input, count, func(buf *wire.Buffer) error {
		s.frames = framesDown{hold: buf}
		return s.scanBroker(buf)
	})
}

func relaySession() *session {
	s := &session{gw: &Gateway{}}
	s.phase.Store(connected)
	s.fromClient = frameinspect.NewScanner(frameinspect.Client, frameinspect.Limits{Head: 16 << 10, Headers: 100, Body: 16 << 20})
	s.fromClient.SetVersion(frameinspect.V12)
	s.fromBroker = frameinspect.NewScanner(frameinspect.Broker, s.gw.options.brokerLimits())
	s.fromBroker.SetVersion(frameinspect.V12)
	return s
}

func benchmarkRelay(b *testing.B, s *session, input []byte, frames int, relay func(*wire.Buffer) error) {
	pool := wire.NewPool(readSize, copySize)
	b.ReportAllocs()
	for b.Loop() {
		buf := pool.Get()
		buf.B = append(buf.B, input...)
		if err := relay(buf); err != nil {
			b.Fatal(err)
		}
		if buf.Out.Len() < frames*100 {
			b.Fatal("not all was relayed")
		}
		pool.Put(buf)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(frames), "ns/frame")
}
