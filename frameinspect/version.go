package frameinspect

import (
	"bytes"
	"strings"
)

// Version is a version of the STOMP protocol. The zero value means that none is
// negotiated yet.
type Version uint8

// The versions this package reads and writes.
const (
	V10 Version = 10
	V11 Version = 11
	V12 Version = 12
)

// String gives the version as it stands in the accept-version header.
func (v Version) String() string {
	switch v {
	case V10:
		return "1.0"
	case V11:
		return "1.1"
	case V12:
		return "1.2"
	}
	return "none"
}

// ParseVersion reads a version as it stands in the version header of CONNECTED.
func ParseVersion(text string) (Version, bool) {
	switch text {
	case "1.0":
		return V10, true
	case "1.1":
		return V11, true
	case "1.2":
		return V12, true
	}
	return 0, false
}

// Versions is a set of protocol versions.
type Versions uint8

// Has tells whether v is in the set.
func (s Versions) Has(v Version) bool { return s&bit(v) != 0 }

func bit(v Version) Versions { return 1 << (v - V10) }

// String lists the set, lowest first, as the accept-version header wants it.
func (s Versions) String() string {
	var names []string
	for _, v := range []Version{V10, V11, V12} {
		if s.Has(v) {
			names = append(names, v.String())
		}
	}
	return strings.Join(names, ",")
}

// ParseAcceptVersion reads the value of an accept-version header. Versions that
// are not known are passed over; the result is zero when none is known (STOMP
// 1.2, "Protocol Negotiation").
func ParseAcceptVersion(value []byte) Versions {
	var set Versions
	for item := range bytes.SplitSeq(value, []byte(",")) {
		if v, ok := ParseVersion(string(bytes.TrimSpace(item))); ok {
			set |= bit(v)
		}
	}
	return set
}
