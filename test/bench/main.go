// Command bench measures stompgw against its rivals in the same run and
// prints the table of its performance goals.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the program: the benchmark itself, or one of the processes it
// starts of itself.
func run(args []string, in io.Reader, out, progress io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "copy":
			return runCopy(args[1], args[2])
		case "backend":
			return runBackend(args[1])
		case "generate":
			return runGenerator(in, out)
		}
	}
	return runBench(args, out, progress)
}

func runBench(args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var (
		quick    = flags.Bool("quick", false, "a smoke test: one short repeat of everything, under three minutes")
		repeats  = flags.Int("repeats", 0, "repeats of each figure (default 5, quick 1)")
		only     = flags.String("only", "", "figures to measure, separated by commas: "+strings.Join(keys(), ", "))
		against  = flags.String("subjects", "", "subjects to measure, separated by commas (default all)")
		jsonFile = flags.String("json", "", "also write every run to this file")
		gateway  = flags.String("stompgw", "", "a built gateway (default: built from the tree)")
		other    = flags.String("before", "", "another built gateway to measure beside it")
		env      = flags.String("env", "", "more settings of the gateway, NAME=value separated by spaces")
		sessions = flags.Int("sessions", 9900, "sessions of the idle figures")
	)
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	b := &bench{repeats: 5, progress: progress, gatewayEnv: strings.Fields(*env)}
	s := fullScale
	if *quick {
		s, b.repeats = quickScale, 1
	}
	if *repeats > 0 {
		b.repeats = *repeats
	}
	s.sessions = *sessions
	chosen, err := choose(figures(s), *only, *against)
	if err != nil {
		return err
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "stompgw-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	defer func() { b.broker.stop() }()
	if b.gateway = *gateway; b.gateway == "" {
		b.gateway, b.gatewayErr = buildGateway(ctx, b.dir)
		if b.gatewayErr != nil {
			fmt.Fprintln(progress, b.gatewayErr)
		}
	} else if b.gateway, err = filepath.Abs(b.gateway); err != nil {
		return err
	}

	if *other != "" {
		if b.before, err = filepath.Abs(*other); err != nil {
			return err
		}
		addBefore(chosen)
	}
	var all []*measured
	for _, f := range chosen {
		if ctx.Err() != nil {
			break // report what there is
		}
		all = append(all, b.measure(ctx, f))
	}
	var parsers parsing
	if *only == "" || slices.Contains(list(*only), parsersKey) {
		if parsers, err = parseParsers(ctx, b.repeats); err != nil {
			fmt.Fprintln(progress, err)
		}
	}
	writeReport(out, all, parsers, b.repeats)
	if *jsonFile != "" {
		return errors.Join(ctx.Err(), writeJSON(*jsonFile, all))
	}
	return ctx.Err()
}

// buildGateway builds the tree this module lies in, without the race detector.
func buildGateway(ctx context.Context, dir string) (string, error) {
	bin := filepath.Join(dir, "stompgw")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", bin, "./cmd/stompgw")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build stompgw: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return bin, nil
}

func keys() []string {
	var k []string
	for _, f := range figures(fullScale) {
		if !slices.Contains(k, f.key) {
			k = append(k, f.key)
		}
	}
	return append(k, parsersKey)
}

// parsersKey stands for the tree's own benchmarks of its parsers, see parse.go.
const parsersKey = "parsers"

// choose narrows the figures and their subjects to what was asked for.
func choose(all []figure, only, against string) ([]figure, error) {
	var chosen []figure
	for _, key := range list(only) {
		if !slices.Contains(keys(), key) {
			return nil, fmt.Errorf("unknown figure %q: expected some of %s", key, strings.Join(keys(), ", "))
		}
	}
	for _, f := range all {
		if only != "" && !slices.Contains(list(only), f.key) {
			continue
		}
		if against != "" {
			f.subjects = slices.DeleteFunc(slices.Clone(f.subjects), func(s string) bool {
				return !slices.Contains(list(against), s)
			})
		}
		chosen = append(chosen, f)
	}
	return chosen, nil
}

// addBefore measures the other gateway wherever the gateway is.
func addBefore(figures []figure) {
	for i, f := range figures {
		if at := slices.Index(f.subjects, "stompgw"); at >= 0 {
			figures[i].subjects = slices.Insert(slices.Clone(f.subjects), at+1, before)
		}
	}
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
