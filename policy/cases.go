package policy

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// Cases is an operator's own table of what a policy must say.
type Cases struct {
	// File is the policy's, as the cases name it; "" where they name none.
	File string
	list []testCase
}

// testCase is one frame and the verdict that is wanted on it.
type testCase struct {
	file  string
	line  int
	as    auth.Identity
	in    broker.Dialect
	text  string // the frame, for people
	frame *frameinspect.Head
	allow bool
	rule  string // "" takes any
}

// Difference is a case that came out otherwise.
type Difference struct {
	File string
	Line int
	// Frame and As say what was asked for whom, Want and Got the verdicts.
	Frame, As, Want, Got string
	Explanation          Explanation
}

// String gives a few lines for people.
func (d Difference) String() string {
	return fmt.Sprintf("%s:%d: %s as %s\n  want %s\n  got  %s\n    %s", d.File, d.Line, d.Frame, d.As, d.Want, d.Got,
		strings.ReplaceAll(strings.TrimSuffix(d.Explanation.String(), "\n"), "\n", "\n    "))
}

// ParseCases reads a cases file. The error joins every *[Mistake].
func ParseCases(file string, data []byte) (*Cases, error) {
	r := &caseReader{reader: reader{file: file}, principals: map[string]auth.Identity{}}
	c := &Cases{}
	if root := r.document(data); root != nil {
		// What the cases refer to is read first, wherever it stands.
		r.pairs(root, func(key, value *yaml.Node) {
			switch key.Value {
			case "policy":
				c.File, _ = r.text(value)
			case "dialect":
				r.in = r.dialect(value)
			case "principals":
				r.pairs(value, func(key, value *yaml.Node) { r.principals[key.Value] = r.identity(value, key.Value) })
			case "cases":
			default:
				r.mistake(key, "unknown key %q: expected cases, dialect, policy, principals", clip(key.Value))
			}
		})
		if cases := valueOf(root, "cases"); cases != nil {
			r.items(cases, func(n *yaml.Node) { c.list = append(c.list, r.testCase(n)) })
		} else {
			r.mistake(root, "the key cases is missing")
		}
	}
	if len(r.mistakes) > 0 {
		return nil, join(r.mistakes)
	}
	return c, nil
}

// valueOf gives the value of a mapping's key; nil for none.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// Len is how many cases there are.
func (c *Cases) Len() int { return len(c.list) }

// Run asks the policy about every case and gives those that came out otherwise.
// The error is about a case's own grants.
func (c *Cases) Run(p *Policy) ([]Difference, error) {
	var different []Difference
	for _, t := range c.list {
		x, err := p.Explain(&t.as, t.in, t.frame)
		if err != nil {
			return nil, err
		}
		if x.Verdict.Allow == t.allow && (t.rule == "" || x.Verdict.Rule == t.rule) {
			continue
		}
		different = append(different, Difference{File: t.file, Line: t.line, Frame: t.text, As: t.as.Name,
			Want: outcome(t.allow, t.rule), Got: outcome(x.Verdict.Allow, x.Verdict.Rule), Explanation: x})
	}
	return different, nil
}

func outcome(allow bool, rule string) string {
	text := "deny"
	if allow {
		text = "allow"
	}
	if rule != "" {
		text += fmt.Sprintf(" by %q", rule)
	}
	return text
}

// caseReader reads a cases file.
type caseReader struct {
	reader
	in         broker.Dialect
	principals map[string]auth.Identity
}

func (r *caseReader) dialect(n *yaml.Node) broker.Dialect {
	d, ok := broker.ParseDialect(n.Value)
	if !ok {
		r.mistake(n, "expected auto, rabbitmq, activemq, artemis, hornetq or apollo, not %s", what(n))
	}
	return d
}

// identity reads who a principal is. Its name is the one it is listed by.
func (r *caseReader) identity(n *yaml.Node, name string) auth.Identity {
	id := auth.Identity{Principal: auth.Principal{Name: name, Method: auth.JWT}}
	r.mapping(n, fields{
		"method": func(n *yaml.Node) { id.Method = auth.Method(r.word(n, methods...)) },
		"claims": func(n *yaml.Node) {
			if n.Kind != yaml.MappingNode {
				r.mistake(n, "expected keys with values, not %s", what(n))
				return
			}
			id.Claims, _ = r.value(n).(map[string]any)
		},
	})
	return id
}

// value reads YAML as encoding/json would read the same in JSON.
func (r *caseReader) value(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		r.pairs(n, func(key, value *yaml.Node) { m[key.Value] = r.value(value) })
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, r.value(item))
		}
		return list
	case yaml.ScalarNode:
		return r.scalar(n)
	}
	r.mistake(n, "expected a value, not %s", what(n))
	return nil
}

func (r *caseReader) scalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true"
	case "!!int", "!!float":
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil {
			r.mistake(n, "expected a number as JSON has it, not %s", what(n))
		}
		return f
	}
	return n.Value
}

func (r *caseReader) testCase(n *yaml.Node) testCase {
	t := testCase{file: r.file, line: n.Line, in: r.in}
	found := r.mapping(n, fields{
		"as": func(n *yaml.Node) {
			id, ok := r.principals[n.Value]
			if n.Kind != yaml.ScalarNode || !ok {
				r.mistake(n, "expected one of the file's principals, not %s", what(n))
			}
			t.as = id
		},
		"dialect": func(n *yaml.Node) { t.in = r.dialect(n) },
		"frame":   func(n *yaml.Node) { t.text, t.frame = r.frame(n) },
		"want":    func(n *yaml.Node) { t.allow = r.word(n, "allow", "deny") == "allow" },
		"rule":    func(n *yaml.Node) { t.rule, _ = r.text(n) },
	})
	for _, key := range []string{"as", "frame", "want"} {
		if n.Kind == yaml.MappingNode && found[key] == nil {
			r.mistake(n, "the key %s is missing", key)
		}
	}
	return t
}

// frame reads a frame's words, in one text or, where a word has a blank in it, in
// a list.
func (r *caseReader) frame(n *yaml.Node) (string, *frameinspect.Head) {
	words := strings.Fields(n.Value)
	if n.Kind == yaml.SequenceNode {
		words = nil
		for _, item := range n.Content {
			word, _ := r.text(item)
			words = append(words, word)
		}
	}
	h, err := ParseFrame(words)
	if err != nil {
		r.mistake(n, "no frame: %s", err)
	}
	return strings.Join(words, " "), h
}
