package policy

import (
	"strings"
	"testing"

	"github.com/stompgw/stompgw/broker"
)

var every6 = []broker.Dialect{broker.Unknown, broker.RabbitMQ, broker.ActiveMQ, broker.Artemis, broker.HornetQ, broker.Apollo}

func TestCanonical(t *testing.T) {
	tests := []struct {
		destination string
		// What each dialect reads: "" is as it stands, ! is refused.
		unknown, rabbit, active, artemis, hornetq, apollo string
	}{
		{"/queue/a.b", "", "", "", "", "", ""},
		{"/queue/a b", "", "", "", "", "", ""},
		{"/queue/ü", "", "", "", "", "", ""},
		{"/remote-temp-queue/ID:host-1:2:3", "", "", "", "", "", ""},
		{"", "!", "!", "!", "!", "!", "!"},
		{"/queue/", "!", "!", "!", "!", "!", "!"},
		{"/queue//a", "!", "!", "!", "!", "!", "!"},
		{"/queue/a..b", "!", "!", "!", "!", "!", "!"},
		{"/queue/a.", "!", "!", "!", "!", "!", "!"},
		{"/queue/ a", "!", "!", "!", "!", "!", "!"},
		{"/queue/a ", "!", "!", "!", "!", "!", "!"},
		{"/queue/a\tb", "!", "!", "!", "!", "!", "!"},
		{"/queue/a\x00b", "!", "!", "!", "!", "!", "!"},
		{`/queue/a\b`, "!", "!", "!", "!", "!", "!"},
		{"/queue/a*", "!", "!", "!", "!", "!", "!"},
		{"/queue/a,b", "!", "", "!", "!", "!", "!"},
		{"/queue/a?b=c", "!", "", "!", "!", "!", "!"},
		{"/queue/{a}", "!", "", "!", "!", "!", "!"},
		{"/queue/a::b", "!", "", "!", "!", "!", "!"},
		{"/queue/topic://a", "!", "!", "!", "!", "!", "!"},
		{"/queue/a%2Fb", "!", "/queue/a/b", "!", "!", "!", "!"},
		{"/amq/queue/a%2Fb", "!", "/amq/queue/a/b", "!", "!", "!", "!"},
		{"/queue/a%2fb", "!", "!", "!", "!", "!", "!"},
		{"/queue/a%2Eb", "!", "!", "!", "!", "!", "!"},
		{"/queue/a%2F", "!", "!", "!", "!", "!", "!"},
		{"/topic/a%2Fb", "!", "!", "!", "!", "!", "!"},
		{"/exchange/a%2Fb/c", "!", "!", "!", "!", "!", "!"},
		{"a.b", "!", "/queue/a.b", "!", "", "", ""},
		{"queue://a", "!", "!", "!", "", "", ""},
		{"/topic/*", "", "", "", "", "", ""},
		{"/topic/a.#", "", "", "!", "", "", "!"},
		{"/topic/a.>", "", "!", "", "!", "!", "!"},
		{"/topic/a.**", "", "!", "!", "!", "!", ""},
		{"/topic/" + strings.Repeat("x", 1020), "!", "!", "!", "!", "!", "!"},
	}
	for _, tt := range tests {
		for i, want := range []string{tt.unknown, tt.rabbit, tt.active, tt.artemis, tt.hornetq, tt.apollo} {
			if want == "" {
				want = tt.destination
			}
			var s scratch
			v := &view{dialect: every6[i]}
			got := "!"
			if problem := v.read([]byte(tt.destination), false, &s); problem == "" {
				got = string(s.canonical)
			}
			if got != want {
				t.Errorf("%q in dialect %d: got %q, want %q", tt.destination, every6[i], got, want)
			}
		}
	}
}

// A SEND with a wildcard is refused: some brokers spread it, others take it for a
// name.
func TestSendingToWildcards(t *testing.T) {
	for _, d := range every6 {
		for _, destination := range []string{"/topic/*", "/topic/a.>", "/topic/a.#", "/topic/a.**", "/queue/a.*.b"} {
			if problem := (&view{dialect: d}).read([]byte(destination), true, &scratch{}); problem == "" {
				t.Errorf("%s in dialect %d: not refused", destination, d)
			}
		}
	}
}

func TestOtherNames(t *testing.T) {
	tests := []struct {
		dialect     broker.Dialect
		destination string
		want        string
	}{
		{broker.RabbitMQ, "/queue/a", "/amq/queue/a /reply-queue/a"},
		{broker.RabbitMQ, "/reply-queue/a", "/queue/a /amq/queue/a"},
		{broker.RabbitMQ, "/topic/a", "/exchange/amq.topic/a"},
		{broker.RabbitMQ, "/exchange/amq.topic/a", "/topic/a"},
		{broker.RabbitMQ, "/exchange/other/a", ""},
		{broker.ActiveMQ, "/queue/a", ""},
		{broker.Artemis, "/queue/a", "queue://a anycast://a jms.queue.a a"},
		{broker.Artemis, "a", "/queue/a queue://a anycast://a jms.queue.a /topic/a topic://a multicast://a jms.topic.a"},
		{broker.Artemis, "/other/a", ""},
		{broker.Artemis, "fanout://a", ""},
	}
	for _, tt := range tests {
		others, left := otherPrefixes([]byte(tt.destination), tt.dialect)
		var got []string
		for _, prefix := range others {
			got = append(got, prefix+string(left))
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s in dialect %d: got %q, want %q", tt.destination, tt.dialect, text, tt.want)
		}
	}
}

// Whatever a client writes, reading it never panics, and what a dialect reads is
// read the same a second time.
func FuzzCanonical(f *testing.F) {
	for _, text := range []string{"/queue/a%2Fb", "a", "queue://a", "/topic/*.#.>", "/queue/", "%", "://", "a://", ".", "/"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range every6 {
			var s scratch
			v := &view{dialect: d}
			if v.read([]byte(text), false, &s) != "" {
				continue
			}
			otherPrefixes(s.canonical, d)
			var joined []byte
			for _, step := range s.steps {
				joined = append(joined, step.text...)
			}
			if last := s.steps[len(s.steps)-1]; last.kind != rest && string(joined) != string(s.canonical) {
				t.Errorf("%q in dialect %d: the steps %q are not %q", text, d, joined, s.canonical)
			}
			again := scratch{}
			if problem := v.read(s.canonical, false, &again); problem != "" || string(again.canonical) != string(s.canonical) {
				t.Errorf("%q in dialect %d: read as %q, and then as %q (%s)", text, d, s.canonical, again.canonical, problem)
			}
		}
	})
}
