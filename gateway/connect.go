package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/trace"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/wire"
)

// login proves who the client is, says CONNECT at a broker when it is its turn,
// and gives the client the answer. When it returns nil the session is connected and
// downstream runs.
func (s *session) login() (err error) {
	s.phase.Store(loggingIn)
	begin := time.Now()
	ctx, done := s.gw.tracing.login(context.Background(), s)
	defer func() { done(err) }()
	if err := s.authenticateWithin(ctx, s.gw.options.LoginTimeout); err != nil {
		return err
	}
	answer, rest, err := s.askBroker(ctx, s.gw.options.LoginTimeout-time.Since(begin))
	if err != nil {
		return err
	}
	return s.takeAnswer(answer, rest)
}

func (s *session) authenticateWithin(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return s.authenticate(ctx)
}

// askBroker connects to a broker, says CONNECT there and gives the answer, and
// what came behind it. The limit counts from when the session's turn has come.
func (s *session) askBroker(ctx context.Context, limit time.Duration) (answer, rest []byte, err error) {
	answered, err := s.awaitTurn(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer answered()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, target, err := s.gw.brokers.Dial(broker.WithClient(ctx, netip.AddrPortFrom(s.addr, s.port)))
	if err != nil {
		return nil, nil, s.unavailable(codeBrokerUnavailable, "no broker can be reached now, try again later", err)
	}
	s.target = target
	deadline, _ := ctx.Deadline()
	conn.SetReadDeadline(deadline)
	if !s.setBroker(conn) {
		target.GivenUp()
		return nil, nil, errEndedInLogin
	}
	_, asked := s.gw.tracing.step(ctx, "CONNECT", trace.WithSpanKind(trace.SpanKindClient))
	answer, rest, err = s.ask(conn, target)
	conn.SetReadDeadline(time.Time{}) // before the look at how the session ended: whoever ends it sets another
	asked(err)
	switch {
	case s.how() != nil:
		target.GivenUp()
		err = errEndedInLogin
	case errors.Is(err, os.ErrDeadlineExceeded):
		target.Unanswered(err)
		err = s.unavailable(codeBrokerUnavailable, "the broker does not answer now, try again later", err)
	case err != nil:
		target.Unanswered(err)
		err = s.loginFailed("the broker does not answer as one", err)
	}
	return answer, rest, err
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

func (s *session) unavailable(code frameinspect.Code, message string, cause error) error {
	return &endingError{endBy(BrokerUnavailable, message, cause).
		withError(errorFrame{code: code, message: message, receipt: s.connect.receipt})}
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
	s.dialect = s.target.Answered(h.Text("server"))
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
	if o.SockJS != nil {
		s.client.setMaxPost(o.SockJS.MaxPost)
	}
	if version != frameinspect.V10 {
		s.clientBeat = s.offer().Agree(s.connect.heartBeat)
	}
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
