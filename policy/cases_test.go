package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The worked policies of the docs say what their cases say.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../docs/examples/policies/*.cases.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("got %d files of cases, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := ParseCases(file, data)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(filepath.Dir(file), cases.File)
		if data, err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
		p, err := Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		different, err := cases.Run(p)
		if err != nil || cases.Len() < 10 {
			t.Errorf("%s: %d cases, %v", file, cases.Len(), err)
		}
		for _, d := range different {
			t.Error(d)
		}
		// What guards judge is what is explained.
		for _, c := range cases.list {
			g, err := engineOf(p).Open("s", &c.as, c.in, nil)
			if err != nil {
				if c.allow {
					t.Errorf("%s: %v", c.text, err)
				}
				continue
			}
			if got := g.Judge(c.frame); got.Allow != c.allow || c.allow && c.rule != "" && got.Rule != c.rule {
				t.Errorf("%s:%d: a guard says %t, rule %q (%s)", c.file, c.line, got.Allow, got.Rule, got.Message)
			}
			g.Close()
		}
	}
}

func TestCasesMistakes(t *testing.T) {
	const good = "principals: {a: {}}\n"
	tests := []struct{ text, want string }{
		{"a: 1", "c.yaml:1:1: unknown key \"a\": expected cases, dialect, policy, principals\nc.yaml:1:1: the key cases is missing"},
		{"cases: [{}]", "c.yaml:1:9: the key as is missing\nc.yaml:1:9: the key frame is missing\nc.yaml:1:9: the key want is missing"},
		{"dialect: kafka\ncases: []", "c.yaml:1:10: expected auto, rabbitmq, activemq, artemis, hornetq or apollo, not \"kafka\""},
		{good + "cases: [{as: b, frame: BEGIN, want: allow}]", "c.yaml:2:14: expected one of the file's principals, not \"b\""},
		{good + "cases: [{as: a, frame: SEND, want: allow}]", "c.yaml:2:24: no frame: expected a destination behind SEND"},
		{good + "cases: [{as: a, frame: SEND /x y, want: allow}]", "c.yaml:2:24: no frame: \"y\" is no header: expected name:value"},
		{good + "cases: [{as: a, frame: SENT /x, want: allow}]", "c.yaml:2:24: no frame: \"/x\" is no header: expected name:value"},
		{good + "cases: [{as: a, frame: [], want: allow}]", "c.yaml:2:24: no frame: expected a frame, such as SEND /queue/x"},
		{good + "cases: [{as: a, frame: BEGIN, want: maybe}]", "c.yaml:2:37: expected allow or deny, not \"maybe\""},
		{"principals: {a: {claims: [x]}}\ncases: []", "c.yaml:1:26: expected keys with values, not a list"},
		{"principals: {a: {claims: {x: .inf}, method: oauth}}\ncases: []", "c.yaml:1:30: expected a number as JSON has it, not \".inf\"\nc.yaml:1:45: expected none or jwt or webhook or proxy or certificate or users, not \"oauth\""},
	}
	for _, tt := range tests {
		if _, err := ParseCases("c.yaml", []byte(tt.text)); err == nil || err.Error() != tt.want {
			t.Errorf("%s\ngot  %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

func TestDifference(t *testing.T) {
	p := mustParse(t, "grants:\n  - {name: own, to: {claims: {tenant: acme}}, send: ['/queue/{claims.sub}.x']}\n")
	cases, err := ParseCases("c.yaml", []byte("principals: {ann: {claims: {tenant: acme, sub: a/b}}}\ncases:\n  - {as: ann, frame: SEND /queue/a.x, want: allow, rule: own}\n"))
	if err != nil {
		t.Fatal(err)
	}
	different, err := cases.Run(p)
	if err != nil || len(different) != 1 {
		t.Fatalf("got %v, %v", different, err)
	}
	const want = `c.yaml:3: SEND /queue/a.x as ann
  want allow by "own"
  got  deny
    denied (denied): sending to this destination is not allowed
    destination as the broker reads it: /queue/a.x
    near: grant "own" (line 3): claims.sub holds a separator, a wildcard or another character that is special to a broker`
	if got := different[0].String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzCases(f *testing.F) {
	f.Add([]byte("principals: {a: {claims: {x: [1, {y: null}]}}}\ncases:\n - {as: a, frame: [SEND, /queue/x, 'a:b c'], want: deny}"))
	p := mustParse(f, chat)
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, err := ParseCases("c.yaml", data)
		if err != nil {
			return
		}
		if _, err := cases.Run(p); err != nil && !strings.Contains(err.Error(), "grants") {
			t.Error(err)
		}
	})
}
