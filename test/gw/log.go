package gw

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Entry is one line of the gateway's log.
type Entry map[string]any

// String is the field as text, empty when it is not there.
func (e Entry) String(field string) string {
	if v, ok := e[field]; ok {
		return fmt.Sprint(v)
	}
	return ""
}

// Log returns the lines that the gateway has logged so far. A line that is not JSON becomes an entry with the one
// field "text".
func (g *Gateway) Log() ([]Entry, error) {
	text, err := os.ReadFile(g.log)
	if err != nil {
		return nil, err
	}
	var all []Entry
	for line := range bytes.Lines(text) {
		var e Entry
		if json.Unmarshal(line, &e) != nil {
			e = Entry{"text": string(line)}
		}
		all = append(all, e)
	}
	return all, nil
}

// LogText is everything that the gateway printed.
func (g *Gateway) LogText() string {
	text, err := os.ReadFile(g.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
