package e2e

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/stompws"
)

// fakeBroker is a broker that a test plays, for moments that a real one cannot be brought to.
type fakeBroker struct {
	addr string
}

// startFake listens and plays each connection in a goroutine of its own, which must end soon after the connection.
func startFake(t *testing.T, play func(c *stompws.Client)) *fakeBroker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var clients []*stompws.Client
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c := stompws.Accept(conn)
			mu.Lock()
			clients = append(clients, c)
			mu.Unlock()
			all.Go(func() {
				play(c)
				c.Abort()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range clients {
			c.Abort()
		}
		mu.Unlock()
		all.Wait()
	})
	return &fakeBroker{l.Addr().String()}
}

// answerConnect reads CONNECT and answers it with CONNECTED of version 1.2 and the heart-beat header. It is false for
// a connection that says nothing, as a health check does.
func answerConnect(c *stompws.Client, heartBeat string) bool {
	f, err := c.Read(time.Minute)
	if err != nil || f.Command != "CONNECT" && f.Command != "STOMP" {
		return false
	}
	c.Version = "1.2"
	return c.Send("CONNECTED", "", "version", "1.2", "heart-beat", heartBeat, "server", "fake/1.0") == nil
}

// readUntil reads frames until one has the command.
func readUntil(c *stompws.Client, command string) (stompws.Frame, bool) {
	for {
		f, err := c.Read(time.Minute)
		if err != nil {
			return f, false
		}
		if f.Command == command {
			return f, true
		}
	}
}

// drainUntilEnd reads and drops until the connection ends.
func drainUntilEnd(c *stompws.Client) {
	for {
		if _, err := c.ReadMessage(time.Minute); err != nil {
			return
		}
	}
}

// write sends raw bytes.
func write(c *stompws.Client, parts ...string) {
	_ = c.Write(stompws.Message{Data: []byte(strings.Join(parts, ""))})
}

// fakeEnv is the environment of a gateway in front of a broker at the address.
func fakeEnv(addr string, more ...string) map[string]string {
	env := map[string]string{
		"STOMPGW_BROKERS": "tcp://" + addr, "STOMPGW_CLIENT_HEART_BEAT": "1s,1s", "STOMPGW_BROKER_HEART_BEAT": "1s,1s",
	}
	for i := 0; i+1 < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}
