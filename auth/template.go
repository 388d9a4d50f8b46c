package auth

import (
	"errors"
	"fmt"
	"strings"
)

// template is a text with places for what is known of a principal: {name} and
// {claims.path}.
type template struct{ parts []part }

// part is literal text or, where claim or name is set, a place.
type part struct {
	text  string
	claim string // path of the claim
	name  bool
}

// parseTemplate reads app-{claims.tenant}. There is no escape: a brace stands for
// a place and nothing else.
func parseTemplate(text string) (template, error) {
	var t template
	for text != "" {
		literal, rest, found := strings.Cut(text, "{")
		if strings.Contains(literal, "}") {
			return template{}, errors.New("a } without its {")
		}
		if literal != "" {
			t.parts = append(t.parts, part{text: literal})
		}
		if !found {
			break
		}
		place, after, closed := strings.Cut(rest, "}")
		if !closed {
			return template{}, errors.New("a { without its }")
		}
		p, err := parsePlace(place)
		if err != nil {
			return template{}, err
		}
		t.parts = append(t.parts, p)
		text = after
	}
	return t, nil
}

func parsePlace(place string) (part, error) {
	if place == "name" {
		return part{name: true}, nil
	}
	claim, ok := strings.CutPrefix(place, "claims.")
	if !ok || claim == "" || strings.Contains(claim, "{") {
		return part{}, fmt.Errorf("expected {name} or {claims.<claim>}, not {%s}", short(place))
	}
	return part{claim: claim}, nil
}

// expand fills the places in. A claim that is missing, or that brokers would
// misread, is an error.
func (t template) expand(p *Principal) (string, error) {
	var b strings.Builder
	for _, part := range t.parts {
		text := part.text
		if part.name || part.claim != "" {
			var err error
			if text, err = part.value(p); err != nil {
				return "", err
			}
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func (p part) value(of *Principal) (string, error) {
	what, text, ok := "the name", of.Name, of.Name != ""
	if p.claim != "" {
		what = "claim " + p.claim
		text, ok = lookupClaim(of.Claims, p.claim)
	}
	if !ok {
		return "", fmt.Errorf("%s is missing, or is no text", what)
	}
	if err := checkInjected(text); err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return text, nil
}

// checkInjected says why a value that a client has a say in must not stand in
// CONNECT. Besides what checkText refuses, brokers differ in what a backslash or a
// colon there means: some undo escapes, and 1.0 has none.
func checkInjected(text string) error {
	switch {
	case len(text) > maxName:
		return fmt.Errorf("%d bytes, over %d", len(text), maxName)
	case strings.ContainsAny(text, `\:`):
		return errors.New("a backslash or a colon")
	}
	return checkText(text)
}
