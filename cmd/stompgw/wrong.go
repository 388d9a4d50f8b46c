package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/policy"
)

// wrong is all that is wrong with the settings and with the files that they name.
// None of its members is one.
type wrong []error

// add takes in what a step found; nil is nothing.
func (w *wrong) add(err error) {
	var more wrong
	switch {
	case errors.As(err, &more):
		*w = append(*w, more...)
	case err != nil:
		*w = append(*w, err)
	}
}

// err gives nil where nothing is wrong.
func (w wrong) err() error {
	if len(w) == 0 {
		return nil
	}
	return w
}

// Error gives at least a line for each.
func (w wrong) Error() string { return errors.Join(w...).Error() }

// print says what is wrong, the policy's mistakes apart.
func (w wrong) print(out io.Writer) {
	var settings, rules []error
	for _, err := range w {
		var mistake *policy.Mistake
		if errors.As(err, &mistake) {
			rules = append(rules, err)
		} else {
			settings = append(settings, err)
		}
	}
	if len(settings) > 0 {
		fmt.Fprintf(out, "stompgw: the configuration is wrong:\n%v\n", errors.Join(settings...))
	}
	if len(rules) > 0 {
		fmt.Fprintf(out, "stompgw: mistakes in the policy:\n%v\n", errors.Join(rules...))
	}
}

// fileVariables says which variables name the files of auth's options.
var fileVariables = map[string]string{
	"UsersFile":            "STOMPGW_USERS_FILE",
	"JWT.KeySetFile":       "STOMPGW_JWT_JWKS_FILE",
	"Broker.PasscodesFile": "STOMPGW_BROKER_PASSCODE_MAP",
}

// named gives the errors of auth's options, with the variables' names where a file
// is wrong.
func named(err error) error {
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	var w wrong
	for _, err := range list {
		var file *auth.FileError
		if errors.As(err, &file) {
			err = fmt.Errorf("%s: %w", fileVariables[file.Option], file.Err)
		}
		w.add(err)
	}
	return w.err()
}
