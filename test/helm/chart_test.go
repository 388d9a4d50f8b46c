package helm

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

const chartDir = "../../helm/stompgw"

var update = flag.Bool("update", false, "write testdata/golden")

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// render gives what each template makes of the values, by its file's name, those
// that make nothing left out. It does what `helm template` does: merge with the
// chart's values, hold them against the schema, render.
func render(values string) (map[string]string, error) {
	chart, err := loader.Load(chartDir)
	if err != nil {
		return nil, err
	}
	given, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		return nil, err
	}
	release := chartutil.ReleaseOptions{Name: "demo", Namespace: "web", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(chart, given, release, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Engine{Strict: true}.Render(chart, all)
	if err != nil {
		return nil, err
	}
	made := map[string]string{}
	for path, text := range files {
		if text = strings.TrimSpace(text); text != "" {
			made[filepath.Base(path)] = text + "\n"
		}
	}
	return made, nil
}

// manifests gives the rendered objects as one text, without the notes.
func manifests(files map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != "NOTES.txt" && !strings.HasPrefix(name, "_") {
			fmt.Fprintf(&b, "--- # %s\n%s", name, files[name])
		}
	}
	return b.String()
}

// eachValues runs the test on every values file and what the chart makes of it.
func eachValues(t *testing.T, test func(t *testing.T, name string, files map[string]string)) {
	t.Helper()
	paths, err := filepath.Glob("testdata/values/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("found %d values files: %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			files, err := render(read(t, path))
			if err != nil {
				t.Fatal(err)
			}
			test(t, name, files)
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestGolden compares with testdata/golden; -update writes it.
func TestGolden(t *testing.T) {
	eachValues(t, func(t *testing.T, name string, files map[string]string) {
		path, got := filepath.Join("testdata/golden", name+".yaml"), manifests(files)
		if *update {
			write(t, path, got)
			return
		}
		if want := read(t, path); got != want {
			t.Errorf("differs from %s: see git diff after go test -run TestGolden -update", path)
		}
	})
}

// TestNoGoldenIsLeftOver finds renderings whose values file is gone.
func TestNoGoldenIsLeftOver(t *testing.T) {
	paths, err := filepath.Glob("testdata/golden/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if _, err := os.Stat(filepath.Join("testdata/values", filepath.Base(path))); err != nil {
			t.Error(err)
		}
	}
}

func TestLint(t *testing.T) {
	eachValues(t, func(t *testing.T, name string, _ map[string]string) {
		values, err := chartutil.ReadValues([]byte(read(t, filepath.Join("testdata/values", name+".yaml"))))
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range lint.AllWithKubeVersion(chartDir, values, "web", nil).Messages {
			if message.Severity > support.InfoSev {
				t.Error(message)
			}
		}
	})
}

// TestNotes holds the warnings to where they are true.
func TestNotes(t *testing.T) {
	warns(t, "trustedProxies", map[string]bool{
		"brokers: [tcp://mq]":                                                                          false,
		"{brokers: [tcp://mq], ingress: {enabled: true}}":                                              true,
		"{brokers: [tcp://mq], httpRoute: {enabled: true, parentRefs: [{name: edge}]}}":                true,
		"{brokers: [tcp://mq], ingress: {enabled: true}, trustedProxies: [10.0.0.0/8]}":                false,
		"{brokers: [tcp://mq], ingress: {enabled: true}, settings: {PROXY_PROTOCOL_FROM: 10.0.0.0/8}}": false,
	})
	warns(t, "sticky", map[string]bool{
		"brokers: [tcp://mq]":                                                                            false,
		"{brokers: [tcp://mq], ingress: {enabled: true}}":                                                true,
		"{brokers: [tcp://mq], ingress: {enabled: true}, replicaCount: 1}":                               false,
		"{brokers: [tcp://mq], ingress: {enabled: true}, settings: {SOCKJS: false}}":                     false,
		"{brokers: [tcp://mq], ingress: {enabled: true}, cluster: {enabled: true, secret: {name: s}}}":   false,
		"{brokers: [tcp://mq], ingress: {enabled: true}, replicaCount: 1, autoscaling: {enabled: true}}": true,
	})
}

// warns renders each of the values, and tells where the notes have a word and
// should not, or the other way round.
func warns(t *testing.T, word string, wanted map[string]bool) {
	t.Helper()
	for values, want := range wanted {
		files, err := render(values)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(files["NOTES.txt"], word); got != want {
			t.Errorf("%s: the notes warn of %q: %v, want %v", values, word, got, want)
		}
	}
}
