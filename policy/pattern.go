package policy

import (
	"fmt"
	"strings"
)

// kind is what a segment of a pattern stands for.
type kind uint8

const (
	literal  kind = iota
	one           // * : one segment, whatever it is
	rest          // > : any number of segments, none too
	template      // a segment that a claim fills
)

// segment is a part of a pattern. Its text begins with the separator in front
// of it, / or ., where there is one: /queue/a.b is "/queue", "/a", ".b".
type segment struct {
	kind kind
	text string
	fill filling // of a template
}

// pattern is a set of destinations.
type pattern struct {
	text     string
	segments []segment
}

// wildcards are the characters that are wildcards to some broker.
const wildcards = "*>#"

// parsePattern reads a pattern of the policy file.
func parsePattern(text string) (pattern, error) {
	p := pattern{text: text}
	if text == "" {
		return p, fmt.Errorf("a pattern must not be empty")
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return p, fmt.Errorf("a pattern must not hold control characters")
	}
	if strings.ContainsAny(text, `,%?\`) || strings.Contains(text, "::") {
		return p, fmt.Errorf(`a pattern must not hold , %% ? \ or ::, which brokers read differently: name each destination by itself`)
	}
	for left := text; left != ""; {
		n := templateEnd(left)
		s, err := parseSegment(left[:n])
		if err != nil {
			return p, err
		}
		if left = left[n:]; s.kind == rest && left != "" {
			return p, fmt.Errorf("> stands for the rest and must be the last segment")
		}
		p.segments = append(p.segments, s)
	}
	return p, nil
}

func parseSegment(text string) (segment, error) {
	bare := trimSeparator(text)
	switch {
	case bare == "":
		return segment{}, fmt.Errorf("a pattern must not have an empty segment")
	case bare[0] == ' ' || bare[len(bare)-1] == ' ':
		return segment{}, fmt.Errorf("a segment must not begin or end with a blank")
	case bare == "*":
		return segment{kind: one, text: text}, nil
	case bare == ">":
		return segment{kind: rest, text: text}, nil
	case bare == "#" || bare == "**":
		return segment{}, fmt.Errorf("the rest is written > in a policy, whatever the broker calls it")
	case strings.ContainsAny(bare, wildcards):
		return segment{}, fmt.Errorf("* and > must be whole segments")
	case strings.ContainsAny(bare, "{}"):
		fill, err := parseFilling(text)
		return segment{kind: template, text: text, fill: fill}, err
	}
	return segment{kind: literal, text: text}, nil
}

// segmentEnd gives where the first segment of a destination ends. A scheme such
// as queue:// is one.
func segmentEnd[T string | []byte](s T) int {
	if n := schemeEnd(s); n > 0 {
		return n
	}
	for i := 1; i < len(s); i++ {
		if isSeparator(s[i]) {
			return i
		}
	}
	return len(s)
}

// templateEnd is segmentEnd for patterns, where dots in braces separate nothing.
func templateEnd(s string) int {
	n := segmentEnd(s)
	for n < len(s) && strings.Count(s[:n], "{") > strings.Count(s[:n], "}") {
		n += segmentEnd(s[n:])
	}
	return n
}

// schemeEnd gives the length of a scheme that s begins with; 0 for none.
func schemeEnd[T string | []byte](s T) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c == '-':
		case c == ':' && i > 0 && len(s) > i+2 && s[i+1] == '/' && s[i+2] == '/':
			return i + 3
		default:
			return 0
		}
	}
	return 0
}

func isSeparator(c byte) bool { return c == '/' || c == '.' }

func trimSeparator(text string) string {
	if text != "" && isSeparator(text[0]) {
		return text[1:]
	}
	return text
}

// separator gives the separator that a segment's text begins with; 0 for none.
func separator[T string | []byte](text T) byte {
	if len(text) > 0 && isSeparator(text[0]) {
		return text[0]
	}
	return 0
}

// values are what the templates of some rules come to for one session, by the
// number that the rules give a template; "" is one that cannot be filled.
type values func(fill filling) string

// covers tells whether the pattern holds every destination that d stands for.
func (p pattern) covers(d []step, v values) bool { return covers(p.segments, d, v) }

func covers(p []segment, d []step, v values) bool {
	switch {
	case len(p) == 0:
		return len(d) == 0
	case p[0].kind == rest:
		return len(d) == 0 || p[0].begins(d[0])
	case len(d) == 0 || d[0].kind == rest:
		return false
	}
	return coversOne(p[0], d[0], v) && covers(p[1:], d[1:], v)
}

// begins tells whether a rest may begin with d. One without a separator stands
// for everything.
func (s segment) begins(d step) bool {
	sep := separator(s.text)
	return sep == 0 || sep == separator(d.text)
}

func coversOne(p segment, d step, v values) bool {
	switch p.kind {
	case one:
		return separator(d.text) == separator(p.text)
	case template:
		filled := v(p.fill)
		return d.kind == literal && filled != "" && string(d.text) == filled
	}
	return d.kind == literal && string(d.text) == p.text
}

// overlaps tells whether the pattern and d have a destination in common, where
// a template that cannot be filled stands for any segment.
//
// A * of d may take in several segments: for brokers, which separate by dots
// only, a/b is one, and so is /a/b.
func (p pattern) overlaps(d []step, v values) bool { return overlaps(p.segments, d, v) }

func overlaps(p []segment, d []step, v values) bool {
	switch {
	case len(d) == 0:
		return len(p) == 0 || p[0].kind == rest
	case d[0].kind == rest:
		return true
	case len(p) == 0:
		return false
	case p[0].kind == rest:
		return p[0].begins(d[0]) || meets(p[0], d[0])
	case !overlapsOne(p[0], d[0], v):
		return false
	case overlaps(p[1:], d[1:], v):
		return true
	}
	if d[0].kind != one {
		return false
	}
	for i := 1; i < len(p) && separator(p[i].text) == '/'; i++ {
		if p[i].kind == rest || overlaps(p[i+1:], d[1:], v) {
			return true
		}
	}
	return false
}

// meets tells whether a segment and d may begin alike: with the same separator or,
// for a * that has none, with a slash.
func meets(p segment, d step) bool {
	sep := separator(p.text)
	return sep == separator(d.text) || sep == '/' && d.bareOne()
}

// bareOne tells whether d is a * without a separator.
func (d step) bareOne() bool { return d.kind == one && separator(d.text) == 0 }

func overlapsOne(p segment, d step, v values) bool {
	if !meets(p, d) {
		return false
	}
	if d.kind == one || p.kind == one {
		return true
	}
	if p.kind == template {
		filled := v(p.fill)
		return filled == "" || string(d.text) == filled
	}
	return string(d.text) == p.text
}
