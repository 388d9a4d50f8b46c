package main

import (
	"context"
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
}

// build compiles the gateway as the Dockerfile and the Makefile do. -trimpath
// keeps the build's folders out of the bytes, and without cgo nothing of the
// machine's C comes in.
func (r release) build(ctx context.Context, arch string) (program, error) {
	p := program{arch: arch, name: "stompgw-linux-" + arch}
	var err error
	if p.path, err = filepath.Abs(r.path(p.name)); err != nil {
		return p, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=auto",
		"-ldflags", "-s -w -X main.version="+r.version, "-o", p.path, "./cmd/stompgw")
	cmd.Dir = r.source
	cmd.Env = append(os.Environ(), r.env...)
	// What a developer has set to his liking must not show in a release.
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=-mod=readonly", "GOWORK=off",
		"GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "GODEBUG=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return p, fmt.Errorf("build %s: %w\n%s", p.name, err, out)
	}
	return p, nil
}
