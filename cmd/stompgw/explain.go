package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/policy"
)

const explainUsage = `Usage: stompgw explain [flags] COMMAND [destination] [name:value ...]

Says what the policy makes of a frame, which rule decides, and which come near.
It asks no broker and no gateway. It exits with 0 for a frame that is allowed, and
with 1 for one that is denied.

  stompgw explain --policy policy.yaml --dialect rabbitmq --as claims.json SEND /queue/orders x-tenant:acme

Flags:
`

// usageError is a mistake in a command's arguments.
type usageError struct{ error }

// errDenied tells by the exit status that the frame is denied.
var errDenied = errors.New("the frame is denied")

// explain says what the policy makes of one frame.
func explain(environ, args []string, stdout io.Writer) error {
	flags := newFlags("explain", explainUsage, stdout)
	file := flags.String("policy", "", "the policy `file` (default: STOMPGW_POLICY_FILE)")
	as := flags.String("as", "", "a JSON `file` of the principal's claims; - is standard input")
	name := flags.String("name", "", "the principal's `name` (default: the claim sub)")
	method := flags.String("method", string(auth.JWT), "how the principal was authenticated: a `word` as in the policy")
	dialect := flags.String("dialect", "", "the broker's `dialect` (default: STOMPGW_BROKER_DIALECT, or auto)")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	head, err := policy.ParseFrame(flags.Args())
	if err != nil {
		return usageError{err}
	}
	if *file == "" || *dialect == "" {
		if err := fromEnvironment(environ, file, dialect); err != nil {
			return err
		}
	}
	d, ok := broker.ParseDialect(*dialect)
	if !ok {
		return usageError{fmt.Errorf("%q is no dialect: expected auto, rabbitmq, activemq, artemis, hornetq or apollo", *dialect)}
	}
	p, err := readPolicy(*file)
	if err != nil {
		return err
	}
	id := &auth.Identity{Principal: auth.Principal{Name: *name, Method: auth.Method(*method)}}
	if id.Claims, err = readClaims(*as); err != nil {
		return err
	}
	if sub, ok := id.Claims["sub"].(string); ok && id.Name == "" {
		id.Name = sub
	}
	x, err := p.Explain(id, d, head)
	if err != nil {
		return err
	}
	fmt.Fprint(stdout, x)
	if !x.Verdict.Allow {
		return errDenied
	}
	return nil
}

// newFlags gives the flags of a command, which explain themselves on stdout.
func newFlags(name, usage string, stdout io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error says what is wrong
	flags.Usage = func() {
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, usage)
		flags.PrintDefaults()
		flags.SetOutput(io.Discard)
	}
	return flags
}

func parseFlags(flags *flag.FlagSet, args []string) error {
	usage := flags.Usage
	flags.Usage = func() {}
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		usage()
		return err
	case err != nil:
		return usageError{err}
	}
	return nil
}

// fromEnvironment fills in what no flag said from the gateway's own settings. A
// policy can be tried without them, so where its file is named only the dialect is
// taken from them, for what it is.
func fromEnvironment(environ []string, file, dialect *string) error {
	if *file != "" {
		*dialect = "auto"
		for _, pair := range environ {
			if value, ok := strings.CutPrefix(pair, "STOMPGW_BROKER_DIALECT="); ok {
				*dialect = cmp.Or(value, "auto")
			}
		}
		return nil
	}
	conf, err := config.Parse(environ)
	if err != nil {
		return fmt.Errorf("without --policy the gateway's own settings count:\n%w", err)
	}
	if conf.Policy.File == "" {
		return usageError{errors.New("no policy is named: expected --policy or STOMPGW_POLICY_FILE")}
	}
	*file = conf.Policy.File
	if *dialect == "" {
		*dialect = string(conf.Credentials.Dialect)
	}
	return nil
}

// readPolicy reads a policy file.
func readPolicy(file string) (*policy.Policy, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	return policy.Parse(file, data)
}

// readClaims reads a JSON object of claims; none where no file is named.
func readClaims(file string) (map[string]any, error) {
	if file == "" {
		return nil, nil
	}
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(os.Stdin)
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the claims: %w", err)
	}
	var claims map[string]any
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&claims); err != nil {
		return nil, fmt.Errorf("read the claims: %s is no JSON object: %w", file, err)
	}
	return claims, nil
}
