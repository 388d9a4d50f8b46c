package helm

import (
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
)

// passed are values that go to Kubernetes as they are: what is in them is its to
// explain.
var passed = map[string]bool{
	"strategy": true, "resources": true, "startupProbe": true, "livenessProbe": true, "readinessProbe": true,
	"podSecurityContext": true, "securityContext": true, "autoscaling.behavior": true, "metrics.dashboard.labels": true,
}

// TestREADMEHasEveryValue and names none that is gone.
func TestREADMEHasEveryValue(t *testing.T) {
	values, err := chartutil.ReadValues([]byte(read(t, chartDir+"/values.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	pathsOf(values, "", known)
	_, table, _ := strings.Cut(read(t, chartDir+"/README.md"), "\n## Values\n")
	told := map[string]bool{}
	for line := range strings.Lines(table) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for i, name := range strings.Split(cell, "`") {
			if i%2 == 1 {
				told[name] = true
			}
		}
	}
	for name := range known {
		if !told[name] {
			t.Errorf("the README does not tell of %s", name)
		}
	}
	for name := range told {
		if !known[name] {
			t.Errorf("the README tells of %s, which is no value", name)
		}
	}
}

func pathsOf(values map[string]any, prefix string, to map[string]bool) {
	for key, value := range values {
		path := prefix + key
		if below, ok := value.(map[string]any); ok && len(below) > 0 && !passed[path] {
			pathsOf(below, path+".", to)
			continue
		}
		to[path] = true
	}
}
