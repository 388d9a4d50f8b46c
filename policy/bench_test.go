package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// thousand is a policy of a thousand grants that all are about the principal, a
// hundred denials, and templates.
func thousand(tb testing.TB) *Policy {
	var b strings.Builder
	b.WriteString("grants:\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "  - {name: g%d, send: ['/topic/room.%d.*', '/queue/{claims.sub}.%d'], subscribe: ['/topic/room.%d.>']}\n", i, i, i, i)
	}
	b.WriteString("denials:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  - {name: d%d, send: ['/queue/admin.%d.>']}\n", i, i)
	}
	return mustParse(tb, b.String())
}

// same is a policy of a thousand grants of one destination, one a principal.
func same(tb testing.TB) *Policy {
	var b strings.Builder
	b.WriteString("grants:\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "  - {name: g%d, to: {principals: [p%d]}, send: ['/topic/room.>']}\n", i, i)
	}
	return mustParse(tb, b.String())
}

func BenchmarkJudge(b *testing.B) {
	const text = "SEND\ndestination:/topic/room.%d.x\ncontent-type:text/plain\ncontent-length:5\n\n"
	one := rawFrame(b, fmt.Sprintf(text, 500), frameinspect.V12)
	other := rawFrame(b, fmt.Sprintf(text, 501), frameinspect.V12)
	for _, policy := range []struct {
		name string
		p    *Policy
	}{{"one_rule", mustParse(b, "grants: [{name: a, send: ['/topic/room.>']}]")}, {"thousand", thousand(b)}, {"same", same(b)}} {
		g := mustOpen(b, engineOf(policy.p), named("p999", map[string]any{"sub": "s"}), broker.RabbitMQ)
		b.Run(policy.name+"/one_destination", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !g.Judge(one).Allow {
					b.Fatal("denied")
				}
			}
		})
		b.Run(policy.name+"/two_destinations", func(b *testing.B) {
			b.ReportAllocs()
			h := one
			for b.Loop() {
				if !g.Judge(h).Allow {
					b.Fatal("denied")
				}
				if h == one {
					h = other
				} else {
					h = one
				}
			}
		})
	}
}

// BenchmarkParse is what a frame costs before it is judged.
func BenchmarkParse(b *testing.B) {
	frame := []byte("SEND\ndestination:/topic/room.500.x\ncontent-type:text/plain\ncontent-length:5\n\nhello\x00")
	scanner := frameinspect.NewScanner(frameinspect.Client, frameinspect.Limits{})
	scanner.SetVersion(frameinspect.V12)
	for b.Loop() {
		if n := scanner.Whole(frame); n != len(frame) {
			b.Fatal(n)
		}
	}
}

// BenchmarkOpen gives what a session of a policy costs and holds.
func BenchmarkOpen(b *testing.B) {
	e := engineOf(thousand(b))
	id := named("p999", map[string]any{"sub": "s"})
	b.ReportAllocs()
	for b.Loop() {
		g, err := e.Open("s", id, broker.RabbitMQ, nil)
		if err != nil {
			b.Fatal(err)
		}
		g.Close()
	}
}

func TestJudgeAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	g := mustOpen(t, engineOf(thousand(t)), named("p", map[string]any{"sub": "s"}), broker.RabbitMQ)
	heads := []*frameinspect.Head{
		frame(t, "SEND /topic/room.1.x content-type:text/plain"),
		frame(t, "SEND /queue/s.7 x-app:1"),
		frame(t, "SEND /topic/room.999.x transaction:1 receipt:r"),
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, h := range heads {
			if v := g.Judge(h); !v.Allow {
				t.Fatal(v.Message)
			}
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}
