package gateway

import "strings"

// standardHops reads Forwarded headers (RFC 7239, section 4), the farthest hop
// first. One that is malformed gives nothing, and so does none.
func standardHops(values []string) (hops []forwarded, ok bool) {
	rest := strings.Join(values, ",")
	for hop := (forwarded{}); strings.TrimSpace(rest) != ""; {
		name, value, after, ok := forwardedPair(rest)
		if !ok {
			return nil, false
		}
		switch strings.ToLower(name) {
		case "for":
			hop.client = parseNode(value)
		case "proto":
			hop.scheme = knownScheme(value)
		case "host":
			hop.host = value
		}
		if after == "" || after[0] == ',' {
			hops = append(hops, hop)
			hop = forwarded{}
		}
		rest = strings.TrimLeft(after, ",;")
	}
	return hops, len(hops) > 0
}

// forwardedPair reads name=value from the front of s, and gives what follows,
// which begins with the separator.
func forwardedPair(s string) (name, value, after string, ok bool) {
	name, s, ok = strings.Cut(strings.TrimLeft(s, " \t"), "=")
	if !ok || name == "" || strings.ContainsAny(name, `",; `) {
		return "", "", "", false
	}
	if strings.HasPrefix(s, `"`) {
		value, after, ok = quotedString(s)
	} else if end := strings.IndexAny(s, ",;"); end < 0 {
		value, after = strings.TrimRight(s, " \t"), ""
	} else {
		value, after = strings.TrimRight(s[:end], " \t"), s[end:]
	}
	if strings.Contains(value, `"`) && !strings.HasPrefix(s, `"`) {
		return "", "", "", false
	}
	after = strings.TrimLeft(after, " \t")
	return name, value, after, ok && (after == "" || after[0] == ',' || after[0] == ';')
}

// quotedString reads a quoted-string (RFC 9110, section 5.6.4) from the front of
// s, which begins with its quote.
func quotedString(s string) (value, after string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
