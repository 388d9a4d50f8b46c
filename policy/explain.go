package policy

import (
	"fmt"
	"strings"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// Explanation is a verdict and how it came about.
type Explanation struct {
	Verdict Verdict
	// Destination is how the dialect reads the frame's; "" where it was refused
	// for its form, or the frame has none.
	Destination string
	// Rules are the denials and grants in the order in which they are asked.
	Rules []Reason
	// Set are the headers that the gateway puts on the frame, each name:value.
	Set []string
}

// Reason says what one rule has to do with a frame.
type Reason struct {
	Rule   string
	Line   int  // of the file
	Denial bool // rather than a grant
	// Decides tells that this rule is why the verdict is what it is.
	Decides bool
	// Near tells that the rule is about the principal or the destination, and not
	// about both.
	Near bool
	Why  string
}

// Explain says what the policy makes of one frame of a session that has no other,
// and why. Limits that time or other sessions decide are left out. The error is
// about the identity's own grants.
func (p *Policy) Explain(id *auth.Identity, d broker.Dialect, h *frameinspect.Head) (Explanation, error) {
	v, err := newView(p, id, d)
	if err != nil {
		return Explanation{}, err
	}
	sending := h.Command == frameinspect.CmdSend
	if !sending && h.Command != frameinspect.CmdSubscribe {
		return Explanation{Verdict: Verdict{Allow: true, Message: h.Command.String() + " needs no grant"}}, nil
	}
	x := &explaining{view: v, id: id, head: h, sending: sending}
	x.explain()
	return x.Explanation, nil
}

// explaining goes through the rules one after the other. It shares no way of
// matching with the trees that guards walk, and the tests compare the two.
type explaining struct {
	Explanation
	view    *view
	id      *auth.Identity
	head    *frameinspect.Head
	sending bool
	s       scratch
	// headersOnly tells that the verdict so far is for what a grant says of
	// headers, and that no other rule denied.
	headersOnly bool
}

func (x *explaining) explain() {
	if code, message := escapesFromHeader(x.head, x.view.dialect); x.sending && code != "" {
		x.deny(code, message, "")
		return
	}
	if problem := x.view.read([]byte(x.head.Text("destination")), x.sending, &x.s); problem != "" {
		x.deny(CodeAmbiguousDestination, problem, "")
		return
	}
	x.Destination = string(x.s.canonical)
	for i := range x.view.denied.rules {
		x.denial(&x.view.denied.rules[i])
	}
	for _, l := range x.view.granted {
		for i := range l.rules {
			x.grant(&l.rules[i])
		}
	}
	if x.Verdict.Code == "" && !x.Verdict.Allow {
		x.deny(CodeDenied, denied(x.sending), "")
	}
}

func (x *explaining) deny(code frameinspect.Code, message, rule string) {
	x.Verdict = Verdict{Code: code, Message: message, Rule: rule, Keep: x.view.policy.keep}
}

func (x *explaining) denial(r *rule) {
	reason := Reason{Rule: r.name, Line: r.line, Denial: true}
	notFor, overlaps := r.to.why(&x.id.Principal), x.overlaps(r)
	switch {
	case notFor != "":
		reason.Why, reason.Near = notFor, overlaps
	case !overlaps:
		reason.Why = x.notMatched(r)
	default:
		reason.Why = "it denies this"
		if x.Verdict.Code == "" {
			reason.Decides = true
			x.deny(CodeDenied, denied(x.sending), r.name)
		}
	}
	x.Rules = append(x.Rules, reason)
}

func (x *explaining) grant(r *rule) {
	reason := Reason{Rule: r.name, Line: r.line}
	notFor := r.to.why(&x.id.Principal)
	switch {
	case notFor != "":
		reason.Why, reason.Near = notFor, x.overlaps(r)
	case !x.covers(r):
		reason.Why, reason.Near = x.notMatched(r), x.fillProblem(r) != "" || x.overlaps(r)
	default:
		x.headers(r, &reason)
	}
	x.Rules = append(x.Rules, reason)
}

// headers asks a grant that holds the destination about headers and the body.
func (x *explaining) headers(r *rule, reason *Reason) {
	reply := x.head.Text("reply-to")
	ownReply := x.sending && tempQueue(reply)
	why := r.headers.judge(headerLines(x.head), ownReply, x.view.dialect)
	most := tighter(x.view.limits.body, r.limits.body)
	undecided := !x.Verdict.Allow && (x.Verdict.Code == "" || x.headersOnly)
	switch {
	case why != "":
		reason.Why, reason.Near = "it holds the destination, but "+why, true
		if undecided && !x.headersOnly {
			x.headersOnly = true // a later grant may take them
			x.deny(CodeDenied, why, r.name)
		}
	case !undecided:
		reason.Why = "it would allow this; another rule decided already"
	case x.sending && most > 0 && x.head.ContentLength > most:
		x.headersOnly = false
		reason.Why, reason.Decides = fmt.Sprintf("it holds the destination, but a body of more than %d bytes is too large", most), true
		x.deny(frameinspect.CodeBodyTooBig, tooBig, r.name)
	case ownReply && !x.mayReply(reply):
		x.headersOnly = false
		reason.Why, reason.Decides = "it holds the destination, but no grant to subscribe holds the reply-to", true
		x.deny(CodeDenied, noReply, "")
	default:
		reason.Why, reason.Decides = "it allows this", true
		x.Verdict = Verdict{Allow: true, Rule: r.name}
		if x.sending {
			x.Verdict.Rewrite = x.view.rewrite
			x.set()
		}
	}
}

func (x *explaining) mayReply(reply string) bool {
	code, _, _ := x.view.judgeSubscription(&subscription{destination: reply})
	return code == ""
}

func (x *explaining) set() {
	if r := x.view.rewrite; r != nil {
		for _, s := range r.headers {
			x.Set = append(x.Set, s.name+":"+s.value)
		}
	}
}

func (x *explaining) patterns(r *rule) []pattern {
	if x.sending {
		return r.send
	}
	return r.subscribe
}

// fill gives the text of a template, "" for one that cannot be filled.
func (x *explaining) fill(f filling) string {
	text, err := f.fill(&x.id.Principal, validInSegment)
	if err != nil {
		return ""
	}
	return text
}

func (x *explaining) covers(r *rule) bool {
	for _, p := range x.patterns(r) {
		if p.covers(x.s.steps, x.fill) {
			return true
		}
	}
	return false
}

func (x *explaining) overlaps(r *rule) bool {
	others, left := otherPrefixes(x.s.canonical, x.view.dialect)
	for _, p := range x.patterns(r) {
		if p.overlaps(x.s.steps, x.fill) {
			return true
		}
		for _, prefix := range others {
			name, _ := appendSteps(nil, append([]byte(prefix), left...), x.view.dialect) // what is left was read already
			if p.overlaps(name, x.fill) {
				return true
			}
		}
		if topic, ok := appendVirtualTopic(nil, x.s.steps, x.view.dialect); ok && !x.sending && p.overlaps(topic, x.fill) {
			return true
		}
	}
	return false
}

// fillProblem says why a template of the rule cannot be filled; "" where all can.
func (x *explaining) fillProblem(r *rule) string {
	for _, p := range x.patterns(r) {
		for _, s := range p.segments {
			if s.kind != template {
				continue
			}
			if _, err := s.fill.fill(&x.id.Principal, validInSegment); err != nil {
				return err.Error()
			}
		}
	}
	return ""
}

func (x *explaining) notMatched(r *rule) string {
	patterns := x.patterns(r)
	verb := "subscribe"
	if x.sending {
		verb = "send"
	}
	if len(patterns) == 0 {
		return "it has no " + verb
	}
	if problem := x.fillProblem(r); problem != "" {
		return problem
	}
	var texts []string
	for _, p := range patterns {
		texts = append(texts, p.text)
	}
	if x.overlaps(r) && !x.sending {
		return "it holds a part of what the wildcard asks for only: " + strings.Join(texts, ", ")
	}
	return "no pattern of " + verb + " holds it: " + strings.Join(texts, ", ")
}

// String gives the explanation for people, the deciding and the near rules only.
func (x Explanation) String() string {
	var b strings.Builder
	word := "denied"
	if x.Verdict.Allow {
		word = "allowed"
	}
	b.WriteString(word)
	if x.Verdict.Rule != "" {
		fmt.Fprintf(&b, " by %q", x.Verdict.Rule)
	}
	if x.Verdict.Code != "" {
		fmt.Fprintf(&b, " (%s)", x.Verdict.Code)
	}
	if x.Verdict.Message != "" {
		fmt.Fprintf(&b, ": %s", x.Verdict.Message)
	}
	b.WriteByte('\n')
	if x.Destination != "" {
		fmt.Fprintf(&b, "destination as the broker reads it: %s\n", x.Destination)
	}
	for _, set := range x.Set {
		fmt.Fprintf(&b, "sets %s\n", set)
	}
	for _, r := range x.Rules {
		kind, mark := "grant", "decides"
		if r.Denial {
			kind = "denial"
		}
		switch {
		case r.Near && !r.Decides:
			mark = "near"
		case !r.Decides:
			continue
		}
		fmt.Fprintf(&b, "%s: %s %q (line %d): %s\n", mark, kind, r.Rule, r.Line, r.Why)
	}
	return b.String()
}
