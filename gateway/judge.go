package gateway

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/policy"
	"github.com/stompgw/stompgw/wire"
)

// fate is what becomes of the frame in progress of a client.
type fate uint8

const (
	undecided  fate = iota // between frames, and in a head
	answering              // it is a CONNECT: the gateway answers it
	forwarding             // it goes to the broker
	dropping               // it goes nowhere, and the session goes on
	renewing               // its body is a new token for the gateway
)

// passes tells whether a frame goes to the broker as it is, without further ado.
func (s *session) passes(h *frameinspect.Head) bool {
	return h.Command == frameinspect.CmdSend && s.rights == nil && s.spans == nil && s.dialect != broker.HornetQ &&
		s.isConnected() && s.leaving == staying
}

// judge decides the fate of the frame whose head is complete, or gives the reason
// why it ends the session.
func (s *session) judge(h *frameinspect.Head, out *wire.Batch) error {
	refuse := func(code frameinspect.Code, message string) error {
		receipt, _ := h.Get("receipt")
		return &frameinspect.Violation{Code: code, Message: message, Receipt: bytes.Clone(receipt)}
	}
	s.watched("broker", h)
	s.fate = forwarding
	switch {
	case h.Command.Connects() && s.isConnected():
		return refuse(codeSecondConnect, "the session is connected already")
	case h.Command.Connects():
		s.fate = answering
		return s.readConnect(h)
	case !s.isConnected():
		return refuse(codeFrameBeforeConnect, "the first frame must be CONNECT or STOMP")
	case s.leaving != staying:
		s.disconnectAt.Store(overtaken)
		return refuse(codeAfterDisconnect, "nothing may follow DISCONNECT")
	}
	if s.rights != nil {
		if err := s.consult(h, out); err != nil {
			return err
		}
	}
	if h.Command == frameinspect.CmdDisconnect {
		s.leave(h)
	}
	return nil
}

// consult asks the policy about a frame, unless it is for the gateway.
func (s *session) consult(h *frameinspect.Head, out *wire.Batch) error {
	r := s.rights
	r.rewrite = nil
	if s.isRenewal(h) {
		s.fate = renewing
		receipt, _ := h.Get("receipt")
		r.receipt, r.token = bytes.Clone(receipt), nil
		return nil
	}
	if r.guard == nil {
		return nil
	}
	v := r.guard.Judge(h)
	s.fate = undecided // nothing of the frame has gone out, so the broker may get heart-beats while it waits
	if err := s.wait(v.Wait, out); err != nil {
		return err
	}
	s.fate = forwarding
	if v.Allow {
		r.rewrite = v.Rewrite
		return nil
	}
	receipt, _ := h.Get("receipt")
	s.gw.metrics.denied.WithLabelValues(string(v.Code)).Inc()
	if !v.Keep {
		return &endingError{denial(v, bytes.Clone(receipt))}
	}
	s.fate = dropping
	return s.say(errorFrame{code: v.Code, message: v.Message, receipt: receipt}.bytes())
}

// consultBody asks the policy about octets of a body that is being forwarded. It
// is too late to leave the frame out.
func (s *session) consultBody(n int, out *wire.Batch) error {
	if s.rights == nil || s.rights.guard == nil || n == 0 {
		return nil
	}
	v := s.rights.guard.Body(n)
	if err := s.wait(v.Wait, out); err != nil || v.Allow {
		return err
	}
	s.gw.metrics.denied.WithLabelValues(string(v.Code)).Inc()
	return &endingError{denial(v, nil)}
}

// denial is the ending of a session that a verdict ends.
func denial(v policy.Verdict, receipt []byte) ending {
	reason := Denied
	switch v.Code {
	case policy.CodeRateLimited:
		reason = RateLimited
	case frameinspect.CodeBodyTooBig:
		reason = TooBig
	}
	var cause error
	if v.Rule != "" {
		cause = errors.New("rule " + v.Rule)
	}
	return endBy(reason, v.Message, cause).withError(errorFrame{code: v.Code, message: v.Message, receipt: receipt})
}

// wait pauses a client that is over a rate limit. It is not read meanwhile, which
// it notices as back-pressure. What it sent before goes out first. The end of the
// session is an error: what waits for the limit, and all behind it, stays here.
func (s *session) wait(d time.Duration, out *wire.Batch) error {
	if d <= 0 {
		return nil
	}
	if err := s.flushToBroker(out); err != nil {
		return err
	}
	s.pausing.Store(true)
	defer s.endPause()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.rights.life.Done():
	}
	return s.rights.life.Err()
}

// maxToken is the most octets of a token that renews an identity.
const maxToken = 16 << 10

// isRenewal tells whether a frame is a SEND to the destination at which a client
// renews its token.
func (s *session) isRenewal(h *frameinspect.Head) bool {
	o := &s.gw.options
	if o.Auth == nil || o.RenewDestination == "" || h.Command != frameinspect.CmdSend {
		return false
	}
	destination, _ := h.Get("destination")
	return string(destination) == o.RenewDestination
}

// takeToken gathers a part of a new token.
func (s *session) takeToken(p []byte) error {
	r := s.rights
	if len(r.token)+len(p) > maxToken {
		return s.unproved(&auth.Refusal{Code: auth.BadToken, Message: "the token is too big"}, r.receipt)
	}
	r.token = append(r.token, p...)
	return nil
}

// renew takes the new token in, and answers with the RECEIPT that was asked for.
// A token that is no good ends the session; one that cannot be checked now does
// not.
func (s *session) renew(out *wire.Batch) error {
	r := s.rights
	if err := s.flushToBroker(out); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.life, s.gw.options.LoginTimeout)
	defer cancel()
	s.pausing.Store(true)
	defer s.endPause()
	id, err := s.gw.options.Auth.Renew(ctx, r.identity.Load(), string(bytes.TrimSpace(r.token)))
	r.token = nil
	var said *auth.Refusal
	switch {
	case r.life.Err() != nil:
		return r.life.Err() // the session has ended, and nothing may follow
	case errors.As(err, &said) && said.Temporary:
		return s.say(errorFrame{code: frameinspect.Code(said.Code), message: said.Message, receipt: r.receipt}.bytes())
	case err != nil:
		return s.unproved(err, r.receipt)
	}
	if err := s.takeIdentity(id, r.receipt); err != nil {
		return err
	}
	if r.receipt == nil {
		return nil
	}
	return s.say(append(append([]byte("RECEIPT\nreceipt-id:"), r.receipt...), "\n\n\x00"...))
}
