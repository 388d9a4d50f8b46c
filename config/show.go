package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Lines gives every variable with the value that counts, NAME=value, in the
// order of the reference. Secrets are shown as ***.
func (c Config) Lines() []string {
	var lines []string
	for _, f := range fieldsOf(&c) {
		lines = append(lines, f.name+"="+text(f.value.Interface()))
	}
	return lines
}

// String gives Lines as one text.
func (c Config) String() string { return strings.Join(c.Lines(), "\n") }

// text writes a value as its variable would have it.
func text(value any) string {
	switch v := value.(type) {
	case time.Duration:
		return short(v)
	case []string:
		return strings.Join(v, ",")
	case []Transport:
		items := make([]string, len(v))
		for i, t := range v {
			items[i] = string(t)
		}
		return strings.Join(items, ",")
	case []Endpoint:
		return join(v)
	case []HostName:
		return join(v)
	case []netip.Prefix:
		return join(v)
	default:
		return fmt.Sprint(v)
	}
}

func join[T fmt.Stringer](list []T) string {
	items := make([]string, len(list))
	for i, item := range list {
		items[i] = item.String()
	}
	return strings.Join(items, ",")
}
