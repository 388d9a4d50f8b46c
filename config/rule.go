package config

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// rule is what is expected of one variable's value.
type rule struct {
	form    string         // completes "expected …", and is the reference's column
	example string         // "" where the form says enough
	ok      func(any) bool // nil takes whatever parses
}

func (r rule) expected() string {
	if r.example == "" {
		return r.form
	}
	return r.form + ", such as " + r.example
}

func (r rule) holds(value any) bool { return r.ok == nil || r.ok(value) }

// duration takes durations from least to most.
func duration(least, most time.Duration, example string) rule {
	return rule{
		form:    "a duration from " + short(least) + " to " + short(most),
		example: example,
		ok:      within(least, most),
	}
}

// durationOrOff is duration, where 0 is taken too and switches something off.
func durationOrOff(least, most time.Duration, example string) rule {
	r := duration(least, most, example)
	r.form = "0 (off) or " + r.form
	inside := r.ok
	r.ok = func(v any) bool { return v.(time.Duration) == 0 || inside(v) }
	return r
}

// size takes sizes from least to most.
func size(least, most Size, example string) rule {
	return rule{form: "a size from " + least.String() + " to " + most.String(), example: example, ok: within(least, most)}
}

// count takes whole numbers from least to most.
func count(least, most int) rule {
	return rule{form: "a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most), ok: within(least, most)}
}

func within[T cmp.Ordered](least, most T) func(any) bool {
	return func(v any) bool { return v.(T) >= least && v.(T) <= most }
}

// oneOf takes the words of a named string type.
func oneOf[T ~string](words ...T) rule {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return rule{form: b.String(), ok: func(v any) bool {
		for _, w := range words {
			if v.(T) == w {
				return true
			}
		}
		return false
	}}
}

var (
	boolean   = rule{form: "true or false"}
	heartBeat = rule{form: "what the gateway can send and what it wants to receive, each 0 or a duration from 1s to 1h", example: "10s,10s"}
	pemFile   = rule{form: "a readable PEM file"}
	anyFile   = rule{form: "a readable file"}
	logFile   = rule{form: "a file to append to"}
	origins   = rule{form: originForm}
	proxies   = rule{form: proxyForm}
	paths     = rule{form: pathForm}
	addresses = rule{form: addressForm, example: ":8080"}
	transport = rule{form: transportForm}
	peers     = rule{form: peerForm}

	connectHeaders = rule{form: connectHeaderForm}

	endpoints = rule{form: endpointForm, ok: func(v any) bool { return len(v.([]Endpoint)) > 0 }}

	fileMode = rule{form: "an octal mode from 0600 to 0777", example: "0660", ok: func(v any) bool {
		return v.(FileMode) >= 0o600 && v.(FileMode) <= 0o777
	}}
	scriptURL = rule{form: "an http or https URL, or a path on this host", example: "/sockjs.min.js", ok: func(v any) bool {
		return isScriptURL(v.(string))
	}}
	hostName = rule{form: "a host name or an IP address", ok: func(v any) bool {
		return v.(string) == "" || isHost(v.(string))
	}}
	hostNames = rule{form: hostNamesForm}
	token     = rule{form: "at least 16 visible ASCII characters", ok: func(v any) bool {
		s := v.(Secret)
		return !s.IsSet() || isToken(s.Reveal())
	}}
	headerValue = rule{form: "text without CR, LF or NUL", ok: func(v any) bool {
		if s, ok := v.(Secret); ok {
			v = s.Reveal()
		}
		return !strings.ContainsAny(v.(string), "\r\n\x00")
	}}
)

// clusterSecret takes what cannot be guessed: whoever connects can try.
var clusterSecret = rule{form: "at least 32 characters", ok: func(v any) bool {
	s := v.(Secret)
	return !s.IsSet() || len(s.Reveal()) >= 32
}}

// hostPortOrOff is hostPort, where nothing is taken too and switches something off.
func hostPortOrOff(example string) rule {
	r := hostPort(example)
	given := r.ok
	r.ok = func(v any) bool { return v.(string) == "" || given(v) }
	return r
}

// hostPort takes addresses to listen on.
func hostPort(example string) rule {
	return rule{form: "host:port", example: example, ok: func(v any) bool { return isHostPort(v.(string)) }}
}

// short writes a duration without the zeroes that Duration.String ends in: 10m,
// not 10m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-len("0s")]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-len("0m")]
	}
	return s
}
