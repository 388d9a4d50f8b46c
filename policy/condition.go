package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stompgw/stompgw/auth"
)

// condition says whom a rule is about: all of its parts must hold. The zero
// condition is everybody.
type condition struct {
	principals []string // names, where * stands for any characters
	methods    []auth.Method
	claims     []claimCondition
}

// claimCondition holds where the claim is one of the values, or is a list that
// has one of them.
type claimCondition struct {
	path string
	any  []string
}

// why says what keeps the condition from holding; "" where it holds.
func (c *condition) why(p *auth.Principal) string {
	if len(c.principals) > 0 && !slices.ContainsFunc(c.principals, func(g string) bool { return glob(g, p.Name) }) {
		return fmt.Sprintf("the principal is none of %s", strings.Join(c.principals, ", "))
	}
	if len(c.methods) > 0 && !slices.Contains(c.methods, p.Method) {
		return fmt.Sprintf("the principal was not authenticated by %s", joinWords(c.methods))
	}
	for _, claim := range c.claims {
		if !claim.holds(p.Claims) {
			return fmt.Sprintf("claims.%s is not %s", claim.path, strings.Join(claim.any, " or "))
		}
	}
	return ""
}

func joinWords[T ~string](words []T) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return strings.Join(list, " or ")
}

func (c claimCondition) holds(claims map[string]any) bool {
	value, ok := claim(claims, c.path)
	if !ok {
		return false
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	return slices.ContainsFunc(list, func(item any) bool {
		text, ok := scalar(item)
		return ok && slices.Contains(c.any, text)
	})
}

// glob tells whether the text matches, where * stands for any characters. An
// empty name, which is nobody's, matches nothing.
func glob(pattern, text string) bool {
	if text == "" {
		return false
	}
	first, left, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for {
		part, after, found := strings.Cut(left, "*")
		if !found {
			return strings.HasSuffix(text, part)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, left = text[i+len(part):], after
	}
}
