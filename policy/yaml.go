package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader reads YAML nodes strictly and collects what is wrong with them. It
// takes no aliases, so what it reads is no larger than the file.
type reader struct {
	file     string
	mistakes []*Mistake
}

// maxFile bounds a policy or cases file, in bytes. A ConfigMap ends there too.
const maxFile = 1 << 20

func (r *reader) mistake(n *yaml.Node, format string, args ...any) {
	r.mistakes = append(r.mistakes, &Mistake{File: r.file, Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)})
}

// document gives the node of the only document in data; nil, with a mistake,
// where there is none.
func (r *reader) document(data []byte) *yaml.Node {
	if len(data) > maxFile {
		r.mistake(&yaml.Node{}, "the file is larger than 1MiB")
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		r.mistake(&yaml.Node{Line: 1, Column: 1}, "the file is empty")
		return nil
	case err != nil:
		r.syntax(err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		r.mistake(&second, "a second document follows: there must be one")
	case !errors.Is(err, io.EOF):
		r.syntax(err)
	}
	return doc.Content[0]
}

var lineOf = regexp.MustCompile(`line (\d+): *`)

// syntax reports an error of the YAML parser, which names a line at most.
func (r *reader) syntax(err error) {
	n := &yaml.Node{Line: 1, Column: 1}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := lineOf.FindStringSubmatchIndex(message); m != nil {
		n.Line, _ = strconv.Atoi(message[m[2]:m[3]]) // digits, or 0
		message = message[:m[0]] + message[m[1]:]
	}
	r.mistake(n, "not YAML: %s", clip(message))
}

// clip shortens what a message quotes.
func clip(text string) string {
	const most = 100
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// fields are what may stand in a mapping.
type fields map[string]func(*yaml.Node)

// mapping reads a mapping whose keys are known, and gives those that it has.
func (r *reader) mapping(n *yaml.Node, known fields) map[string]*yaml.Node {
	found := map[string]*yaml.Node{}
	r.pairs(n, func(key, value *yaml.Node) {
		read, ok := known[key.Value]
		if !ok {
			r.mistake(key, "unknown key %q: expected %s", clip(key.Value), listKeys(known))
			return
		}
		found[key.Value] = value
		read(value)
	})
	return found
}

func listKeys(known fields) string {
	var keys []string
	for k := range known {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return strings.Join(keys, ", ")
}

// pairs reads a mapping of any keys, each at most once.
func (r *reader) pairs(n *yaml.Node, read func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.mistake(n, "expected keys with values, not %s", what(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			r.mistake(key, "expected a key, not %s", what(key))
			continue
		}
		if line, ok := seen[key.Value]; ok {
			r.mistake(key, "the key %q stands in line %d already", clip(key.Value), line)
			continue
		}
		seen[key.Value] = key.Line
		read(key, value)
	}
}

// what names a node that is not what was expected.
func what(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case n.Kind == yaml.MappingNode:
		return "keys with values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	}
	return strconv.Quote(clip(n.Value))
}

// items reads a list of mappings.
func (r *reader) items(n *yaml.Node, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.mistake(n, "expected a list, not %s", what(n))
		return
	}
	for _, item := range n.Content {
		read(item)
	}
}

// text reads a scalar that is not null.
func (r *reader) text(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.mistake(n, "expected a text, not %s", what(n))
		return "", false
	}
	return n.Value, true
}

// texts reads a list of scalars, or one scalar, none empty and none twice.
func (r *reader) texts(n *yaml.Node, read func(*yaml.Node, string)) {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		if list = n.Content; len(list) == 0 {
			r.mistake(n, "expected at least one item: leave the key out for none")
		}
	}
	seen := map[string]bool{}
	for _, item := range list {
		text, ok := r.text(item)
		switch {
		case !ok:
		case text == "":
			r.mistake(item, "expected a text, not nothing")
		case seen[text]:
			r.mistake(item, "%q stands in this list already", clip(text))
		default:
			seen[text] = true
			read(item, text)
		}
	}
}

// word reads one of some words.
func (r *reader) word(n *yaml.Node, words ...string) string {
	if n.Kind != yaml.ScalarNode || !slices.Contains(words, n.Value) {
		r.mistake(n, "expected %s, not %s", strings.Join(words, " or "), what(n))
		return ""
	}
	return n.Value
}

// count reads a whole number from 1 up.
func (r *reader) count(n *yaml.Node) int {
	number, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || number < 1 || number > math.MaxInt32 {
		r.mistake(n, "expected a whole number from 1 to %d, not %s", math.MaxInt32, what(n))
		return 0
	}
	return number
}

var sizeForm = regexp.MustCompile(`^([0-9]{1,10})(B|KiB|MiB|GiB)?$`)

// size reads a number of bytes, such as 64KiB, from 1 up.
func (r *reader) size(n *yaml.Node) int {
	m := sizeForm.FindStringSubmatch(n.Value)
	var number int
	if n.Kind == yaml.ScalarNode && m != nil {
		number, _ = strconv.Atoi(m[1]) // ten digits at most
		number <<= map[string]int{"KiB": 10, "MiB": 20, "GiB": 30}[m[2]]
	}
	if number < 1 || number > math.MaxInt32 {
		r.mistake(n, "expected a size from 1B to 2047MiB, such as 64KiB, not %s", what(n))
		return 0
	}
	return number
}
