package config

import (
	"fmt"
	"net/netip"
	"reflect"
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
	if d, ok := value.(time.Duration); ok {
		return short(d)
	}
	list := reflect.ValueOf(value)
	if list.Kind() != reflect.Slice {
		return fmt.Sprint(value)
	}
	items := make([]string, list.Len())
	for i := range items {
		items[i] = fmt.Sprint(list.Index(i).Interface())
		if list.Index(i).Interface() == any(netip.Prefix{}) {
			items[i] = unixPeers
		}
	}
	return strings.Join(items, ",")
}
