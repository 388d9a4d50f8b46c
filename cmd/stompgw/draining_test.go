package main

import (
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
