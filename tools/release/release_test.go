package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"go.uber.org/goleak"
)

const testVersion = "1.2.3-test"

// made is a release that the tests share; dir is removed at the end.
var made struct {
	sync.Once
	dir string
	err error
}

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(made.dir) // empty where no test made it
		os.Exit(code)
	}))
}

// aRelease gives the folder of a release.
func aRelease(t *testing.T) string {
	t.Helper()
	made.Do(func() {
		if made.dir, made.err = os.MkdirTemp("", "stompgw-release-"); made.err != nil {
			return
		}
		r := release{version: testVersion, source: clone(t), out: filepath.Join(made.dir, "dist"), architectures: []string{"amd64", "arm64"}}
		made.err = r.make(context.Background())
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	return filepath.Join(made.dir, "dist")
}

// clone gives a folder of its own with the last commit, so that the binaries have
// a commit to name; where there is no Git, what is checked out.
func clone(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "stompgw")
	if out, err := exec.CommandContext(t.Context(), "git", "clone", "-q", "--no-hardlinks", "../..", dir).CombinedOutput(); err != nil {
		t.Logf("the checkout is built as it is: %v %s", err, out)
		return "../.."
	}
	return dir
}

// TestReproducible builds once more, in another folder and, unless it shall be
// short, with nothing cached.
func TestReproducible(t *testing.T) {
	first := aRelease(t)
	again := release{version: testVersion, source: clone(t), out: filepath.Join(t.TempDir(), "again"), architectures: []string{"amd64"}}
	if !testing.Short() {
		again.env = []string{"GOCACHE=" + t.TempDir()}
	}
	if err := again.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"stompgw-linux-amd64", "stompgw-linux-amd64.cdx.json"} {
		if got, want := sum(t, again.out, name), sum(t, first, name); got != want {
			t.Errorf("%s is %s the second time, it was %s", name, got, want)
		}
	}
}

// TestImageIsReproducible makes the image twice of the same programs.
func TestImageIsReproducible(t *testing.T) {
	dir := aRelease(t)
	var programs []program
	for _, arch := range []string{"amd64", "arm64"} {
		p, err := release{out: dir}.inspect(arch)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	again := release{version: testVersion, out: t.TempDir()}
	if err := again.writeImage(programs); err != nil {
		t.Fatal(err)
	}
	if got, want := sum(t, again.out, "stompgw-image.tar"), sum(t, dir, "stompgw-image.tar"); got != want {
		t.Errorf("the image is %s the second time, it was %s", got, want)
	}
}

func sum(t *testing.T, dir, name string) string {
	t.Helper()
	s, err := sumOf(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSums lets sha256sum check them, and finds files that it would not.
func TestSums(t *testing.T) {
	dir := aRelease(t)
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", sumsFile)
	check.Dir = dir
	out, err := check.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != sumsFile && !strings.Contains(string(out), e.Name()+": OK\n") {
			t.Errorf("%s has no checksum", e.Name())
		}
	}
}

// TestPrograms has them static, stripped of the machine's paths, and telling their
// version and commit.
func TestPrograms(t *testing.T) {
	dir := aRelease(t)
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		path := filepath.Join(dir, "stompgw-linux-"+arch)
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		for key, want := range map[string]string{"GOOS": "linux", "GOARCH": arch, "CGO_ENABLED": "0", "-trimpath": "true"} {
			if settings[key] != want {
				t.Errorf("%s: %s is %q, want %q", arch, key, settings[key], want)
			}
		}
		if _, err := os.Stat("../../.git"); err == nil && len(settings["vcs.revision"]) != 40 {
			t.Errorf("%s: the commit is %q", arch, settings["vcs.revision"])
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range []string{made.dir, os.TempDir() + "/Test", strings.TrimSpace(string(goroot))} {
			if strings.Contains(string(text), folder+"/") {
				t.Errorf("%s names the folder %s", arch, folder)
			}
		}
		if arch != runtime.GOARCH || runtime.GOOS != "linux" {
			continue
		}
		out, err := exec.CommandContext(t.Context(), path, "version").CombinedOutput()
		if err != nil || !strings.Contains(string(out), testVersion) {
			t.Errorf("stompgw version: %q, %v", out, err)
		}
	}
}

// TestSBOM reads it back and holds it against the binary.
func TestSBOM(t *testing.T) {
	dir := aRelease(t)
	f, err := os.Open(filepath.Join(dir, "stompgw-linux-arm64.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(f, cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	if got, want := (*bom.Metadata.Component.Hashes)[0].Value, sum(t, dir, "stompgw-linux-arm64"); got != want {
		t.Errorf("it is of a binary %s, not of %s", got, want)
	}
	info, err := buildinfo.ReadFile(filepath.Join(dir, "stompgw-linux-arm64"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(*bom.Components), len(info.Deps)+1; got != want {
		t.Errorf("%d components, want %d: the modules and Go's own library", got, want)
	}
	var names []string
	for _, c := range *bom.Components {
		names = append(names, c.Name)
		if c.Version == "" || !strings.HasPrefix(c.PackageURL, "pkg:golang/"+c.Name+"@") {
			t.Errorf("component %+v", c)
		}
	}
	for _, want := range []string{"std", "github.com/gobwas/ws", "go.uber.org/zap", "github.com/caarlos0/env/v11"} {
		if !slices.Contains(names, want) {
			t.Errorf("no component %s in %v", want, names)
		}
	}
	if bom.SerialNumber != "" || bom.Metadata.Timestamp != "" {
		t.Error("a serial number or a time makes it another file each time")
	}
	if text, _ := json.Marshal(bom); strings.Contains(string(text), os.TempDir()) { // what was just decoded can be encoded
		t.Error("it names a folder of the build")
	}
}

func TestRefused(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "old"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, version, out, want string }{
		{"no version", "", "x", `version "": expected one such as 1.2.3`},
		{"a version with a flag in it", "1 -X main.x=y", "x", "expected one such as"},
		{"a folder that holds something", "1.0.0", full, full + " is not empty: a release does not mix with an earlier one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := run(t.Context(), []string{"-version", tt.version, "-out", tt.out})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
