package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/trace"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/wire"
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

// login connects to a broker, says CONNECT there, and gives the client the
// answer. When it returns nil the session is connected and downstream runs.
func (s *session) login() (err error) {
	s.phase.Store(loggingIn)
	o := &s.gw.options
	ctx, cancel := context.WithTimeout(context.Background(), o.LoginTimeout)
	defer cancel()
	ctx, done := s.gw.tracing.login(ctx, s)
	defer func() { done(err) }()
	if err = s.authenticate(ctx); err != nil {
		return err
	}
	conn, target, err := s.gw.brokers.Dial(broker.WithClient(ctx, netip.AddrPortFrom(s.addr, s.port)))
	if err != nil {
		return s.unavailable("no broker can be reached now, try again later", err)
	}
	s.target = target
	deadline, _ := ctx.Deadline()
	conn.SetReadDeadline(deadline)
	if !s.setBroker(conn) {
		target.GivenUp()
		return errEndedInLogin
	}
	_, asked := s.gw.tracing.step(ctx, "CONNECT", trace.WithSpanKind(trace.SpanKindClient))
	answer, rest, err := s.ask(conn, target)
	conn.SetReadDeadline(time.Time{}) // before the look at how the session ended: whoever ends it sets another
	asked(err)
	switch {
	case s.how() != nil:
		target.GivenUp()
		return errEndedInLogin
	case errors.Is(err, os.ErrDeadlineExceeded):
		target.Unanswered(err)
		return s.unavailable("the broker does not answer now, try again later", err)
	case err != nil:
		target.Unanswered(err)
		return s.loginFailed("the broker does not answer as one", err)
	}
	return s.takeAnswer(answer, rest)
}

// ask says CONNECT and gives the broker's answer, and what came behind it.
func (s *session) ask(conn *wire.Conn, target *broker.Target) (answer, rest []byte, err error) {
	o := &s.gw.options
	request := s.connect.appendTo(nil, o.BrokerHeartBeat, target.Dialect())
	if _, err := conn.Write(request); err != nil {
		return nil, nil, fmt.Errorf("write CONNECT to %s: %w", target, err)
	}
	answer, rest, err = readFrame(conn, s.gw.pool, o.brokerLimits())
	if err != nil {
		err = fmt.Errorf("read the answer to CONNECT from %s: %w", target, err)
	}
	return answer, rest, err
}

var errEndedInLogin = errors.New("the session ended while it logged in")

func (s *session) unavailable(message string, cause error) error {
	return &endingError{endBy(BrokerUnavailable, message, cause).
		withError(errorFrame{code: codeBrokerUnavailable, message: message, receipt: s.connect.receipt})}
}

func (s *session) loginFailed(message string, cause error) error {
	return &endingError{endBy(BrokerLost, message, cause).
		withError(errorFrame{code: codeBrokerLost, message: message, receipt: s.connect.receipt})}
}

// takeAnswer acts on the broker's answer to CONNECT. rest came behind it.
func (s *session) takeAnswer(answer, rest []byte) error {
	head := frameinspect.NewScanner(frameinspect.Broker, frameinspect.Limits{})
	if _, _, err := head.Next(answer); err != nil {
		s.target.Unanswered(err)
		return s.loginFailed("the broker does not answer as one", err)
	}
	h := head.Head()
	s.watched("client", h)
	s.target.Answered(h.Text("server"))
	s.down.passed(1, len(answer), 0)
	switch h.Command {
	case frameinspect.CmdError:
		e := endBy(BrokerClosed, "the broker refused the login", fmt.Errorf("broker %s answered CONNECT with ERROR: %s", s.target, h.Text("message")))
		e.code = closeCodes[ProtocolError]
		if e.last = answer; !s.gw.options.KeepErrors {
			e.last = cleanError(answer)
		}
		return &endingError{e}
	case frameinspect.CmdConnected:
	default:
		return s.loginFailed("the broker does not answer as one", fmt.Errorf("broker %s answered CONNECT with %s", s.target, h.Command))
	}
	version, ok := broker.Version(h)
	if !ok || s.connect.versions == 0 && version != frameinspect.V10 || s.connect.versions != 0 && !s.connect.versions.Has(version) {
		return s.loginFailed("the broker speaks a version that nobody asked for", fmt.Errorf("broker %s answered CONNECT with version %q", s.target, h.Text("version")))
	}
	s.agree(version, h)
	if err := s.enter(); err != nil {
		return err
	}
	if err := s.greet(appendConnected(nil, h, version, s.offer())); err != nil {
		return err
	}
	s.connect = nil
	s.startDownstream(rest)
	return nil
}

// greet gives the client its CONNECTED.
func (s *session) greet(frame []byte) error {
	if s.client.messageType == TextMessages && !utf8.Valid(frame) {
		return &endingError{notText(errNotText)}
	}
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.client.send(frame)
}

// agree settles the version and the heart-beats of both legs.
func (s *session) agree(version frameinspect.Version, h *frameinspect.Head) {
	o := &s.gw.options
	s.version = version
	s.fromClient.SetVersion(version)
	s.fromClient.SetLimits(o.limits())
	if version == frameinspect.V10 {
		return
	}
	s.clientBeat = s.offer().Agree(s.connect.heartBeat)
	if value, ok := h.Get("heart-beat"); ok {
		if theirs, err := frameinspect.ParseHeartBeat(value); err == nil {
			s.brokerBeat = o.BrokerHeartBeat.Agree(theirs)
		}
	}
}

// offer is the heart-beat that the gateway offers the client: none where the leg
// has signs of life of its own.
func (s *session) offer() frameinspect.HeartBeat {
	if s.client.keepsItself() {
		return frameinspect.HeartBeat{}
	}
	return s.gw.options.ClientHeartBeat
}

// appendConnected appends the CONNECTED that the client gets: the broker's, with
// the heart-beat of the gateway.
func appendConnected(dst []byte, h *frameinspect.Head, version frameinspect.Version, beat frameinspect.HeartBeat) []byte {
	dst = append(dst, "CONNECTED\n"...)
	if version != frameinspect.V10 {
		dst = append(dst, "heart-beat:"+beat.String()+"\n"...)
	}
	for name, value := range h.All() {
		if strings.EqualFold(string(name), "heart-beat") || string(name) == "content-length" {
			continue
		}
		dst = append(dst, name...)
		dst = append(dst, ':')
		dst = append(dst, value...)
		dst = append(dst, '\n')
	}
	return append(dst, '\n', 0)
}

// readFrame reads one whole frame, which must fit into a buffer, and gives what
// came behind it too. Both are the caller's own.
func readFrame(c *wire.Conn, pool *wire.Pool, limits frameinspect.Limits) (frame, rest []byte, err error) {
	scanner := frameinspect.NewScanner(frameinspect.Broker, limits)
	var hold *wire.Buffer
	defer func() { pool.Put(hold) }()
	begin, scanned := 0, 0
	for {
		buf, err := c.Read(pool, hold)
		if err != nil {
			return nil, nil, err
		}
		hold = buf
		for scanned < len(buf.B) {
			event, n, err := scanner.Next(buf.B[scanned:])
			if err != nil {
				return nil, nil, err
			}
			scanned += n
			switch event {
			case frameinspect.HeartBeats:
				begin = scanned
			case frameinspect.FrameEnd:
				return bytes.Clone(buf.B[begin:scanned]), bytes.Clone(buf.B[scanned:]), nil
			}
		}
		if len(buf.B) == cap(buf.B) {
			return nil, nil, errors.New("the frame is too big")
		}
	}
}
