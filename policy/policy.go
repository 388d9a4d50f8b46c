package policy

import "github.com/stompgw/stompgw/auth"

// Policy is a policy file, compiled. Nothing changes it; all sessions share it.
type Policy struct {
	version string
	keep    bool // a denied frame is dropped and the session lives on
	grants  *ruleset
	denials *ruleset
	limits  []limitRule
	set     []setHeader
}

// Version names the policy: its own revision, where it has one, and a digest of
// the file.
func (p *Policy) Version() string { return p.version }

// rule is a grant or a denial.
type rule struct {
	name            string
	line            int
	to              condition
	send, subscribe []pattern
	headers         headerRules
	limits          limits
}

// limitRule is limits over all sessions of each principal that it is about.
type limitRule struct {
	to     condition
	limits limits
}

// setHeader is a header that the gateway sets on every SEND.
type setHeader struct {
	name string
	fill filling
}

// ruleset is rules that are matched together.
type ruleset struct {
	rules           []rule
	templates       templates
	send, subscribe tree
}

func newRuleset(rules []rule) *ruleset {
	s := &ruleset{rules: rules, templates: templates{number: map[string]int{}}}
	s.send.templates, s.subscribe.templates = &s.templates, &s.templates
	for i, rule := range rules {
		for _, p := range rule.send {
			s.send.add(p, i)
		}
		for _, p := range rule.subscribe {
			s.subscribe.add(p, i)
		}
	}
	return s
}

// layer is a ruleset as it is for one session. It is small: a bit a rule, and the
// text of each template.
type layer struct {
	*ruleset
	applies bitset
	values  []string
}

func (s *ruleset) bind(p *auth.Principal) layer {
	l := layer{ruleset: s, applies: newBitset(len(s.rules))}
	for i := range s.rules {
		if s.rules[i].to.why(p) == "" {
			l.applies.add(i)
		}
	}
	for _, f := range s.templates.list {
		text, err := f.fill(p, validInSegment)
		if err != nil {
			text = ""
		}
		l.values = append(l.values, text)
	}
	return l
}

func (l *layer) tree(sending bool) *tree {
	if sending {
		return &l.send
	}
	return &l.subscribe
}

// covering appends the numbers of the rules that hold all of d.
func (l *layer) covering(found []int32, d []step, sending bool) []int32 {
	s := search{applies: l.applies, values: l.values, of: &l.templates, found: found}
	s.covering(&l.tree(sending).root, d)
	return s.found
}

// overlapping appends the numbers of the rules that hold any of d.
func (l *layer) overlapping(found []int32, d []step, sending bool) []int32 {
	s := search{applies: l.applies, values: l.values, of: &l.templates, found: found}
	s.overlapping(&l.tree(sending).root, d)
	return s.found
}

// limitsOf gives the tightest of the limits that are about the principal.
func (p *Policy) limitsOf(who *auth.Principal) limits {
	var l limits
	for i := range p.limits {
		if p.limits[i].to.why(who) == "" {
			l.tighten(p.limits[i].limits)
		}
	}
	return l
}
