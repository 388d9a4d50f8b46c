package gateway

import (
	"maps"
	"testing"
	"time"
)

// The last line about a session says how long it was and what it passed on, counted
// to the byte from the side that said it.
func TestSessionEndedIsLogged(t *testing.T) {
	const (
		connect, connected = "CONNECT\naccept-version:1.2\n\n\x00", "CONNECTED\nversion:1.2\n\n\x00\n"
		send, message      = "SEND\ndestination:/a\n\nin\x00", "MESSAGE\ndestination:/a\n\nand out\x00"
		disconnect         = "DISCONNECT\n\n\x00"
	)
	g := newTestGateway(t, nil)
	before := time.Now()
	b, p := g.connect("", "")
	after := time.Now()
	b.text(send)
	p.frame()
	for range 3 {
		p.write(message)
		b.message()
	}
	b.text(disconnect)
	least := time.Since(after)
	b.wantClose(1000)
	p.Close()
	g.ended(Disconnected, 1)
	most := time.Since(before)

	got := g.logs.FilterMessage("session ended").All()[0].ContextMap()
	if d, ok := got["duration"].(time.Duration); !ok || d < least || d > most {
		t.Errorf("got duration %v, want %v to %v", got["duration"], least, most)
	}
	if id := g.logs.FilterMessage("session started").All()[0].ContextMap()["session"]; got["session"] != id || id == "" {
		t.Errorf("got session %v, want %v", got["session"], id)
	}
	maps.DeleteFunc(got, func(field string, _ any) bool { return field == "duration" || field == "session" })
	want := map[string]any{
		"reason": "disconnected", "code": int64(1000), "cause": "disconnected",
		"frames_in": int64(3), "bytes_in": int64(len(connect + send + disconnect)),
		"frames_out": int64(4), "bytes_out": int64(len(connected + message + message + message)),
		"broker": "tcp://" + g.listener.Addr().String(), "stomp": "1.2",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
