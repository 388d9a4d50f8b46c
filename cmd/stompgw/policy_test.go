package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// policyFiles writes files and gives their directory.
func policyFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPolicyCommands(t *testing.T) {
	const policy = `version: 1
grants:
  - { name: own, to: { claims: { tenant: acme } }, send: ["/queue/user.{claims.sub}.>"], subscribe: ["/topic/a.*"] }
  - { name: named, to: { principals: [svc], methods: [certificate] }, send: [/queue/svc] }
denials:
  - { name: no, send: [/queue/user.u1.secret] }
set_headers: { x-user: "{name}" }
`
	const principals = "principals: { ann: { claims: { tenant: acme, sub: u1 } } }\n"
	dir := policyFiles(t, map[string]string{
		"policy.yaml": policy,
		"wrong.yaml":  "version: 1\ngrant: []\n",
		"ann.json":    `{"tenant": "acme", "sub": "u1"}`,
		"list.json":   `[]`,
		"good.yaml":   "policy: policy.yaml\n" + principals + "cases:\n  - { as: ann, frame: SEND /queue/user.u1.x, want: allow, rule: own }\n",
		"bad.yaml": "policy: policy.yaml\n" + principals + "cases:\n  - { as: ann, frame: SEND /queue/user.u2.x, want: allow }\n" +
			"  - { as: ann, frame: SEND /queue/user.u1.x, want: allow, rule: other }\n  - { as: ann, frame: SEND /queue/user.u1.x, want: allow }\n",
		"unnamed.yaml": principals + "cases: []\n",
		"broken.yaml":  "cases: [{}]",
	})
	environ := []string{"STOMPGW_BROKERS=tcp://b", "STOMPGW_POLICY_FILE=" + filepath.Join(dir, "policy.yaml"), "STOMPGW_BROKER_DIALECT=activemq"}
	tests := []struct {
		name    string
		environ []string
		args    string // DIR is the directory
		status  int
		stdout  string // a part of it; "" is nothing at all
		stderr  string // the same
	}{
		{"allowed", nil, "explain --policy DIR/policy.yaml --as DIR/ann.json SEND /queue/user.u1.x", 0, "allowed by \"own\"\ndestination as the broker reads it: /queue/user.u1.x\nsets x-user:u1\ndecides: grant \"own\" (line 3): it allows this\n", ""},
		{"denied", nil, "explain --policy DIR/policy.yaml --as DIR/ann.json SEND /queue/user.u1.secret", 1, "denied by \"no\" (denied): sending to this destination is not allowed", "the frame is denied"},
		{"nobody", nil, "explain --policy DIR/policy.yaml SEND /queue/user.u1.x", 1, "near: grant \"own\" (line 3): claims.tenant is not acme", "the frame is denied"},
		{"by name and method", nil, "explain --policy DIR/policy.yaml --name svc --method certificate SEND /queue/svc", 0, "allowed by \"named\"", ""},
		{"by another method", nil, "explain --policy DIR/policy.yaml --name svc SEND /queue/svc", 1, "near: grant \"named\" (line 4): the principal was not authenticated by certificate", "denied"},
		{"from the environment", environ, "explain --as DIR/ann.json SUBSCRIBE /topic/a.> id:1", 1, "near: grant \"own\" (line 3): it holds a part of what the wildcard asks for only", "denied"},
		{"a policy and the environment's dialect", []string{"STOMPGW_BROKER_DIALECT=activemq", "STOMPGW_BROKER_DIALECT=rabbitmq"}, "explain --policy DIR/policy.yaml --as DIR/ann.json SUBSCRIBE /topic/a.> id:1", 1, "ambiguous_destination", "denied"},
		{"a policy and an empty dialect", []string{"STOMPGW_BROKER_DIALECT="}, "explain --policy DIR/policy.yaml --as DIR/ann.json SUBSCRIBE /topic/a.> id:1", 1, "near: grant \"own\" (line 3): it holds a part of what the wildcard asks for only", "denied"},
		{"a policy and a wrong dialect", []string{"STOMPGW_BROKER_DIALECT=kafka"}, "explain --policy DIR/policy.yaml SEND /a", 2, "", "\"kafka\" is no dialect"},
		{"a dialect", environ, "explain --dialect rabbitmq --as DIR/ann.json SUBSCRIBE /topic/a.> id:1", 1, "ambiguous_destination", "denied"},
		{"needs no grant", environ, "explain BEGIN transaction:1", 0, "allowed: BEGIN needs no grant", ""},
		{"no policy", []string{"STOMPGW_BROKERS=tcp://b"}, "explain SEND /a", 2, "", "explain: no policy is named: expected --policy or STOMPGW_POLICY_FILE"},
		{"no configuration", nil, "explain SEND /a", 2, "", "STOMPGW_BROKERS"},
		{"no frame", nil, "explain --policy DIR/policy.yaml", 2, "", "expected a frame, such as SEND /queue/x"},
		{"no destination", nil, "explain --policy DIR/policy.yaml SEND", 2, "", "expected a destination behind SEND"},
		{"no dialect", nil, "explain --policy DIR/policy.yaml --dialect kafka SEND /a", 2, "", "\"kafka\" is no dialect"},
		{"no claims", nil, "explain --policy DIR/policy.yaml --as DIR/none.json SEND /a", 1, "", "read the claims: open"},
		{"wrong claims", nil, "explain --policy DIR/policy.yaml --as DIR/list.json SEND /a", 1, "", "list.json is no JSON object"},
		{"a wrong policy", nil, "explain --policy DIR/wrong.yaml SEND /a", 2, "", "wrong.yaml:2:1: unknown key \"grant\""},
		{"an unknown flag", nil, "explain --polcy x SEND /a", 2, "", "flag provided but not defined: -polcy"},
		{"explain's help", nil, "explain -h", 0, "Usage: stompgw explain", ""},

		{"cases", nil, "policy-test DIR/good.yaml", 0, "All 1 cases came out as they should.\n", ""},
		{"a difference", nil, "policy-test DIR/good.yaml DIR/bad.yaml", 1, "bad.yaml:4: SEND /queue/user.u2.x as ann\n  want allow\n  got  deny\n", "2 of 4 cases came out otherwise"},
		{"another rule", nil, "policy-test DIR/bad.yaml", 1, "  want allow by \"other\"\n  got  allow by \"own\"\n", "2 of 3 cases"},
		{"the environment's policy", environ, "policy-test DIR/unnamed.yaml", 0, "All 0 cases", ""},
		{"another policy", nil, "policy-test --policy DIR/wrong.yaml DIR/good.yaml", 2, "", "wrong.yaml:2:1"},
		{"wrong cases", nil, "policy-test DIR/broken.yaml", 2, "", "broken.yaml:1:9: the key as is missing"},
		{"no file", nil, "policy-test", 2, "", "expected a file of cases"},
		{"a file that is not there", nil, "policy-test DIR/none", 1, "", "read the cases: open"},
		{"policy-test's help", nil, "policy-test --help", 0, "Usage: stompgw policy-test", ""},

		{"check", environ, "check", 0, "STOMPGW_POLICY_FILE=DIR/policy.yaml", ""},
		{"check a wrong policy", []string{"STOMPGW_BROKERS=tcp://b", "STOMPGW_POLICY_FILE=" + filepath.Join(dir, "wrong.yaml")}, "check", 2, "", "mistakes in the policy:\nDIR/wrong.yaml:2:1: unknown key \"grant\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := call(tt.environ, strings.Fields(strings.ReplaceAll(tt.args, "DIR", dir))...)
			if status != tt.status {
				t.Errorf("got status %d, want %d", status, tt.status)
			}
			for _, out := range []struct{ name, got, want string }{{"stdout", stdout, tt.stdout}, {"stderr", stderr, tt.stderr}} {
				if got := strings.ReplaceAll(out.got, dir, "DIR"); !strings.Contains(got, out.want) || out.want == "" && got != "" {
					t.Errorf("%s: got\n%s\nwant\n%s", out.name, got, out.want)
				}
			}
		})
	}
}
