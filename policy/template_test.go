package policy

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/auth"
)

func TestFillingMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"a}b":           "a } stands without its {",
		"{name}}":       "a } stands without its {",
		"a{b":           "a { stands without its }",
		"{}":            "{} is none of {name} and {claims.…}",
		"{Name}":        "{Name} is none of {name} and {claims.…}",
		"{claims.}":     "{claims.} is none of {name} and {claims.…}",
		"{claims.a b}":  "{claims.a b} is none of {name} and {claims.…}",
		"{claims.{b}":   "{claims.{b} is none of {name} and {claims.…}",
		"{x}{claims.a}": "{x} is none of {name} and {claims.…}",
	} {
		if f, err := parseFilling(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %v, want %s", text, f, err, want)
		}
	}
}

// TestFill has what claims may be, and what may become of them in a segment and in a
// header.
func TestFill(t *testing.T) {
	const special = "claims.c holds a separator, a wildcard or another character that is special to a broker"
	const control = "claims.c holds a control character"
	const odd = "claims.c is no string and no number"
	longest := strings.Repeat("x", maxFilled)
	for _, tt := range []struct {
		claim           any
		segment, header string // "!" and the error, or what the claim came to
	}{
		{"acme", "acme", "acme"},
		{"a-b_c@d+e", "a-b_c@d+e", "a-b_c@d+e"},
		{"Zoë", "Zoë", "Zoë"},
		{12.0, "12", "12"},
		{-3.0, "-3", "-3"},
		{1.5, "!" + special, "1.5"},
		{float64(1<<53 - 1), "9007199254740991", "9007199254740991"},
		{float64(1 << 53), "!" + odd, "!" + odd},
		{-float64(1 << 53), "!" + odd, "!" + odd},
		{math.Inf(1), "!" + odd, "!" + odd},
		{json.Number("18014398509481985"), "18014398509481985", "18014398509481985"},
		{true, "!" + odd, "!" + odd},
		{[]any{"x"}, "!" + odd, "!" + odd},
		{nil, "!" + odd, "!" + odd},
		{"", "!claims.c is empty", ""},
		{longest, longest, longest},
		{longest + "x", "!claims.c is longer than 255 bytes", longest + "x"},
		{"a\xff", "!claims.c is not UTF-8", "!" + control},
		{"a b", "!" + special, "a b"},
		{"a/b", "!" + special, "a/b"},
		{"a.b", "!" + special, "a.b"},
		{"*", "!" + special, "*"},
		{">", "!" + special, ">"},
		{"#", "!" + special, "#"},
		{"a,b", "!" + special, "a,b"},
		{"%2F", "!" + special, "%2F"},
		{"a?b", "!" + special, "a?b"},
		{"a:b", "!" + special, "a:b"},
		{`a\b`, "!" + special, `a\b`},
		{"{x}", "!" + special, "{x}"},
		{"a\tb", "!" + special, "!" + control},
		{"a\nb", "!" + special, "!" + control},
		{"a\x00b", "!" + special, "!" + control},
		{"a\x7fb", "!" + special, "!" + control},
	} {
		p := &auth.Principal{Name: "ann", Claims: map[string]any{"c": tt.claim}}
		f, err := parseFilling("{claims.c}")
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range []struct {
			valid func(string) error
			want  string
		}{{validInSegment, tt.segment}, {validInHeader, tt.header}} {
			got, err := f.fill(p, place.valid)
			if err != nil {
				got = "!" + err.Error()
			}
			if got != place.want {
				t.Errorf("%.20q: got %.90q, want %.90q", tt.claim, got, place.want)
			}
		}
	}
	for text, want := range map[string]string{"{name}": "!name is missing", "{claims.c}": "!claims.c is missing", "a{name}": "!name is missing"} {
		f, err := parseFilling(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.fill(&auth.Principal{}, validInHeader); err == nil || "!"+err.Error() != want {
			t.Errorf("%s of nobody: got %q, %v", text, got, err)
		}
	}
}
