package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/internal/eventually"
)

// watching watches a session in a goroutine of its own, until the test ends.
type watching struct {
	frames chan WatchedFrame
	end    chan error
	missed int64 // once end has come
	stop   context.CancelFunc
}

func (g *testGateway) watch(id string) *watching {
	g.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watching{frames: make(chan WatchedFrame, 10), end: make(chan error, 1), stop: cancel}
	go func() {
		missed, err := g.WatchSession(ctx, id, "the test", func(f WatchedFrame) error {
			w.frames <- f
			return nil
		})
		w.missed = missed
		w.end <- err
	}()
	g.t.Cleanup(cancel)
	g.eventually("the watch to begin", func() bool { return g.watching.Load() != nil })
	return w
}

func TestWatchSession(t *testing.T) {
	g := newTestGateway(t, nil)
	b := g.open()
	other, otherBroker := g.connect("", "")
	g.eventually("two sessions", func() bool { return g.Status().Sessions == 2 })
	waiting, _ := g.FindSessions(SessionQuery{State: "awaiting_connect", Limit: 1})
	w := g.watch(waiting[0].ID)
	want := func(to, command string, headers ...string) {
		t.Helper()
		got := eventually.Receive(t, command+" to be shown", w.frames)
		if got.To != to || got.Command != command || strings.Join(got.Headers, "\n") != strings.Join(headers, "\n") || got.At.IsZero() {
			t.Errorf("got %+v, want %s to %s with %q", got, command, to, headers)
		}
	}
	b.text("CONNECT\naccept-version:1.2\nhost:/\nlogin:me\npasscode:s3cret\nAuthorization:Bearer s3cret\n\n\x00")
	p := g.accept()
	p.frame()
	p.write("CONNECTED\nversion:1.2\nserver:fake/1\nuser-name:me\n\n\x00")
	b.message()
	other.text("SEND\ndestination:/another/session\n\n\x00")
	otherBroker.frame()
	b.text("SEND\ndestination:/queue/a\nx-tenant:acme\nreceipt:7\n\nbody\x00")
	p.frame()
	p.write("RECEIPT\nreceipt-id:7\n\n\x00")
	b.message()
	b.text("SEND\ndestination:/queue/" + repeat("a", 300) + "\n\n\x00")
	p.frame()

	want("broker", "CONNECT", "accept-version:1.2", "host:/", "login:***", "passcode:***", "Authorization:***")
	want("client", "CONNECTED", "version:1.2", "server:fake/1", "user-name:***")
	want("broker", "SEND", "destination:/queue/a", "x-tenant:***", "receipt:7")
	want("client", "RECEIPT", "receipt-id:7")
	want("broker", "SEND", "destination:/queue/"+repeat("a", 193)+"…")

	if _, err := g.WatchSession(t.Context(), waiting[0].ID, "me", nil); !errors.Is(err, ErrWatching) {
		t.Errorf("a second watch: got %v", err)
	}
	if _, err := g.WatchSession(t.Context(), "nobody", "me", nil); !errors.Is(err, ErrNoSession) {
		t.Errorf("no session: got %v", err)
	}
	b.text("DISCONNECT\n\n\x00")
	b.wantClose(1000)
	want("broker", "DISCONNECT")
	if err := eventually.Receive(t, "the watch to end", w.end); !errors.Is(err, ErrEnded) || w.missed != 0 {
		t.Errorf("got %v and %d missed, want the session's end", err, w.missed)
	}
	if lines := g.logs.FilterMessage("session watched").All(); len(lines) != 1 || lines[0].ContextMap()["by"] != "the test" {
		t.Errorf("got %v in the log", lines)
	}
	if g.watching.Load() != nil {
		t.Error("the watch is not over")
	}
}

// Who watches too slowly misses frames; the session does not wait.
func TestSlowWatcherHoldsNothingUp(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("", "")
	id := g.only().id
	const frames = waitingFrames + 100
	hold := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan string, 1)
	go func() {
		taken := 0
		missed, err := g.WatchSession(ctx, id, "me", func(WatchedFrame) error {
			<-hold
			taken++
			return nil
		})
		end <- fmt.Sprint(int64(taken)+missed, " ", err)
	}()
	g.eventually("the watch to begin", func() bool { return g.watching.Load() != nil })
	for i := range frames {
		b.text(fmt.Sprintf("SEND\nid:%d\n\n\x00", i))
	}
	for i := range frames {
		if got := p.frame(); !strings.HasPrefix(got, fmt.Sprintf("SEND\nid:%d\n", i)) {
			t.Fatalf("got %q for frame %d", got, i)
		}
	}
	frameQueue := g.watching.Load().frames
	close(hold)
	g.eventually("the frames to be taken", func() bool { return len(frameQueue) == 0 })
	cancel()
	if got, want := <-end, fmt.Sprint(frames, " ", context.Canceled); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What is shown of a frame is bounded.
func TestWatchedHeadersAreBounded(t *testing.T) {
	head := "MESSAGE\n" + repeat("a:b\n", 2*maxWatchedHeaders) + "\n\x00"
	scanner := frameinspect.NewScanner(frameinspect.Broker, frameinspect.Limits{})
	if _, _, err := scanner.Next([]byte(head)); err != nil {
		t.Fatal(err)
	}
	if got := watchedHeaders(scanner.Head()); len(got) != maxWatchedHeaders+1 || got[maxWatchedHeaders] != "…" {
		t.Errorf("got %d headers", len(got))
	}
}
