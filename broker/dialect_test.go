package broker

import (
	"testing"

	"github.com/stompgw/stompgw/frameinspect"
)

func TestParseDialect(t *testing.T) {
	for name, want := range map[string]Dialect{
		"auto": Unknown, "rabbitmq": RabbitMQ, "activemq": ActiveMQ, "artemis": Artemis, "hornetq": HornetQ, "apollo": Apollo,
	} {
		if got, ok := ParseDialect(name); !ok || got != want {
			t.Errorf("%s: got %d, %t", name, got, ok)
		}
	}
	for _, name := range []string{"", "RabbitMQ", "rabbit", " auto"} {
		if _, ok := ParseDialect(name); ok {
			t.Errorf("%q is taken for a dialect", name)
		}
	}
}

func TestLearn(t *testing.T) {
	for server, want := range map[string]Dialect{
		"RabbitMQ/4.0.5": RabbitMQ,
		"ActiveMQ/6.1.0": ActiveMQ,
		"ActiveMQ-Artemis/2.37.0 ActiveMQ Artemis Messaging Engine": Artemis,
		"HornetQ/2.4.0.Final HornetQ Messaging Engine":              HornetQ,
		"apache-apollo/1.7.1":                                       Apollo,
		"RABBITMQ/1":                                                RabbitMQ,
		"ActiveMQ":                                                  ActiveMQ,
		"stompgw-demo/dev":                                          Unknown,
		"NotRabbitMQ/1":                                             Unknown,
		"":                                                          Unknown,
		"/":                                                         Unknown,
	} {
		target := &Target{}
		target.Answered(server)
		if got := target.Dialect(); got != want {
			t.Errorf("%q: got %d, want %d", server, got, want)
		}
	}
}

// What the configuration says stands. Without it each answer speaks for itself, since
// an address may lead to several brokers; one that names nobody leaves what is known.
func TestLearnFromEach(t *testing.T) {
	s, _ := newSet(t, func(o *Options) { o.Dialect = Artemis }, "127.0.0.1:1")
	if got := s.targets[0].Answered("RabbitMQ/4.0"); got != Artemis {
		t.Errorf("got %d, want the configured %d", got, Artemis)
	}
	target := &Target{}
	for _, answer := range []struct {
		server string
		want   Dialect
	}{
		{"something/1", Unknown}, {"ActiveMQ/6", ActiveMQ}, {"something/1", ActiveMQ}, {"RabbitMQ/4", RabbitMQ}, {"ActiveMQ/6", ActiveMQ},
	} {
		if got := target.Answered(answer.server); got != answer.want || target.Dialect() != got {
			t.Errorf("%s: got %d and %d, want %d", answer.server, got, target.Dialect(), answer.want)
		}
	}
}

func TestAppendConnectHeader(t *testing.T) {
	const secret = `a\b\\c:d=e`
	for d, want := range map[Dialect]string{
		Unknown:  `passcode:a\\b\\\\c:d=e`,
		RabbitMQ: `passcode:a\\b\\\\c:d=e`,
		ActiveMQ: `passcode:a\\b\\\\c:d=e`,
		Artemis:  `passcode:a\b\\c:d=e`,
		HornetQ:  `passcode:a\b\\c:d=e`,
		Apollo:   `passcode:a\\b\\\\c:d=e`,
	} {
		got := string(d.AppendConnectHeader([]byte("CONNECT\n"), "passcode", secret))
		if got != "CONNECT\n"+want+"\n" {
			t.Errorf("dialect %d: got %q, want %q", d, got, want)
		}
	}
	if got := string(RabbitMQ.AppendConnectHeader(nil, "login", "")); got != "login:\n" {
		t.Errorf("empty: got %q", got)
	}
}

func TestKeepAlive(t *testing.T) {
	for d, want := range map[Dialect]bool{Unknown: false, RabbitMQ: false, ActiveMQ: false, Artemis: true, HornetQ: true, Apollo: false} {
		if d.KeepAlive() != want {
			t.Errorf("dialect %d: got %t", d, !want)
		}
	}
}

func TestVersion(t *testing.T) {
	tests := []struct {
		frame string
		want  frameinspect.Version
		ok    bool
	}{
		{"CONNECTED\n\n\x00", frameinspect.V10, true},
		{"CONNECTED\nversion:1.0\n\n\x00", frameinspect.V10, true},
		{"CONNECTED\nversion:1.1\n\n\x00", frameinspect.V11, true},
		{"CONNECTED\nversion:1.2\n\n\x00", frameinspect.V12, true},
		{"CONNECTED\nversion:2.0\n\n\x00", 0, false},
		{"CONNECTED\nversion:\n\n\x00", 0, false},
	}
	for _, tt := range tests {
		scanner := frameinspect.NewScanner(frameinspect.Broker, frameinspect.Limits{})
		if event, _, err := scanner.Next([]byte(tt.frame)); err != nil || event != frameinspect.HeadComplete {
			t.Fatalf("%q: got event %v, %v", tt.frame, event, err)
		}
		got, ok := Version(scanner.Head())
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q: got %v, %t, want %v, %t", tt.frame, got, ok, tt.want, tt.ok)
		}
	}
}
