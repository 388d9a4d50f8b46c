package broker

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
	"github.com/stompgw/stompgw/wire"
)

func TestNewWantsAnEndpoint(t *testing.T) {
	if s, err := New(Options{}); s != nil || err == nil || err.Error() != "no broker endpoint is named" {
		t.Errorf("got %v, %v", s, err)
	}
}

func TestEndpointString(t *testing.T) {
	for want, e := range map[string]Endpoint{"tcp://a:1": {Address: "a:1"}, "tls://[::1]:2": {TLS: true, Address: "[::1]:2"}} {
		if got := e.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDialTakesTheFirst(t *testing.T) {
	_, first := listen(t)
	_, second := listen(t)
	s, a := newSet(t, nil, first, second)
	for range 3 {
		if got := dial(t, s); got != first {
			t.Errorf("got %s, want %s", got, first)
		}
	}
	if a.of(first) != 3 || a.of(second) != 0 {
		t.Errorf("got %d and %d attempts, want 3 and 0", a.of(first), a.of(second))
	}
}

// The connection works, and is the caller's.
func TestDialConnects(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, a := newSet(t, nil, l.Addr().String())
	c, target, err := s.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if _, err := io.WriteString(far, "hello"); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(patience))
	buf, err := c.Read(wire.NewPool(100, 0), nil)
	if err != nil || string(buf.B) != "hello" {
		t.Errorf("got %v, %v", buf, err)
	}
	if target.String() != "tcp://"+l.Addr().String() || a.errs[target.String()] != nil {
		t.Errorf("got target %s, noted error %v", target, a.errs[target.String()])
	}
}

func TestDialFallsBack(t *testing.T) {
	tests := []struct {
		name string
		dead func(*testing.T) string
	}{{"refused", refusing}, {"black hole", blackHole}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dead := tt.dead(t)
			_, alive := listen(t)
			s, a := newSet(t, func(o *Options) {
				o.DialTimeout = time.Second
			}, dead, alive)
			for range 5 {
				if got := dial(t, s); got != alive {
					t.Errorf("got %s, want %s", got, alive)
				}
			}
			// It is remembered: four of five did not wait for the dead one.
			if a.of(dead) != 1 || a.of(alive) != 5 {
				t.Errorf("got %d and %d attempts, want 1 and 5", a.of(dead), a.of(alive))
			}
			if a.errs["tcp://"+dead] == nil {
				t.Error("OnDial was not told of the failure")
			}
		})
	}
}

func TestDialComesBack(t *testing.T) {
	first := refusing(t)
	_, second := listen(t)
	s, a := newSet(t, func(o *Options) { o.BackoffMin, o.BackoffMax = time.Millisecond, time.Millisecond }, first, second)
	if got := dial(t, s); got != second {
		t.Fatalf("got %s, want %s", got, second)
	}
	l, err := net.Listen("tcp", first)
	if err != nil {
		t.Skipf("somebody took the port meanwhile: %v", err)
	}
	accepting(t, l)
	eventually.True(t, "the first endpoint, up again, is tried", func() bool { return dial(t, s) == first })
	if a.errs["tcp://"+first] != nil {
		t.Error("OnDial was not told of the success")
	}
}

// An endpoint that is passed over is tried all the same when no other is left.
func TestDialAllDown(t *testing.T) {
	first, second := refusing(t), refusing(t)
	s, a := newSet(t, nil, first, second)
	for i := range 3 {
		c, target, err := s.Dial(context.Background())
		if c != nil || target != nil || !errors.Is(err, ErrUnavailable) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("got %v, %v, %v", c, target, err)
		}
		for _, want := range []string{"dial broker tcp://" + first + ": ", "dial broker tcp://" + second + ": ", "connection refused"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
		if a.of(first) != i+1 || a.of(second) != i+1 {
			t.Errorf("dial %d: got %d and %d attempts", i, a.of(first), a.of(second))
		}
	}
	l, err := net.Listen("tcp", second)
	if err != nil {
		t.Skipf("somebody took the port meanwhile: %v", err)
	}
	accepting(t, l)
	if got := dial(t, s); got != second {
		t.Errorf("got %s, want %s at once, its back-off notwithstanding", got, second)
	}
	if got := dial(t, s); got != second || a.of(first) != 4 {
		t.Errorf("got %s and %d attempts at the first, want %s and 4", got, a.of(first), second)
	}
}

func TestBackoffDoubles(t *testing.T) {
	target, now, failure := &Target{}, time.Now(), errors.New("down")
	o := Options{BackoffMin: time.Second, BackoffMax: 30 * time.Second}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30} {
		want *= time.Second
		target.note(failure, now, o)
		target.note(failure, now, o) // those that fail together count once
		if got := target.downTill.Sub(now); got != want {
			t.Fatalf("failure %d: passed over for %v, want %v", i+1, got, want)
		}
		if target.mayTry(now.Add(want-1)) || !target.mayTry(now.Add(want)) {
			t.Fatalf("failure %d: not passed over for just the time", i+1)
		}
		now = now.Add(want)
	}
	target.note(nil, now, o)
	if !target.mayTry(now) {
		t.Error("passed over after a success")
	}
	target.note(failure, now, o)
	if got := target.downTill.Sub(now); got != time.Second {
		t.Errorf("after a success the back-off begins with %v", got)
	}
}

// A caller that gives up says nothing of the endpoint.
func TestDialCancelled(t *testing.T) {
	hole := blackHole(t)
	_, other := listen(t)
	s, a := newSet(t, nil, hole, other)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if _, _, err := s.Dial(ctx); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	cancel()
	done.Wait()
	if !s.targets[0].mayTry(time.Now()) {
		t.Error("the endpoint is passed over because a caller gave up")
	}
	if a.of(other) != 0 {
		t.Error("the next endpoint was tried for a caller that had left")
	}
}

func TestManyDialAtOnce(t *testing.T) {
	dead := refusing(t)
	_, alive := listen(t)
	s, _ := newSet(t, nil, dead, alive)
	var done sync.WaitGroup
	for range 20 {
		done.Go(func() {
			c, target, err := s.Dial(context.Background())
			if err != nil || target.Address != alive {
				t.Errorf("got %v, %v", target, err)
				return
			}
			target.Answered("RabbitMQ/4.0")
			_ = target.Dialect()
			c.Close()
		})
	}
	done.Wait()
}
