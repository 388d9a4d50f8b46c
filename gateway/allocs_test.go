package gateway

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Nothing may be allocated for a frame that passes, in either direction, however
// it comes.
func TestRelayAllocatesNothing(t *testing.T) {
	if testing.CoverMode() != "" || raceEnabled {
		t.Skip("instrumentation allocates")
	}
	const (
		send    = "SEND\ndestination:/queue/a\ncontent-length:5\n\nhello\x00"
		message = "MESSAGE\ndestination:/queue/a\nmessage-id:1\nsubscription:1\ncontent-length:5\n\nhello\x00"
		many    = 50
	)
	delivered := string([]byte{0x81, byte(len(message))}) + message
	for name, change := range map[string]func(*Options){
		"without a policy": nil,
		"with a policy":    newPolicy(t, "grants:\n  - { name: all, send: [\"/queue/>\"] }\n").options,
	} {
		g := newSerialGateway(t, change)
		b, p := g.connect("", "")
		s := g.only()
		run := func(how string, frames int, relay func(*testing.T)) {
			t.Run(name+", "+how, func(t *testing.T) { wantNoAllocations(t, frames, relay) })
		}

		// All is made before: the test may allocate nothing either.
		up := passes(b.peer, p, send, wsFrame(0x81, send))
		down := passes(p, b.peer, delivered, []byte(message+"\n"))
		run("one by one", 2, func(t *testing.T) { up(t); down(t) })

		run("many at once, to the broker", many, passes(b.peer, p, strings.Repeat(send, many), wsFrame(0x82, strings.Repeat(send, many))))
		run("many messages at once, to the broker", many,
			passes(b.peer, p, strings.Repeat(send, many), []byte(strings.Repeat(string(wsFrame(0x82, send)), many))))
		run("many at once, to the client", many,
			passes(p, b.peer, strings.Repeat(delivered, many), []byte(strings.Repeat(message+"\n", many))))

		for _, cut := range []int{3, 25, strings.Index(send, "\n\n") + 2, len(send) - 3, len(send) - 1} {
			first, rest := wsFrame(0x82, send[:cut]), wsFrame(0x82, send[cut:])
			inside := func() bool { return s.midSince.Load() != 0 }
			outside := func() bool { return !inside() }
			got := make([]byte, len(send))
			run(fmt.Sprintf("cut at %d, to the broker", cut), 1, func(t *testing.T) {
				until(t, outside)
				write(t, b.peer, first)
				until(t, inside)
				write(t, b.peer, rest)
				read(t, p, got, send)
			})
		}
		for _, cut := range []int{3, 30, strings.Index(message, "\n\n") + 2, len(message) - 3, len(message) - 1} {
			first, rest := []byte(message[:cut]), []byte(message[cut:])
			var before int64
			come := func() bool { return s.down.bytes.Load() == before+int64(cut) }
			whole := func() bool { return s.down.bytes.Load() == before+int64(len(message)) }
			got := make([]byte, 2+len(message))
			run(fmt.Sprintf("cut at %d, to the client", cut), 1, func(t *testing.T) {
				before = s.down.bytes.Load()
				write(t, p, first)
				until(t, come)
				write(t, p, rest)
				read(t, b.peer, got, delivered)
				until(t, whole)
			})
		}
	}
}

// passes gives what writes in on one side and reads out on the other.
func passes(from, to *peer, out string, in []byte) func(*testing.T) {
	got := make([]byte, len(out))
	return func(t *testing.T) {
		write(t, from, in)
		read(t, to, got, out)
	}
}

func write(t *testing.T, p *peer, b []byte) {
	if _, err := p.Write(b); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, p *peer, buf []byte, want string) {
	for n := 0; n < len(buf); {
		m, err := p.r.Read(buf[n:])
		if n += m; err != nil {
			t.Fatal(err)
		}
	}
	if string(buf) != want {
		t.Fatalf("got %q, want %q", buf, want)
	}
}

func until(t *testing.T, cond func() bool) {
	for begin := time.Now(); !cond(); time.Sleep(10 * time.Microsecond) {
		if time.Since(begin) > patience {
			t.Fatal("waited in vain for a part to be read")
		}
	}
}

func wantNoAllocations(t *testing.T, frames int, relay func(*testing.T)) {
	t.Helper()
	for range 10 {
		relay(t)
	}
	rounds := max(600/frames, 50)
	var perFrame float64
	for range 3 { // the rest of the process may allocate meanwhile, but not each time
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			relay(t)
		}
		runtime.ReadMemStats(&after)
		if perFrame = float64(after.Mallocs-before.Mallocs) / float64(rounds*frames); perFrame <= 0.02 {
			return
		}
	}
	t.Errorf("got %.3f allocations a frame, want 0", perFrame)
}
