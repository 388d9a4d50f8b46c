package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/auth"
)

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"a", "", false}, {"*", "", false}, {"*", "a", true},
		{"svc-*", "svc-", true}, {"svc-*", "svc-a", true}, {"svc-*", "asvc-a", false}, {"*-a", "x-a", true}, {"*-a", "x-ab", false},
		{"a*a", "a", false}, {"a*a", "aa", true}, {"a*b*c", "aXbXc", true}, {"a*b*c", "acb", false}, {"a*b*b", "ab", false}, {"**", "a", true},
	}
	for _, tt := range tests {
		if got := glob(tt.pattern, tt.text); got != tt.want {
			t.Errorf("%s matches %q: got %t", tt.pattern, tt.text, got)
		}
	}
}

func TestConditions(t *testing.T) {
	const claims = `{"tenant": "acme", "roles": ["user", "admin", 7], "n": 7, "f": 1.5, "yes": true, "nil": null, "none": [],
		"realm": {"roles": ["x"], "deep": {"er": "z"}}, "realm.roles": "dotted", "http://c.example/t": "url", "obj": {"a": 1}}`
	who := &auth.Principal{Name: "ann", Method: auth.JWT}
	if err := json.Unmarshal([]byte(claims), &who.Claims); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		to  string
		why string
	}{
		{"{principals: ann}", ""},
		{"{principals: [bob, 'a*']}", ""},
		{"{principals: [bob]}", "the principal is none of bob"},
		{"{methods: [jwt, users]}", ""},
		{"{methods: [users]}", "the principal was not authenticated by users"},
		{"{claims: {tenant: acme}}", ""},
		{"{claims: {tenant: [globex, acme]}}", ""},
		{"{claims: {tenant: Acme}}", "claims.tenant is not Acme"},
		{"{claims: {roles: admin}}", ""},
		{"{claims: {roles: 7}}", ""},
		{"{claims: {roles: root}}", "claims.roles is not root"},
		{"{claims: {n: 7}}", ""},
		{"{claims: {n: '7'}}", ""},
		{"{claims: {f: 1.5}}", ""},
		{"{claims: {yes: true}}", ""},
		{"{claims: {'nil': ['']}}", "-"},
		{"{claims: {none: x}}", "claims.none is not x"},
		{"{claims: {missing: x}}", "claims.missing is not x"},
		{"{claims: {realm.deep.er: z}}", ""},
		{"{claims: {realm.roles: dotted}}", ""}, // the claim of that very name
		{"{claims: {'http://c.example/t': url}}", ""},
		{"{claims: {obj: 1}}", "claims.obj is not 1"},
		{"{principals: ann, claims: {tenant: acme, roles: root}}", "claims.roles is not root"},
	}
	for _, tt := range tests {
		p, err := Parse("p", []byte("version: 1\ngrants: [{name: a, send: [a], to: "+tt.to+"}]"))
		if tt.why == "-" {
			if err == nil {
				t.Errorf("%s: no mistake", tt.to)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := p.grants.rules[0].to.why(who); got != tt.why {
			t.Errorf("%s: got %q, want %q", tt.to, got, tt.why)
		}
	}
}

func TestFilling(t *testing.T) {
	who := &auth.Principal{Name: "ann", Claims: map[string]any{
		"s": "u1", "n": 7.0, "big": 1e15, "huge": 1e300, "f": 1.5, "b": true, "l": []any{"a"}, "e": "", "nul": nil, "o": map[string]any{"p": "q"},
		"long": strings.Repeat("x", 256), "bad": "\xff", "mail": "ann@example.com", "id": "auth0|123", "u": "üñ", "neg": -5.0,
	}}
	tests := []struct{ text, want, problem string }{
		{".user-{claims.s}", ".user-u1", ""},
		{"{name}{claims.n}", "ann7", ""},
		{"{claims.o.p}", "q", ""},
		{"{claims.big}", "1000000000000000", ""},
		{"{claims.id}", "auth0|123", ""},
		{"{claims.u}", "üñ", ""},
		{"{claims.neg}", "-5", ""},
		{"{claims.huge}", "", "claims.huge is no string and no number"},
		{"{claims.f}", "", "claims.f holds a separator"},
		{"{claims.mail}", "", "claims.mail holds a separator"},
		{"{claims.b}", "", "claims.b is no string and no number"},
		{"{claims.l}", "", "claims.l is no string and no number"},
		{"{claims.o}", "", "claims.o is no string and no number"},
		{"{claims.nul}", "", "claims.nul is no string and no number"},
		{"{claims.e}", "", "claims.e is empty"},
		{"{claims.none}", "", "claims.none is missing"},
		{"{claims.long}", "", "claims.long is longer than 255 bytes"},
		{"{claims.bad}", "", "claims.bad is not UTF-8"},
	}
	for _, tt := range tests {
		f, err := parseFilling(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.fill(who, validInSegment)
		if got != tt.want || (err == nil) != (tt.problem == "") || err != nil && !strings.HasPrefix(err.Error(), tt.problem) {
			t.Errorf("%s: got %q, %v, want %q, %s", tt.text, got, err, tt.want, tt.problem)
		}
	}
	for _, c := range "/.*>#,%?:\\{} \t\n\x00\x7f" {
		if err := validInSegment("a" + string(c) + "b"); err == nil {
			t.Errorf("%q fills a part of a segment", c)
		}
	}
	f, err := parseFilling("{name}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.fill(&auth.Principal{}, validInSegment); err == nil {
		t.Error("nobody's name fills a template")
	}
}
