package e2e

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// slowFor is how long TestSlowBrowser reads slowly: a minute, unless STOMPGW_TEST_SLOW says otherwise ("15s").
func slowFor(t *testing.T) time.Duration {
	t.Helper()
	if s := os.Getenv("STOMPGW_TEST_SLOW"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return time.Minute
}

// firehose is a broker that answers SUBSCRIBE with numbered messages, as fast as they are taken. It counts those that
// were.
func firehose(t *testing.T, size int) (*fakeBroker, *atomic.Int64) {
	t.Helper()
	filling := strings.Repeat("x", size)
	taken := new(atomic.Int64)
	return startFake(t, func(c *stompws.Client) {
		if !answerConnect(c, "0,0") {
			return
		}
		if _, ok := readUntil(c, "SUBSCRIBE"); !ok {
			return
		}
		for i := 0; ; i++ {
			frame := fmt.Sprintf("MESSAGE\nsubscription:1\nmessage-id:%d\ndestination:/q\n\n%s\x00", i, filling)
			// The fake's writes time out long after the test.
			if c.Write(stompws.Message{Data: []byte(frame)}) != nil {
				return
			}
			taken.Add(1)
		}
	}), taken
}

// Browsers that read slowly from a fast broker, for a minute: nothing is lost or reordered, and the gateway's memory
// stays flat, because the broker is made to wait.
func TestSlowBrowserFastBroker(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	const browsers, warmUp = 10, 10 * time.Second
	fake, _ := firehose(t, 1024)
	g := gw.Run(t, gw.Options{Plain: true, Env: fakeEnv(fake.addr)})
	stop := make(chan struct{})
	read := make(chan int, browsers)
	for i := range browsers {
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Connect("accept-version", "1.2", "host", "/", "heart-beat", "0,0")
		s.Do("SUBSCRIBE", "", "id", "1", "destination", "/q")
		pause := time.Duration(5+2*i) * time.Millisecond // some 40 to 200 messages a second
		go func() {
			next := 0
			defer func() { read <- next }()
			for ; ; next++ {
				select {
				case <-stop:
					return
				case <-time.After(pause):
				}
				f, err := s.Read(stompws.Patience)
				if err != nil || f.Command != "MESSAGE" {
					t.Errorf("a slow browser lost its session: %v %v", f, err)
					return
				}
				if got := f.Get("message-id"); got != fmt.Sprint(next) {
					t.Errorf("message-id: got %s, want %d", got, next)
					return
				}
			}
		}()
	}
	time.Sleep(warmUp)
	start := residentMemory(t, g)
	most := start
	for end := time.Now().Add(slowFor(t) - warmUp); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		most = max(most, residentMemory(t, g))
	}
	close(stop)
	total := 0
	for range browsers {
		total += <-read
	}
	t.Logf("%d messages read by %d browsers; resident memory %.1f MiB after %s, at most %.1f MiB later",
		total, browsers, start/(1<<20), warmUp, most/(1<<20))
	// A broker that is not made to wait sends that much in a blink.
	if most-start > 8<<20 {
		t.Errorf("resident memory grew by %.1f MiB, want it flat", (most-start)/(1<<20))
	}
}

// A browser that takes nothing at all is closed in order, while others go on.
func TestClientThatNeverReads(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	fake, _ := firehose(t, 1024)
	g := gw.Run(t, gw.Options{Env: fakeEnv(fake.addr, "STOMPGW_SLOW_CLIENT_TIMEOUT", "2s")})
	subscribed := func() *stompws.Session {
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Connect("accept-version", "1.2", "host", "/", "heart-beat", "0,0")
		s.Do("SUBSCRIBE", "", "id", "1", "destination", "/q")
		return s
	}
	stuck, reader := subscribed(), subscribed()
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := reader.Read(stompws.Patience); err != nil {
				done <- err
				return
			}
		}
	}()
	gw.Eventually(t, 30*time.Second, "the client that does not read ended as slow_client", func() bool {
		return g.Ends(t, "slow_client") == 1
	})
	close(stop)
	if err := <-done; err != nil {
		t.Errorf("the client that does read lost its session: %v", err)
	}
	stuck.Abort()
}

// The close code of a slow client is 4008 where it reads again before the gateway gives up on the close.
func TestSlowClientSeesTheCode(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	fake, taken := firehose(t, 1024)
	g := gw.Run(t, gw.Options{Env: fakeEnv(fake.addr, "STOMPGW_SLOW_CLIENT_TIMEOUT", "2s", "STOMPGW_CLOSE_TIMEOUT", "20s")})
	s := stompws.Open(t, g.URL, stompws.Options{})
	s.Connect("accept-version", "1.2", "host", "/", "heart-beat", "0,0")
	s.Do("SUBSCRIBE", "", "id", "1", "destination", "/q")
	// Let the buffers on the way fill up and the gateway lose its patience; then take everything.
	const patience = 5 * time.Second // longer than the gateway's
	for before, since := int64(-1), time.Now(); time.Since(since) < patience; time.Sleep(50 * time.Millisecond) {
		if n := taken.Load(); n != before {
			before, since = n, time.Now()
		}
	}
	code, frames, err := s.CloseCode(stompws.Patience)
	if code != 4008 {
		t.Fatalf("close code: got %d (%v), want 4008", code, err)
	}
	expectGatewayError(t, frames, "slow_client")
	for i, f := range frames[:len(frames)-1] {
		if f.Command != "MESSAGE" || f.Get("message-id") != fmt.Sprint(i) {
			t.Fatalf("frame %d before the ERROR: %.200v", i, f)
		}
	}
}
