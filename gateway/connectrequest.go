package gateway

import (
	"bytes"
	"slices"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// Credentials replace what clients say in CONNECT. An empty field leaves the
// client's own word.
type Credentials struct {
	Login    string
	Passcode string
	// Host is the virtual host.
	Host string
	// AllowMissingLogin leaves login and passcode out where the client gives none,
	// so that the broker's default user applies. Otherwise they are sent empty,
	// because RabbitMQ takes a client without a login for guest.
	AllowMissingLogin bool
}

// connectRequest is what a CONNECT frame asked for.
type connectRequest struct {
	versions  frameinspect.Versions // zero where the client speaks 1.0 without saying so
	heartBeat frameinspect.HeartBeat
	headers   [][2]string // the others, the first of each, in order
	receipt   []byte
}

// readConnect takes in the head of a CONNECT or STOMP frame, which is gone when
// its NUL comes.
func (s *session) readConnect(h *frameinspect.Head) error {
	receipt, _ := h.Get("receipt")
	s.connect = &connectRequest{receipt: bytes.Clone(receipt)}
	refuse := func(code frameinspect.Code, message string) error {
		return &frameinspect.Violation{Code: code, Message: message, Receipt: s.connect.receipt}
	}
	seen := map[string]bool{}
	for name, value := range h.All() {
		// Nothing is escaped in CONNECT, but RabbitMQ undoes escapes all the same, and
		// ends the connection without a word where a name has one that it does not know.
		if bytes.IndexByte(name, '\\') >= 0 {
			return refuse(frameinspect.CodeBadHeaderName, "a header name of CONNECT has a backslash")
		}
		if seen[string(name)] {
			continue // the first of a repeated header counts
		}
		seen[string(name)] = true
		switch string(name) {
		case "accept-version":
			s.connect.versions = frameinspect.ParseAcceptVersion(value)
			if s.connect.versions == 0 {
				const message = "none of the offered versions is spoken here"
				return &endingError{endBy(ProtocolError, message, nil).withError(errorFrame{
					code: codeUnsupportedVersion, message: message, version: "1.0,1.1,1.2", receipt: s.connect.receipt})}
			}
		case "heart-beat":
			var err error
			if s.connect.heartBeat, err = frameinspect.ParseHeartBeat(value); err != nil {
				return refuse(codeBadHeartBeat, err.Error())
			}
		case "content-length":
		default:
			s.connect.headers = append(s.connect.headers, [2]string{string(name), string(value)})
		}
	}
	return nil
}

// get gives what CONNECT said in a header.
func (r *connectRequest) get(name string) (string, bool) {
	for _, h := range r.headers {
		if h[0] == name {
			return h[1], true
		}
	}
	return "", false
}

// set says something else in a header.
func (r *connectRequest) set(name, value string) {
	r.remove(name)
	r.headers = append(r.headers, [2]string{name, value})
}

func (r *connectRequest) remove(names ...string) {
	r.headers = slices.DeleteFunc(r.headers, func(h [2]string) bool { return slices.Contains(names, h[0]) })
}

// present makes the request say what the broker may know: credentials and
// virtual host as the gateway decides, and of the other headers those that pass.
func (r *connectRequest) present(o *Options) {
	if o.ConnectHeaders != nil {
		r.headers = slices.DeleteFunc(r.headers, func(h [2]string) bool {
			return !slices.Contains(standardConnectHeaders, h[0]) && !slices.Contains(o.ConnectHeaders, h[0])
		})
	}
	c := o.Credentials
	_, hasLogin := r.get("login")
	switch {
	case c.Login != "":
		r.set("login", c.Login)
		r.set("passcode", c.Passcode)
		r.remove("host") // a fixed login is not for any virtual host that a client asks for
	case !hasLogin && !c.AllowMissingLogin:
		r.set("login", "")
		r.set("passcode", "")
	}
	if c.Host != "" {
		r.set("host", c.Host)
	}
}

// replace puts what the authenticator says in the place of the client's words.
func (r *connectRequest) replace(l *auth.BrokerLogin) {
	r.remove(l.Drop...)
	for _, h := range []struct {
		name string
		word auth.Word
	}{{"login", l.Login}, {"passcode", l.Passcode}, {"host", l.Host}} {
		switch {
		case h.word.Client:
		case h.name == "host" && h.word.Text == "":
			r.remove(h.name)
		default:
			r.set(h.name, h.word.Text)
		}
	}
}

// standardConnectHeaders are those that the specification names, and what it
// says of all frames.
var standardConnectHeaders = []string{"host", "login", "passcode", "receipt"}

// appendTo appends the CONNECT that the broker gets, with the gateway's own
// heart-beat.
func (r *connectRequest) appendTo(dst []byte, beat frameinspect.HeartBeat, d broker.Dialect) []byte {
	dst = append(dst, "CONNECT\n"...)
	if r.versions != 0 {
		dst = d.AppendConnectHeader(dst, "accept-version", r.versions.String())
	}
	// Brokers hold whoever promises heart-beats in 1.0, which has none, to its word.
	if r.versions.Has(frameinspect.V11) || r.versions.Has(frameinspect.V12) {
		dst = d.AppendConnectHeader(dst, "heart-beat", beat.String())
	}
	for _, name := range []string{"host", "login", "passcode"} {
		if value, ok := r.get(name); ok {
			dst = d.AppendConnectHeader(dst, name, value)
		}
	}
	for _, h := range r.headers {
		switch h[0] {
		case "login", "passcode", "host":
		default:
			dst = d.AppendConnectHeader(dst, h[0], h[1])
		}
	}
	return append(dst, '\n', 0)
}
