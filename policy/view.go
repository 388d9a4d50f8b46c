package policy

import (
	"slices"
	"sync"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// view is a policy as it is for one principal. Nothing changes it; a reload or a
// renewed identity makes another.
type view struct {
	policy  *Policy
	dialect broker.Dialect
	granted []layer // the file's, then the identity's own
	denied  layer
	limits  limits
	rewrite *Rewrite // of SEND; nil for none
}

func newView(p *Policy, id *auth.Identity, d broker.Dialect) (*view, error) {
	v := &view{policy: p, dialect: d, granted: []layer{p.grants.bind(&id.Principal)}, denied: p.denials.bind(&id.Principal), limits: p.limitsOf(&id.Principal)}
	if len(id.Grants) > 0 && string(id.Grants) != "null" {
		own, err := parseGrants(id.Grants)
		if err != nil {
			return nil, err
		}
		v.granted = append(v.granted, own.bind(&id.Principal))
	}
	for _, s := range p.set {
		value, err := s.fill.fill(&id.Principal, validInHeader)
		if err != nil {
			value = "" // the client's copy is removed all the same
		}
		v.rewrite = v.rewrite.With(s.name, value)
	}
	return v, nil
}

// grantsAnything tells whether any grant is about the principal.
func (v *view) grantsAnything() bool {
	return slices.ContainsFunc(v.granted, func(l layer) bool { return !l.applies.empty() })
}

// decision is what a view says of a destination, before headers and limits.
type decision struct {
	code    frameinspect.Code // "" where some grant holds the destination
	message string
	denial  *rule   // that decided; nil for none
	grants  []*rule // that hold the destination, in the order of the file
}

// scratch is what deciding needs and a session should not keep.
type scratch struct {
	unescaped, canonical, name []byte
	steps, nameSteps           []step
	found                      []int32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// decide judges a destination, its escapes undone, into d.
func (v *view) decide(d *decision, destination []byte, sending bool, s *scratch) {
	*d = decision{grants: d.grants[:0]}
	problem := v.read(destination, sending, s)
	if problem != "" {
		d.code, d.message = CodeAmbiguousDestination, problem
		return
	}
	if denial := v.denial(sending, s); denial >= 0 {
		d.code, d.message, d.denial = CodeDenied, denied(sending), &v.denied.rules[denial]
		return
	}
	for i := range v.granted {
		l := &v.granted[i]
		s.found = l.covering(s.found[:0], s.steps, sending)
		slices.Sort(s.found)
		for j, n := range s.found {
			if j == 0 || n != s.found[j-1] {
				d.grants = append(d.grants, &l.rules[n])
			}
		}
	}
	if len(d.grants) == 0 {
		d.code, d.message = CodeDenied, denied(sending)
	}
}

func denied(sending bool) string {
	if sending {
		return "sending to this destination is not allowed"
	}
	return "subscribing to this destination is not allowed"
}

// read brings a destination into the form that rules are matched with.
func (v *view) read(destination []byte, sending bool, s *scratch) (problem string) {
	if s.canonical, problem = appendCanonical(s.canonical[:0], destination, v.dialect); problem != "" {
		return problem
	}
	if s.steps, problem = appendSteps(s.steps[:0], s.canonical, v.dialect); problem != "" {
		return problem
	}
	if sending && slices.ContainsFunc(s.steps, func(t step) bool { return t.kind != literal }) {
		return wildcardInSending
	}
	return ""
}

// denial gives the first denial that holds any of the destination, by whatever
// name; -1 for none.
func (v *view) denial(sending bool, s *scratch) int {
	if v.denied.applies.empty() {
		return -1
	}
	s.found = v.denied.overlapping(s.found[:0], s.steps, sending)
	others, left := otherPrefixes(s.canonical, v.dialect)
	for _, prefix := range others {
		s.name = append(append(s.name[:0], prefix...), left...)
		s.nameSteps, _ = appendSteps(s.nameSteps[:0], s.name, v.dialect) // what is left was read already
		s.found = v.denied.overlapping(s.found, s.nameSteps, sending)
	}
	if !sending {
		var ok bool
		if s.nameSteps, ok = appendVirtualTopic(s.nameSteps[:0], s.steps, v.dialect); ok {
			s.found = v.denied.overlapping(s.found, s.nameSteps, sending)
		}
	}
	if len(s.found) == 0 {
		return -1
	}
	return int(slices.Min(s.found))
}
