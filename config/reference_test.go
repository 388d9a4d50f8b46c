package config

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/internal/docpage"
)

// TestDocs holds the tables of the docs equal to the code.
func TestDocs(t *testing.T) {
	docpage.Hold(t, "../docs/configuration.md", "from config/reference.go. -->\n\n", "\n<!-- reference: end -->", Reference(),
		"go test ./config -run TestDocs -update")
}

// TestReferenceIsWhole holds the table of variables equal to the fields of
// Config, topic by topic and in order.
func TestReferenceIsWhole(t *testing.T) {
	var c Config
	i := 0
	for group := range topicsOf(&c) {
		if i >= len(topics) {
			t.Fatalf("no topic for %v", group.Type())
		}
		var fields, variables []string
		for sf := range group.Fields() {
			fields = append(fields, sf.Tag.Get("env"))
		}
		for _, v := range topics[i].variables {
			variables = append(variables, v.name)
			if v.doc == "" || v.rule.form == "" {
				t.Errorf("%s lacks its doc or its form", v.name)
			}
			if strings.Contains(v.doc+v.rule.form, "|") {
				t.Errorf("%s would break the Markdown table", v.name)
			}
		}
		if !slices.Equal(fields, variables) {
			t.Errorf("%s: got variables %v, want the fields of %v: %v", topics[i].title, variables, group.Type(), fields)
		}
		i++
	}
	if i != len(topics) {
		t.Errorf("got %d topics, want %d", len(topics), i)
	}
}

// TestExamples reads every example that a mistake would give.
func TestExamples(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "users", "")
	for _, f := range fieldsOf(new(Config)) {
		if f.rule.example == "" {
			continue
		}
		environ := append(lines(dir, strings.Replace(everyMethod, "certificate,", "", 1)), f.name+"="+f.rule.example)
		_, err := Parse(environ)
		var mistakes Mistakes // of what it needs beside it, too
		if errors.As(err, &mistakes); slices.ContainsFunc(mistakes, func(m Mistake) bool { return m.Variable == f.name }) {
			t.Errorf("the example of %s: %v", f.name, err)
		}
	}
}
