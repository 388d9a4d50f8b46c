package config

import (
	"net/url"
	"strings"
)

// isScriptURL takes what can stand in a script's src and in a content security
// policy: no blanks, no quotes, no list separators.
func isScriptURL(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Fragment != "" || strings.ContainsAny(s, " ;,'\"<>\\") {
		return false
	}
	if u.Scheme == "" {
		return u.Host == "" && strings.HasPrefix(u.Path, "/")
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
