package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// program is one binary.
type program struct {
	arch string
	name string // of the file
	path string
	info *buildinfo.BuildInfo // what the linker wrote into it
}

// inspect reads what is in a binary of the release.
func (r release) inspect(arch string) (program, error) {
	p := program{arch: arch, name: "stompgw-linux-" + arch}
	p.path = r.path(p.name)
	var err error
	if p.info, err = buildinfo.ReadFile(p.path); err != nil {
		return p, fmt.Errorf("read what is in %s: %w", p.name, err)
	}
	return p, nil
}

// setting gives one of the build's settings, "" where there is none.
func (p program) setting(key string) string {
	for _, s := range p.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// build compiles the gateway as the Dockerfile and the Makefile do. -trimpath
// keeps the build's folders out of the bytes, and without cgo nothing of the
// machine's C comes in.
func (r release) build(ctx context.Context, arch string) (program, error) {
	path, err := filepath.Abs(r.path("stompgw-linux-" + arch))
	if err != nil {
		return program{}, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=auto",
		"-ldflags", "-s -w -X main.version="+r.version, "-o", path, "./cmd/stompgw")
	cmd.Dir = r.source
	cmd.Env = append(os.Environ(), r.env...)
	// What a developer has set to his liking must not show in a release.
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=-mod=readonly", "GOWORK=off",
		"GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "GODEBUG=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return program{}, fmt.Errorf("build for %s: %w\n%s", arch, err, out)
	}
	return r.inspect(arch)
}
