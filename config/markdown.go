package config

import (
	"fmt"
	"strings"
)

// Reference gives the tables of docs/configuration.md, one per topic.
func Reference() string {
	byName := make(map[string]field)
	for _, f := range fieldsOf(new(Config)) {
		byName[f.name] = f
	}
	var b strings.Builder
	for i, t := range topics {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "### %s\n\n", t.title)
		if t.intro != "" {
			fmt.Fprintf(&b, "%s\n\n", t.intro)
		}
		b.WriteString("| Variable | Default | Value | What it is for |\n|---|---|---|---|\n")
		for _, v := range t.variables {
			b.WriteString(row(byName[Prefix+v.name]))
		}
	}
	return b.String()
}

// row gives one line of a table.
func row(f field) string {
	names, byDefault := code(f.name), ""
	if f.secret() {
		names += " or " + code(f.name+fileSuffix)
	}
	if f.byDefault != "" {
		byDefault = code(f.byDefault)
	}
	form := strings.ReplaceAll(f.rule.form, "*", `\*`)
	return fmt.Sprintf("| %s | %s | %s | %s |\n", names, byDefault, form, f.doc)
}

func code(s string) string { return "`" + s + "`" }
