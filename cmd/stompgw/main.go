// Command stompgw lets browsers speak STOMP over WebSocket to a broker that
// speaks it over TCP.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/policy"
)

// version is set when a release is built.
var version = "dev"

const usage = `stompgw lets browsers speak STOMP over WebSocket to a broker that speaks it over TCP.

Usage:
  stompgw [serve]       serve, as the STOMPGW_ variables of the environment say
  stompgw demo          serve a broker in memory and a page to try it with
  stompgw check         say what is wrong with the configuration and the policy, and exit
  stompgw explain       say what the policy makes of a frame, and why (explain -h)
  stompgw policy-test   ask the policy about a table of cases (policy-test -h)
  stompgw healthcheck   ask the running gateway's /readyz, and exit
  stompgw version       print the version
  stompgw help          print this

The least it needs is where the broker is:
  STOMPGW_BROKERS=tcp://broker:61613 stompgw
All settings are in docs/configuration.md.
`

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // wrong arguments, or a wrong configuration
)

func main() {
	ctx, stop := untilSignal(context.Background())
	status := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main without the process: what it is given is all that it knows. The
// context ends serving in order.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	if len(args) > 1 && command != "explain" && command != "policy-test" {
		fmt.Fprintf(stderr, "stompgw: %s takes no arguments\n\n%s", command, usage)
		return exitUsage
	}
	var err error
	switch command {
	case "serve":
		err = serve(ctx, environ, stderr)
	case "demo":
		err = serveDemo(ctx, environ, stdout, stderr)
	case "check":
		err = check(environ, stdout)
	case "explain":
		err = explain(environ, args[1:], stdout)
	case "policy-test":
		err = policyTest(environ, args[1:], stdout)
	case "healthcheck":
		err = healthcheck(ctx, environ, stdout)
	case "version", "--version", "-version":
		fmt.Fprintf(stdout, "stompgw %s (%s, %s/%s)\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	case "help", "--help", "-help", "-h":
		fmt.Fprint(stdout, usage)
	default:
		fmt.Fprintf(stderr, "stompgw: unknown command %q\n\n%s", command, usage)
		return exitUsage
	}
	var mistakes config.Mistakes
	var mistake *policy.Mistake
	var usage usageError
	var all wrong
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &all):
		all.print(stderr)
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "stompgw: %s: %v\n", command, err)
		return exitUsage
	case errors.As(err, &mistake):
		fmt.Fprintf(stderr, "stompgw: mistakes in the policy:\n%v\n", err)
		return exitUsage
	case errors.As(err, &mistakes):
		fmt.Fprintf(stderr, "stompgw: the configuration is wrong:\n%s\n", mistakes)
		return exitUsage
	case err != nil:
		fmt.Fprintf(stderr, "stompgw: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// parse reads the gateway's own settings, and OpenTelemetry's as far as they can be
// wrong. The error has the type wrong.
func parse(environ []string) (config.Config, error) {
	var w wrong
	conf, err := config.Parse(environ)
	w.add(err)
	_, err = tracingWanted(environ)
	w.add(err)
	return conf, w.err()
}

// check says whether the configuration is good, and what it comes to.
func check(environ []string, stdout io.Writer) error {
	conf, err := parse(environ)
	if err != nil {
		return err
	}
	var w wrong
	_, err = newBrokers(conf, nil, func(error) {})
	w.add(err)
	a, err := newAuthenticator(conf, func(error) {})
	w.add(err)
	if a != nil {
		a.Close()
	}
	if conf.Policy.File != "" {
		_, err = readPolicy(conf.Policy.File)
		w.add(err)
	}
	if len(w) > 0 {
		return w
	}
	fmt.Fprintf(stdout, "The configuration is good:\n%s\n", conf)
	return nil
}

// buildVersion gives the release, or else what the module was built from.
func buildVersion() string {
	if version != "dev" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}
