package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stompgw/stompgw/auth"
)

// filling is a text with places for what is known of a principal, such as
// .user-{claims.sub}: literal, field, literal, field, … literal.
type filling struct {
	literals []string // one more than fields
	fields   []string // "name" or "claims." and the path
	text     string
}

// parseFilling reads a text with fields in braces.
func parseFilling(text string) (filling, error) {
	f := filling{text: text}
	left := text
	for {
		before, after, found := strings.Cut(left, "{")
		if strings.Contains(before, "}") {
			return f, errors.New("a } stands without its {")
		}
		f.literals = append(f.literals, before)
		if !found {
			return f, nil
		}
		field, after, found := strings.Cut(after, "}")
		if !found {
			return f, errors.New("a { stands without its }")
		}
		if path, ok := strings.CutPrefix(field, "claims."); field != "name" && (!ok || path == "" || strings.ContainsAny(path, "{ ")) {
			return f, fmt.Errorf("{%s} is none of {name} and {claims.…}", field)
		}
		f.fields = append(f.fields, field)
		left = after
	}
}

// fill puts the principal's values in. Each must satisfy valid, or the error says
// which field does not.
func (f filling) fill(p *auth.Principal, valid func(string) error) (string, error) {
	var b strings.Builder
	for i, field := range f.fields {
		b.WriteString(f.literals[i])
		text, err := fieldText(p, field)
		if err == nil {
			err = valid(text)
		}
		if err != nil {
			return "", fmt.Errorf("%s %w", field, err)
		}
		b.WriteString(text)
	}
	b.WriteString(f.literals[len(f.literals)-1])
	return b.String(), nil
}

var errMissing = errors.New("is missing")

func fieldText(p *auth.Principal, field string) (string, error) {
	if field == "name" {
		if p.Name == "" {
			return "", errMissing
		}
		return p.Name, nil
	}
	value, ok := claim(p.Claims, strings.TrimPrefix(field, "claims."))
	if !ok {
		return "", errMissing
	}
	text, ok := scalar(value)
	if _, isBool := value.(bool); !ok || isBool {
		return "", errors.New("is no string and no number")
	}
	return text, nil
}

// claim looks up a claim by its name or, where there is none of the name, by a
// path of names with dots between them.
func claim(claims map[string]any, path string) (any, bool) {
	if value, ok := claims[path]; ok {
		return value, true
	}
	for i := range len(path) {
		if path[i] != '.' {
			continue
		}
		if inner, ok := claims[path[:i]].(map[string]any); ok {
			if value, ok := claim(inner, path[i+1:]); ok {
				return value, true
			}
		}
	}
	return nil, false
}

// scalar writes a string, number or bool as text.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		if math.Abs(v) < 1<<53 {
			return strconv.FormatFloat(v, 'f', -1, 64), true
		}
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// maxFilled bounds what a claim may put into a segment, in bytes. RabbitMQ's
// names end at 255.
const maxFilled = 255

// validInSegment takes what fills a part of one segment and nothing else,
// whatever the broker: no separators, no wildcards, nothing that some broker
// splits, decodes or trims.
func validInSegment(text string) error {
	switch {
	case text == "":
		return errors.New("is empty")
	case len(text) > maxFilled:
		return fmt.Errorf("is longer than %d bytes", maxFilled)
	case !utf8.ValidString(text):
		return errors.New("is not UTF-8")
	}
	for _, r := range text {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`/.*>#,%?:\{}`, r) {
			return errors.New("holds a separator, a wildcard or another character that is special to a broker")
		}
	}
	return nil
}

// validInHeader takes what can stand in a header's value in every version.
func validInHeader(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) || !utf8.ValidString(text) {
		return errors.New("holds a control character")
	}
	return nil
}
