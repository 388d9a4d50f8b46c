package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stompgw/stompgw/policy"
)

const policyTestUsage = `Usage: stompgw policy-test [flags] cases.yaml ...

Asks a policy about tables of cases, for CI, and exits with 1 where one comes out
otherwise. docs/policy.md says what stands in a cases file.

Flags:
`

// policyTest asks a policy about the cases in some files.
func policyTest(environ, args []string, stdout io.Writer) error {
	flags := newFlags("policy-test", policyTestUsage, stdout)
	file := flags.String("policy", "", "the policy `file` (default: what the cases name, or STOMPGW_POLICY_FILE)")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return usageError{errors.New("expected a file of cases")}
	}
	different, total := 0, 0
	for _, name := range flags.Args() {
		n, of, err := runCases(environ, *file, name, stdout)
		if err != nil {
			return err
		}
		different, total = different+n, total+of
	}
	if different > 0 {
		return fmt.Errorf("%d of %d cases came out otherwise", different, total)
	}
	fmt.Fprintf(stdout, "All %d cases came out as they should.\n", total)
	return nil
}

// runCases asks about the cases of one file and shows those that came out
// otherwise. A policy that the cases name is beside them.
func runCases(environ []string, file, name string, stdout io.Writer) (different, total int, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return 0, 0, fmt.Errorf("read the cases: %w", err)
	}
	cases, err := policy.ParseCases(name, data)
	if err != nil {
		return 0, 0, err
	}
	if file == "" && cases.File != "" {
		if file = cases.File; !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(name), file)
		}
	}
	if file == "" {
		var dialect string
		if err := fromEnvironment(environ, &file, &dialect); err != nil {
			return 0, 0, err
		}
	}
	p, err := readPolicy(file)
	if err != nil {
		return 0, 0, err
	}
	list, err := cases.Run(p)
	for _, d := range list {
		fmt.Fprintln(stdout, d)
	}
	return len(list), cases.Len(), err
}
