package auth

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name of a principal, in bytes.
const maxName = 256

// lookupClaim gives a claim as text: a string, or a whole number that a float64
// holds exactly. A path such as realm.tenant goes into objects; a claim whose own
// name has dots in it comes first.
func lookupClaim(claims map[string]any, path string) (string, bool) {
	if v, ok := claims[path]; ok {
		return claimText(v)
	}
	name, rest, ok := strings.Cut(path, ".")
	if !ok {
		return "", false
	}
	inside, ok := claims[name].(map[string]any)
	if !ok {
		return "", false
	}
	return lookupClaim(inside, rest)
}

func claimText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case float64:
		const exact = 1 << 53
		return strconv.FormatFloat(v, 'f', 0, 64), v == math.Trunc(v) && math.Abs(v) < exact
	}
	return "", false
}

// checkName says why a name cannot stand in headers, logs and policies as it is.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case len(name) > maxName:
		return fmt.Errorf("the name has %d bytes, over %d", len(name), maxName)
	}
	return checkText(name)
}

// checkText says why a text would not be read alike by every broker: ActiveMQ
// trims white space, and a line break begins another header.
func checkText(s string) error {
	switch {
	case !utf8.ValidString(s):
		return errors.New("not UTF-8")
	case strings.TrimSpace(s) != s:
		return errors.New("white space at an end")
	case strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("a control character")
	}
	return nil
}
