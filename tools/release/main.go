// Command release makes what is published: static binaries, what is in them
// (SBOM), an image, and the checksums of it all. The same commit, built by the
// same version of Go, gives the same bytes, wherever and whenever.
//
//	cd tools/release && go run . -version 1.2.3 -out ../../dist
//
// It needs Go and no Docker. Git, where it is there, tells the binaries their commit.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	version := flags.String("version", "", "the version, such as 1.2.3, without a v")
	source := flags.String("source", "../..", "the folder with the product's go.mod")
	out := flags.String("out", "../../dist", "the folder for what is made; it must be empty or not there")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r := release{version: *version, source: *source, out: *out, architectures: []string{"amd64", "arm64"}}
	return r.make(ctx)
}

// release is one release in the making.
type release struct {
	version       string
	source        string
	out           string
	architectures []string // of Linux
	env           []string // for the Go tool, besides what surrounds this program
}

// A version becomes part of linker flags, file names and labels.
var versionForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$`)

func (r release) make(ctx context.Context) error {
	if !versionForm.MatchString(r.version) {
		return fmt.Errorf("version %q: expected one such as 1.2.3", r.version)
	}
	if err := emptyFolder(r.out); err != nil {
		return err
	}
	var programs []program
	for _, arch := range r.architectures {
		p, err := r.build(ctx, arch)
		if err != nil {
			return err
		}
		if err := r.writeSBOM(p); err != nil {
			return err
		}
		programs = append(programs, p)
	}
	if err := r.writeImage(programs); err != nil {
		return err
	}
	return writeSums(r.out)
}

func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: a release does not mix with an earlier one", dir)
	}
	return nil
}

func (r release) path(name string) string { return filepath.Join(r.out, name) }
