package main

import (
	"strings"
	"testing"
)

// What is wrong with the files that the variables name is reported as what is
// wrong with the variables is: all of it, by name, with exit status 2.
func TestMistakesInFiles(t *testing.T) {
	dir := policyFiles(t, map[string]string{
		"users":     "ann:plain\nbob:plain\n",
		"keys":      "[]",
		"passcodes": "app-acme\n",
		"wrong":     "version: 1\ngrant: []\n",
	})
	const jwt = "AUTH=jwt JWT_ISSUER=acme JWT_AUDIENCE=gw "
	const grant = "unknown key \"grant\": expected denials, grants, limits, on_denied, revision, set_headers, version"
	tests := []struct {
		name    string
		environ string // without the prefix, but for OpenTelemetry's
		stderr  string // all of it; DIR is the directory
	}{
		{"users", "AUTH=users USERS_FILE=DIR/users",
			"stompgw: the configuration is wrong:\nSTOMPGW_USERS_FILE: read DIR/users: line 1: no bcrypt hash, as htpasswd -B makes it\nline 2: no bcrypt hash, as htpasswd -B makes it\n"},
		{"keys", jwt + "JWT_JWKS_FILE=DIR/keys",
			"stompgw: the configuration is wrong:\nSTOMPGW_JWT_JWKS_FILE: read DIR/keys: not a JSON key set\n"},
		{"passcodes", jwt + "JWT_SECRET=0123456789abcdef0123456789abcdef BROKER_CREDENTIALS=map BROKER_LOGIN=app-{claims.tenant} BROKER_PASSCODE_MAP=DIR/passcodes",
			"stompgw: the configuration is wrong:\nSTOMPGW_BROKER_PASSCODE_MAP: read DIR/passcodes: line 1: expected login:passcode, each login once\n"},
		{"policy", "POLICY_FILE=DIR/wrong", "stompgw: mistakes in the policy:\nDIR/wrong:2:1: " + grant + "\n"},
		{"audit log", "POLICY_FILE=DIR/wrong AUDIT_FILE=DIR",
			"stompgw: the configuration is wrong:\nSTOMPGW_AUDIT_FILE=\"DIR\": expected a file to append to (is a directory)\n"},
		{"tracing", "OTEL_TRACES_EXPORTER=zipkin OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318 OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
			"stompgw: the configuration is wrong:\nOTEL_TRACES_EXPORTER=\"zipkin\": expected otlp or none\nOTEL_EXPORTER_OTLP_PROTOCOL=\"grpc\": expected http/protobuf\n"},
		{"tracing and a variable", "PING_INTERVAL=never OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
			"stompgw: the configuration is wrong:\nSTOMPGW_PING_INTERVAL=\"never\": expected a duration from 1s to 10m, such as 25s\nOTEL_EXPORTER_OTLP_PROTOCOL=\"grpc\": expected http/protobuf\n"},
		{"all files", "AUTH=users USERS_FILE=DIR/users POLICY_FILE=DIR/wrong",
			"stompgw: the configuration is wrong:\nSTOMPGW_USERS_FILE: read DIR/users: line 1: no bcrypt hash, as htpasswd -B makes it\nline 2: no bcrypt hash, as htpasswd -B makes it\n" +
				"stompgw: mistakes in the policy:\nDIR/wrong:2:1: " + grant + "\n"},
	}
	for _, tt := range tests {
		for _, command := range []string{"check", "serve"} {
			t.Run(tt.name+" "+command, func(t *testing.T) {
				environ := []string{"STOMPGW_BROKERS=tcp://b", "STOMPGW_LISTEN=127.0.0.1:0", "STOMPGW_ADMIN_LISTEN=127.0.0.1:0"}
				for _, pair := range strings.Fields(strings.ReplaceAll(tt.environ, "DIR", dir)) {
					if !strings.HasPrefix(pair, "OTEL_") {
						pair = "STOMPGW_" + pair
					}
					environ = append(environ, pair)
				}
				status, _, stderr := call(environ, command)
				if got := strings.ReplaceAll(stderr, dir, "DIR"); status != exitUsage || got != tt.stderr {
					t.Errorf("got status %d and\n%s\nwant %d and\n%s", status, got, exitUsage, tt.stderr)
				}
			})
		}
	}
}
