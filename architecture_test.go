package stompgw

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/stompgw/stompgw"

// rooms are the packages of the product and what of ours each may import. A
// package that is not here has no place yet: give it one, here and in the docs.
var rooms = map[string][]string{
	"cmd/stompgw":  {"admin", "auth", "broker", "cluster", "config", "demo", "frameinspect", "gateway", "listen", "policy", "sockjs"},
	"admin":        {"broker", "gateway"},
	"auth":         {},
	"broker":       {"frameinspect", "wire"},
	"cluster":      {"sockjs"},
	"config":       {},
	"demo":         {"frameinspect"},
	"frameinspect": {},
	"gateway":      {"auth", "broker", "frameinspect", "policy", "sockjs", "websocket", "wire"},
	"policy":       {"auth", "broker", "frameinspect"},
	"listen":       {"wire"},
	"sockjs":       {},
	"websocket":    {},
	"wire":         {},

	// These serve tests, whose imports do not count here: no room may import them.
	"internal/docpage":    {},
	"internal/eventually": {},
	"internal/testcert":   {},
}

// keepers are the packages that one dependency is confined to.
var keepers = map[string][]string{
	"github.com/gobwas/ws":                {"websocket"},
	"github.com/pires/go-proxyproto":      {"broker", "listen"},
	"github.com/caarlos0/env":             {"config"},
	"github.com/golang-jwt/jwt":           {"auth"},
	"github.com/MicahParks/jwkset":        {"auth"},
	"golang.org/x/crypto":                 {"auth"},
	"golang.org/x/sync":                   {"broker"},
	"golang.org/x/time":                   {"broker"},
	"github.com/fsnotify/fsnotify":        {"listen", "policy"},
	"go.yaml.in/yaml/v3":                  {"policy"},
	"go.uber.org/zap":                     {"cluster", "cmd/stompgw", "gateway"},
	"github.com/prometheus/client_golang": {"admin", "cluster", "cmd/stompgw", "gateway"},
	"go.opentelemetry.io/otel":            {"cmd/stompgw", "gateway"},
	"go.opentelemetry.io/otel/sdk":        {"cmd/stompgw"},
	"go.opentelemetry.io/otel/exporters":  {"cmd/stompgw"},
}

// Names that say nothing about what is inside.
var emptyNames = []string{"util", "utils", "common", "helpers", "types", "pkg", "middleware"}

// imports gives what each of the product's packages imports, tests left out.
// Files for other systems count too.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (file == "test" || file == "tools" || name == "testdata" || name == "node_modules" || file != "." && strings.HasPrefix(name, ".")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		room := path.Dir(filepath.ToSlash(file))
		if _, ok := found[room]; !ok {
			found[room] = nil
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[room] = append(found[room], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestImportDirections(t *testing.T) {
	found := imports(t)
	for room, imported := range found {
		allowed, known := rooms[room]
		if !known {
			t.Errorf("package %s has no place in the house", room)
			continue
		}
		for _, p := range imported {
			if ours, ok := strings.CutPrefix(p, module+"/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, and may import of ours only %v", room, ours, allowed)
			}
		}
	}
	for room := range rooms {
		if len(found[room]) == 0 {
			t.Errorf("package %s stands in this test and imports nothing: is it gone?", room)
		}
	}
}

func TestDependenciesStayWhereTheyAre(t *testing.T) {
	used := map[string]bool{}
	for room, imported := range imports(t) {
		for _, p := range imported {
			for dependency, where := range keepers {
				if p != dependency && !strings.HasPrefix(p, dependency+"/") {
					continue
				}
				used[dependency] = true
				if !slices.Contains(where, room) {
					t.Errorf("%s imports %s, which only %v may", room, p, where)
				}
			}
		}
	}
	for dependency := range keepers {
		if !used[dependency] {
			t.Errorf("nothing imports %s: is the rule's spelling right?", dependency)
		}
	}
}

func TestPackageNamesSaySomething(t *testing.T) {
	for room := range imports(t) {
		for segment := range strings.SplitSeq(room, "/") {
			if slices.Contains(emptyNames, segment) {
				t.Errorf("package %s: %s says nothing about what is inside", room, segment)
			}
		}
	}
}
