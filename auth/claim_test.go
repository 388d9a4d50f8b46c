package auth

import (
	"math"
	"strings"
	"testing"
)

func TestLookupClaim(t *testing.T) {
	claims := map[string]any{
		"text": "x", "empty": "", "list": []any{"x"}, "flag": true, "nothing": nil,
		"whole": 12.0, "negative": -3.0, "fraction": 1.5, "exact": 9007199254740991.0, "inexact": 9007199254740992.0,
		"below": -9007199254740992.0, "infinite": math.Inf(1), "none": math.NaN(),
		"a": map[string]any{"b": "inside", "c": map[string]any{"d": "deep"}}, "a.b": "whole name",
	}
	for path, want := range map[string]string{
		"text": "x", "whole": "12", "negative": "-3", "exact": "9007199254740991", "a.b": "whole name", "a.c.d": "deep",
	} {
		if got, ok := lookupClaim(claims, path); got != want || !ok {
			t.Errorf("%s: got %q, %v, want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"", "missing", "empty", "list", "flag", "nothing", "fraction", "inexact", "below", "infinite", "none", "a", "a.c", "a.x", "a.b.c", "text.x"} {
		if got, ok := lookupClaim(claims, path); ok {
			t.Errorf("%s: got %q, want nothing", path, got)
		}
	}
}

func TestChecks(t *testing.T) {
	longest := strings.Repeat("a", maxName)
	for text, want := range map[string]struct{ name, injected string }{
		"alice":       {"", ""},
		"a b":         {"", ""},
		"a:b":         {"", "a backslash or a colon"},
		`a\b`:         {"", "a backslash or a colon"},
		longest:       {"", ""},
		longest + "a": {"the name has 257 bytes, over 256", "257 bytes, over 256"},
		"a\xff":       {"not UTF-8", "not UTF-8"},
		" a":          {"white space at an end", "white space at an end"},
		"a\u00a0":     {"white space at an end", "white space at an end"},
		"a\tb":        {"a control character", "a control character"},
		"a\nb":        {"a control character", "a control character"},
		"a\x00b":      {"a control character", "a control character"},
		"a\u0085b":    {"a control character", "a control character"},
	} {
		for check, got := range map[string]struct {
			err  error
			want string
		}{"name": {checkName(text), want.name}, "injected": {checkInjected(text), want.injected}} {
			if got.err == nil && got.want != "" || got.err != nil && got.err.Error() != got.want {
				t.Errorf("%q as %s: got %v, want %q", text, check, got.err, got.want)
			}
		}
	}
	if err := checkName(""); err == nil || err.Error() != "the name is empty" {
		t.Errorf("got %v", err)
	}
}
