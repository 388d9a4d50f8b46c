package policy

import (
	"errors"
	"strings"
	"testing"
)

// Each mistake with its place and its exact message.
func TestParseMistakes(t *testing.T) {
	const grant = "version: 1\ngrants:\n  - name: a\n    send: [/queue/a]\n"
	tests := []struct{ text, want string }{
		{"", "p.yaml:1:1: the file is empty"},
		{"# nothing\n", "p.yaml:1:1: the file is empty"},
		{"version: 1\n---\nversion: 1\n", "p.yaml:2:1: a second document follows: there must be one"},
		{"a: [", "p.yaml:1:1: not YAML: did not find expected node content"},
		{"- a", "p.yaml:1:1: expected keys with values, not a list"},
		{"grants: []", "p.yaml:1:1: the key version is missing: expected version: 1"},
		{"version: 2", "p.yaml:1:10: expected 1, not \"2\""},
		{"version: 1\nversion: 1", "p.yaml:2:1: the key \"version\" stands in line 1 already"},
		{"version: 1\ngrant: []", "p.yaml:2:1: unknown key \"grant\": expected denials, grants, limits, on_denied, revision, set_headers, version"},
		{"version: 1\non_denied: drop", "p.yaml:2:12: expected close or keep, not \"drop\""},
		{"version: 1\nrevision: a b", "p.yaml:2:11: expected a word of at most 64 bytes, not \"a b\""},
		{"version: 1\ngrants: {}", "p.yaml:2:9: expected a list, not keys with values"},
		{"version: 1\ngrants:\n", "p.yaml:2:8: expected a list, not nothing"},
		{"version: 1\ngrants: [a]", "p.yaml:2:10: expected keys with values, not \"a\""},
		{"version: 1\ngrants: [&x {name: a, send: [a]}, *x]", "p.yaml:2:35: expected keys with values, not an alias"},
		{"version: 1\ngrants: [{}]", "p.yaml:2:10: the key name is missing: it stands in the audit log\np.yaml:2:10: expected send, subscribe or both"},
		{"version: 1\ngrants: [{name: '', send: [a]}]", "p.yaml:2:17: expected a name of 1 to 100 bytes"},
		{grant + "denials: [{name: a, send: [b]}]", "p.yaml:5:18: the name \"a\" is taken by the rule of line 3"},
		{grant + "denials: [{name: b, send: [b], limits: {}}]", "p.yaml:5:32: unknown key \"limits\": expected name, send, subscribe, to"},
		{grant + "    to: {}", "p.yaml:5:9: expected principals, claims or methods: leave the key to out for everybody"},
		{grant + "    to: {claims: {}}", "p.yaml:5:18: expected at least one claim: leave the key out for none"},
		{grant + "    to: {principals: []}", "p.yaml:5:22: expected at least one item: leave the key out for none"},
		{grant + "    to: {principals: [a, a]}", "p.yaml:5:26: \"a\" stands in this list already"},
		{grant + "    to: {principals: [null]}", "p.yaml:5:23: expected a text, not nothing"},
		{grant + "    to: {methods: [oauth]}", "p.yaml:5:20: expected none or jwt or webhook or proxy or certificate or users, not \"oauth\""},
		{grant + "    subscribe: ['']", "p.yaml:5:17: expected a text, not nothing"},
		{grant + "    subscribe: [/queue/>/a]", "p.yaml:5:17: \"/queue/>/a\": > stands for the rest and must be the last segment"},
		{grant + "    subscribe: ['/queue/#']", "p.yaml:5:17: \"/queue/#\": the rest is written > in a policy, whatever the broker calls it"},
		{grant + "    subscribe: [/queue/a*]", "p.yaml:5:17: \"/queue/a*\": * and > must be whole segments"},
		{grant + "    subscribe: [/queue//a]", "p.yaml:5:17: \"/queue//a\": a pattern must not have an empty segment"},
		{grant + "    subscribe: ['/queue/ a']", "p.yaml:5:17: \"/queue/ a\": a segment must not begin or end with a blank"},
		{grant + "    subscribe: ['/queue/a,b']", "p.yaml:5:17: \"/queue/a,b\": a pattern must not hold , % ? \\ or ::, which brokers read differently: name each destination by itself"},
		{grant + "    subscribe: ['/queue/a::b']", "p.yaml:5:17: \"/queue/a::b\": a pattern must not hold , % ? \\ or ::, which brokers read differently: name each destination by itself"},
		{grant + "    subscribe: [\"/queue/\\x01\"]", "p.yaml:5:17: \"/queue/\\x01\": a pattern must not hold control characters"},
		{grant + "    subscribe: ['/queue/{sub}']", "p.yaml:5:17: \"/queue/{sub}\": {sub} is none of {name} and {claims.…}"},
		{grant + "    subscribe: ['/queue/{name']", "p.yaml:5:17: \"/queue/{name\": a { stands without its }"},
		{grant + "    subscribe: ['/queue/name}']", "p.yaml:5:17: \"/queue/name}\": a } stands without its {"},
		{grant + "    headers: {allow: ['a b']}", "p.yaml:5:23: \"a b\" is no name of a header"},
		{grant + "    headers: {require: ['a*']}", "p.yaml:5:25: \"a*\" is no name of a header"},
		{grant + "    headers: {require: [x], deny: ['X']}", "p.yaml:5:14: the header x is required and denied"},
		{grant + "    limits: {frames_per_second: 0}", "p.yaml:5:33: expected a whole number from 1 to 2147483647, not \"0\""},
		{grant + "    limits: {frames_per_second: '5'}", "p.yaml:5:33: expected a whole number from 1 to 2147483647, not \"5\""},
		{grant + "    limits: {frames_burst: 5}", "p.yaml:5:28: frames_burst needs frames_per_second"},
		{grant + "    limits: {bytes_burst: 5}", "p.yaml:5:27: bytes_burst needs bytes_per_second"},
		{grant + "    limits: {body: 64KB}", "p.yaml:5:20: expected a size from 1B to 2047MiB, such as 64KiB, not \"64KB\""},
		{grant + "    limits: {body: 9999999999GiB}", "p.yaml:5:20: expected a size from 1B to 2047MiB, such as 64KiB, not \"9999999999GiB\""},
		{grant + "    limits: {over: wait}", "p.yaml:5:20: expected pause or close, not \"wait\""},
		{grant + "    limits: {sessions: 5}", "p.yaml:5:14: unknown key \"sessions\": expected body, bytes_burst, bytes_per_second, frames_burst, frames_per_second, over, subscriptions"},
		{grant + "set_headers: {destination: x}", "p.yaml:5:15: \"destination\" is no name of a header that the gateway may set"},
		{grant + "set_headers: {x-a: a, X-A: b}", "p.yaml:5:23: the header X-A is set already"},
		{grant + "set_headers: {x-a: '{sub}'}", "p.yaml:5:20: \"{sub}\": {sub} is none of {name} and {claims.…}"},
		{grant + "set_headers: {x-a: \"a\\nb\"}", "p.yaml:5:20: \"a\\nb\": holds a control character"},
	}
	for _, tt := range tests {
		p, err := Parse("p.yaml", []byte(tt.text))
		if err == nil || p != nil {
			t.Errorf("%s\ngot no error, want %s", tt.text, tt.want)
		} else if err.Error() != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.text, err, tt.want)
		}
		var m *Mistake
		if !errors.As(err, &m) {
			t.Errorf("%s: got a %T, want a *Mistake", tt.text, err)
		}
	}
}

func TestParseReportsAllMistakesInOrder(t *testing.T) {
	_, err := Parse("p.yaml", []byte("version: 3\ngrants:\n  - sned: [a]\n  - name: x\n    send: [a*]\n"))
	const want = `p.yaml:1:10: expected 1, not "3"
p.yaml:3:5: unknown key "sned": expected headers, limits, name, send, subscribe, to
p.yaml:3:5: the key name is missing: it stands in the audit log
p.yaml:3:5: expected send, subscribe or both
p.yaml:5:12: "a*": * and > must be whole segments`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestParseBoundsItsErrors(t *testing.T) {
	_, err := Parse("p.yaml", []byte("version: 1\ngrants:\n"+strings.Repeat("  - name: "+strings.Repeat("x", 1000)+"\n", 500)))
	if n := len(err.Error()); n > 50_000 || !strings.HasSuffix(err.Error(), "more mistakes") {
		t.Errorf("got %d bytes that end in %q", n, err.Error()[n-20:])
	}
	if _, err := Parse("p.yaml", make([]byte, maxFile+1)); err == nil || err.Error() != "p.yaml:0:0: the file is larger than 1MiB" {
		t.Errorf("too large: got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\n" + chat))
	f.Add([]byte("version: 1\nlimits: [{to: {methods: [jwt]}, sessions: 1, body: 1KiB}]\nset_headers: {x: '{name}'}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("p.yaml", data)
		if (p == nil) == (err == nil) {
			t.Fatalf("got %v and %v", p, err)
		}
		if err != nil && len(err.Error()) > 200_000 {
			t.Fatalf("the error has %d bytes", len(err.Error()))
		}
	})
}
