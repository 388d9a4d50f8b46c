package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/internal/eventually"
)

// While one session was told to go, the other works on until its own time comes.
func TestDrainIsSpread(t *testing.T) {
	gw := start(t, "demo", "STOMPGW_LOG_FORMAT=json", "STOMPGW_DRAIN_SPREAD=30m", "STOMPGW_DRAIN_TIMEOUT=1h", "STOMPGW_CLOSE_TIMEOUT=1ms")
	first, _ := browser(t, gw.public)
	eventually.True(t, "the first session", func() bool { return gw.stderr.line("session started") != nil })
	id := gw.stderr.line("session started")["session"]
	left, _ := browser(t, gw.public)
	eventually.True(t, "the second session", func() bool { return strings.Count(gw.stderr.String(), `"session started"`) == 2 })
	gw.stop()
	eventually.True(t, "one to be ended", func() bool { return gw.stderr.line("session ended") != nil })
	if gw.stderr.line("session ended")["session"] != id {
		first, left = left, first
	}
	wantClose(t, first, 1001)
	say(t, left, "CONNECT\naccept-version:1.2\nhost:demo\n\n\x00")
	if _, got := hear(t, left); !strings.HasPrefix(got, "CONNECTED\n") {
		t.Errorf("got %q from a session whose time has not come", got)
	}
	left.Close() // the last one: nothing is left to wait for
	if status := gw.end(); status != 0 {
		t.Errorf("got exit status %d, log:\n%s", status, gw.stderr.String())
	}
}

// A client that never answers the close is cut off when the time is up, whatever it
// had by the close timeout.
func TestDrainHasADeadline(t *testing.T) {
	broker := silentBroker(t)
	gw := start(t, "serve", "STOMPGW_BROKERS=tcp://"+broker.Addr().String(), "STOMPGW_CLOSE_TIMEOUT=5m", "STOMPGW_DRAIN_TIMEOUT=300ms")
	if _, status := browser(t, gw.public); status != "101" {
		t.Fatalf("got %s", status)
	}
	if status := gw.end(); status != 0 {
		t.Errorf("got exit status %d", status)
	}
	if line := gw.stderr.line("drain"); line == nil || !strings.HasPrefix(line["error"].(string), "1 sessions were cut off") {
		t.Errorf("got %v, want that one session was cut off; log:\n%s", line, gw.stderr.String())
	}
}

// Though its own sessions take all the time that a drain has, the polls that it has
// passed on are handed over: sessions of other gateways are not cut off with them.
func TestDrainHandsOverInTime(t *testing.T) {
	environ := []string{"STOMPGW_BROKERS=tcp://" + silentBroker(t).Addr().String(), "STOMPGW_CLUSTER_LISTEN=127.0.0.1:0",
		"STOMPGW_CLUSTER_SECRET=0123456789abcdef0123456789abcdef", "STOMPGW_CLOSE_TIMEOUT=5m", "STOMPGW_CONNECT_TIMEOUT=5m",
		"STOMPGW_SOCKJS_DISCONNECT_DELAY=5m"}
	stays := start(t, "serve", append(environ, "STOMPGW_CLUSTER_PEERS=127.0.0.1:1", "STOMPGW_DRAIN_TIMEOUT=300ms")...)
	poll := func(addr, transport string) io.ReadCloser {
		r, err := http.NewRequest(http.MethodPost, "http://"+addr+"/stomp/0/s/"+transport, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "gw.example" // a session is of one
		answer, err := http.DefaultClient.Do(r)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("got %+v, %v, want an answer", answer, err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer.Body
	}
	poll(stays.public, "xhr")
	goes := start(t, "serve", append(environ, "STOMPGW_CLUSTER_PEERS="+fmt.Sprint(stays.stderr.line("serving the cluster")["listen"]), "STOMPGW_DRAIN_TIMEOUT=2s")...)
	browser(t, goes.public) // it never answers the close
	stream := poll(goes.public, "xhr_streaming")
	if prelude, err := io.ReadAll(io.LimitReader(stream, 2049)); err != nil || !strings.HasSuffix(string(prelude), "h\n") {
		t.Fatalf("got %q, %v, want the begin of a stream", prelude, err)
	}
	if status := goes.end(); status != 0 {
		t.Errorf("got exit status %d", status)
	}
	if rest, err := io.ReadAll(stream); err != nil || len(rest) > 0 {
		t.Errorf("got %q, %v, want the end of the stream in order", rest, err)
	}
	if goes.stderr.line("drain") == nil {
		t.Error("the drain was over in time: that shows nothing")
	}
}
