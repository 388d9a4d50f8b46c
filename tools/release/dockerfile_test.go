package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// TestDockerfileBuilds runs the Dockerfile's build on what .dockerignore leaves of the
// checkout, as there is no Docker here: a line too many would take away what the
// build needs.
func TestDockerfileBuilds(t *testing.T) {
	const checkout = "../.."
	source, out := t.TempDir(), t.TempDir()
	ignored := dockerIgnore(t, filepath.Join(checkout, ".dockerignore"))
	all := os.DirFS(checkout)
	err := fs.WalkDir(all, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ignored(name) && entry.IsDir():
			return fs.SkipDir
		case ignored(name):
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(source, name), 0o755)
		}
		text, err := fs.ReadFile(all, name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(source, name), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(source, "test")); err == nil {
		t.Error("the tests would be sent, and whatever they have fetched")
	}
	build := exec.CommandContext(t.Context(), "/bin/sh", "-c", strings.ReplaceAll(dockerBuild(t, filepath.Join(checkout, "Dockerfile")), "/out/", out+"/"))
	build.Dir, build.Env = source, append(os.Environ(), "VERSION="+testVersion, "GOFLAGS=-mod=readonly", "GOWORK=off")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	text, err := exec.CommandContext(t.Context(), filepath.Join(out, "stompgw"), "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(text), "stompgw "+testVersion+" ") {
		t.Errorf("got %v, %q", err, text)
	}
}

// dockerBuild gives the command of the Dockerfile that compiles.
func dockerBuild(t *testing.T, file string) string {
	t.Helper()
	for line := range strings.Lines(read(t, file)) {
		if command, ok := strings.CutPrefix(line, "RUN "); ok && strings.Contains(command, "go build ") {
			return command
		}
	}
	t.Fatal("nothing is compiled")
	return ""
}

// dockerIgnore tells which files of the checkout Docker leaves out: a pattern is about
// a whole path, or behind **/ about a name in any folder.
func dockerIgnore(t *testing.T, file string) func(name string) bool {
	t.Helper()
	var patterns []string
	for line := range strings.Lines(read(t, file)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if name, _ := strings.CutPrefix(line, "**/"); strings.ContainsAny(line, "!\\") || strings.Contains(name, "**") || name != line && strings.Contains(name, "/") {
			t.Fatalf("this test does not know what %s means", line)
		}
		patterns = append(patterns, line)
	}
	return func(name string) bool {
		for _, pattern := range patterns {
			subject := name
			if anywhere, ok := strings.CutPrefix(pattern, "**/"); ok {
				pattern, subject = anywhere, path.Base(name)
			}
			if match, err := path.Match(pattern, subject); err != nil || match && name != "." {
				return true
			}
		}
		return false
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
