package main

import (
	"net"
	"strings"
	"testing"
)

func TestCommands(t *testing.T) {
	broker := "STOMPGW_BROKERS=tcp://broker.example:61613"
	tests := []struct {
		name           string
		environ, args  []string
		status         int
		stdout, stderr []string // what must be in them; nothing else in one that has none
	}{
		{"version", nil, []string{"version"}, 0, []string{"stompgw ", "go1."}, nil},
		{"--version", nil, []string{"--version"}, 0, []string{"stompgw "}, nil},
		{"help", nil, []string{"help"}, 0, []string{"Usage:", "stompgw demo", "healthcheck", "STOMPGW_BROKERS=tcp://"}, nil},
		{"-h", nil, []string{"-h"}, 0, []string{"Usage:"}, nil},
		{"unknown command", nil, []string{"sevre"}, 2, nil, []string{`unknown command "sevre"`, "Usage:"}},
		{"unknown flag", nil, []string{"--listen=:1"}, 2, nil, []string{"unknown command", "Usage:"}},
		{"argument", nil, []string{"serve", "now"}, 2, nil, []string{"serve takes no arguments"}},
		{"check", []string{broker}, []string{"check"}, 0, []string{"The configuration is good", "broker.example:61613"}, nil},
		{"check without a broker", nil, []string{"check"}, 2, nil, []string{"STOMPGW_BROKERS"}},
		{"check of tracing", []string{broker, "OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, []string{"check"}, 2, nil, []string{`OTEL_EXPORTER_OTLP_PROTOCOL="grpc": expected http/protobuf`}},
		{"serve without a broker", nil, []string{"serve"}, 2, nil, []string{"the configuration is wrong", "STOMPGW_BROKERS"}},
		{"serve without a word", nil, nil, 2, nil, []string{"the configuration is wrong"}},
		{"every mistake", []string{"STOMPGW_BROKERS=http://b", "STOMPGW_LISTEN=abc", "STOMPGW_PING_INTERVAL=never", "STOMPGW_ORIGINS=evil", "STOMPGW_LISTNE=:1"}, []string{"check"}, 2, nil,
			[]string{`STOMPGW_BROKERS="http://b": expected `, `STOMPGW_LISTEN="abc": expected `, `STOMPGW_PING_INTERVAL="never": expected `, `STOMPGW_ORIGINS="evil": expected `, "STOMPGW_LISTNE"}},
		{"wrong demo", []string{"STOMPGW_LISTEN=abc"}, []string{"demo"}, 2, nil, []string{"STOMPGW_LISTEN"}},
		{"wrong healthcheck", []string{"STOMPGW_ADMIN_LISTEN=abc"}, []string{"healthcheck"}, 2, nil, []string{"STOMPGW_ADMIN_LISTEN"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := call(tt.environ, tt.args...)
			if status != tt.status {
				t.Errorf("got status %d, want %d", status, tt.status)
			}
			for _, out := range []struct {
				name, got string
				want      []string
			}{{"stdout", stdout, tt.stdout}, {"stderr", stderr, tt.stderr}} {
				for _, want := range out.want {
					if !strings.Contains(out.got, want) {
						t.Errorf("%s has no %q:\n%s", out.name, want, out.got)
					}
				}
				if len(out.want) == 0 && out.got != "" {
					t.Errorf("%s: got %q, want nothing", out.name, out.got)
				}
			}
		})
	}
}

func TestPasscodeIsNeverShown(t *testing.T) {
	const secret = "Tr0ub4dor-3"
	good := []string{"STOMPGW_BROKERS=tcp://b", "STOMPGW_BROKER_LOGIN=gw", "STOMPGW_BROKER_PASSCODE=" + secret}
	for _, environ := range [][]string{
		good,
		append(good, "STOMPGW_LISTEN=abc"),
		{"STOMPGW_BROKERS=tcp://b", "STOMPGW_BROKER_PASSCODE=" + secret},
		{"STOMPGW_BROKERS=tcp://gw:" + secret + "@b"},
		{"STOMPGW_BROKERS=tcp://b", "STOMPGW_BROKER_PASSCOED=" + secret},
	} {
		_, stdout, stderr := call(environ, "check")
		if strings.Contains(stdout+stderr, secret) {
			t.Errorf("%q: the passcode is shown:\n%s%s", environ, stdout, stderr)
		}
		if stdout+stderr == "" {
			t.Errorf("%q: nothing is shown", environ)
		}
	}
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, name := range []string{"STOMPGW_LISTEN", "STOMPGW_ADMIN_LISTEN"} {
		for _, command := range []string{"serve", "demo"} {
			environ := []string{"STOMPGW_BROKERS=tcp://b", "STOMPGW_LISTEN=127.0.0.1:0", "STOMPGW_ADMIN_LISTEN=127.0.0.1:0", name + "=" + l.Addr().String()}
			status, _, stderr := call(environ, command)
			if status != 1 || !strings.Contains(stderr, name) || !strings.Contains(stderr, "address already in use") {
				t.Errorf("%s with a taken %s: got status %d, %q", command, name, status, stderr)
			}
		}
	}
}

func TestPageURL(t *testing.T) {
	for addr, want := range map[string]string{
		"[::]:8080": "http://localhost:8080/", "0.0.0.0:80": "http://localhost:80/", "127.0.0.1:1": "http://localhost:1/",
		"[::1]:1": "http://localhost:1/", "192.0.2.1:8080": "http://192.0.2.1:8080/", "[2001:db8::1]:80": "http://[2001:db8::1]:80/",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := pageURL("http", tcp); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
}
