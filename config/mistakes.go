package config

import (
	"fmt"
	"regexp"
	"strings"
)

// Mistake is one variable whose value cannot stand.
type Mistake struct {
	Variable string // with the prefix
	Value    string // *** where it is a secret, or might be one
	Expected string // completes "expected …"
}

// String gives one line, such as
// STOMPGW_LISTEN="abc": expected host:port, such as :8080.
func (m Mistake) String() string {
	return fmt.Sprintf("%s=%q: expected %s", m.Variable, m.Value, m.Expected)
}

// Mistakes is every mistake of an environment, in the order of the reference,
// unknown variables last.
type Mistakes []Mistake

// Error gives one line per mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, mistake := range m {
		lines[i] = mistake.String()
	}
	return strings.Join(lines, "\n")
}

// login is the part of a URL that can hold a passcode, up to the last @, since
// a passcode may hold one too.
var login = regexp.MustCompile(`(?s)://.*@`)

// shown gives value as a mistake may show it: without what people put where it
// does not belong, a login in a URL or a key in place of its file's name.
func shown(value string) string {
	const most = 200
	if strings.Contains(value, "-----BEGIN") {
		return redacted
	}
	value = login.ReplaceAllString(value, "://"+redacted+"@")
	if len(value) > most {
		value = strings.ToValidUTF8(value[:most], "") + "…"
	}
	return value
}
