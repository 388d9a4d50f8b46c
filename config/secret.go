package config

import (
	"fmt"
	"io"
)

// redacted stands for a secret wherever one would be shown.
const redacted = "***"

// Secret is a value that no formatting shows, whatever struct holds it: it sits
// behind a pointer, because fmt prints unexported fields without asking their
// methods.
type Secret struct{ value *string }

// NewSecret wraps s. An empty s is no secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{value: &s}
}

// IsSet says whether there is a secret.
func (s Secret) IsSet() bool { return s.value != nil }

// Reveal gives the secret itself, "" where there is none.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String gives ***, or "" where there is no secret.
func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return redacted
}

// Format writes String whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText gives String, so that no encoder shows the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes text as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// isToken says whether s can stand in an Authorization header and is long enough
// not to be guessed.
func isToken(s string) bool {
	const least = 16
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(s) >= least
}
