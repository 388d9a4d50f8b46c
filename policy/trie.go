package policy

// tree holds the patterns of many rules, so that a destination is matched with
// all of them in one walk. Nothing changes it once it is built; all sessions
// share it.
type tree struct {
	root      node
	templates *templates
}

// node is where the patterns that begin alike part.
type node struct {
	rules   masks             // patterns that end here
	literal map[string]*node  // by separator and text
	one     [separators]*node // *
	rest    [separators]masks // > : nothing, or anything behind the separator
	filled  []templateEdge    // templates
}

type templateEdge struct {
	number int // of the template
	to     *node
}

// separators is how many ways there are to begin a segment: none, / and .
const separators = 3

func separatorIndex(c byte) int {
	switch c {
	case '/':
		return 1
	case '.':
		return 2
	}
	return 0
}

// templates numbers the different templates of some rules, so that a session
// fills each of them once.
type templates struct {
	list   []filling
	number map[string]int
}

func (t *templates) add(f filling) int {
	n, ok := t.number[f.text]
	if !ok {
		n = len(t.list)
		t.list = append(t.list, f)
		t.number[f.text] = n
	}
	return n
}

// add puts in a pattern of a rule, by the rule's number.
func (t *tree) add(p pattern, rule int) {
	n := &t.root
	for _, s := range p.segments {
		sep := separatorIndex(separator(s.text))
		switch s.kind {
		case rest:
			n.rest[sep].add(rule)
			return
		case one:
			if n.one[sep] == nil {
				n.one[sep] = &node{}
			}
			n = n.one[sep]
		case template:
			n = n.templateChild(t.templates.add(s.fill))
		default:
			if n.literal == nil {
				n.literal = map[string]*node{}
			}
			next := n.literal[s.text]
			if next == nil {
				next = &node{}
				n.literal[s.text] = next
			}
			n = next
		}
	}
	n.rules.add(rule)
}

func (n *node) templateChild(number int) *node {
	for _, e := range n.filled {
		if e.number == number {
			return e.to
		}
	}
	to := &node{}
	n.filled = append(n.filled, templateEdge{number, to})
	return to
}

// search is one walk through a tree for one session.
type search struct {
	applies bitset   // the rules that are about the principal
	values  []string // the templates filled in; "" is one that cannot be
	of      *templates
	found   []int32 // rules, in no order, perhaps repeated
}

func (s *search) take(m masks) { s.found = m.appendTo(s.found, s.applies) }

// takeRest takes the rules whose > stands for what begins with the separator;
// one without a separator stands for everything.
func (s *search) takeRest(n *node, sep int) {
	s.take(n.rest[sep])
	if sep != 0 {
		s.take(n.rest[0])
	}
}

// takeEnd takes the rules whose patterns end at the node, or have only a > behind it,
// which stands for no segment too.
func (s *search) takeEnd(n *node) {
	s.take(n.rules)
	for _, m := range n.rest {
		s.take(m)
	}
}

// covering finds the rules one of whose patterns covers d; see pattern.covers.
func (s *search) covering(n *node, d []step) {
	if len(d) == 0 {
		s.takeEnd(n)
		return
	}
	sep := separatorIndex(separator(d[0].text))
	s.takeRest(n, sep)
	if d[0].kind == rest {
		return
	}
	if next := n.one[sep]; next != nil {
		s.covering(next, d[1:])
	}
	if d[0].kind == one {
		return
	}
	if next := n.literal[string(d[0].text)]; next != nil {
		s.covering(next, d[1:])
	}
	for _, e := range n.filled {
		if s.values[e.number] == string(d[0].text) {
			s.covering(e.to, d[1:])
		}
	}
}

// overlapping finds the rules one of whose patterns overlaps d; see
// pattern.overlaps.
func (s *search) overlapping(n *node, d []step) {
	if len(d) == 0 {
		s.takeEnd(n)
		return
	}
	if d[0].kind == rest {
		s.below(n)
		return
	}
	s.behind(n, d, separatorIndex(separator(d[0].text)))
	if d[0].bareOne() {
		s.behind(n, d, separatorIndex('/'))
	}
}

// behind finds those whose next segment begins with a separator.
func (s *search) behind(n *node, d []step, sep int) {
	s.takeRest(n, sep)
	if next := n.one[sep]; next != nil {
		s.through(next, d)
	}
	if d[0].kind == one {
		for text, next := range n.literal {
			if separatorIndex(separator(text)) == sep {
				s.through(next, d)
			}
		}
	} else if next := n.literal[string(d[0].text)]; next != nil {
		s.through(next, d)
	}
	for _, e := range n.filled {
		value := s.values[e.number]
		if separatorIndex(separator(s.of.list[e.number].text)) == sep &&
			(value == "" || d[0].kind == one || value == string(d[0].text)) {
			s.through(e.to, d)
		}
	}
}

// through goes on behind a segment that d[0] took in. A * takes in those that a
// slash joins to it, too.
func (s *search) through(n *node, d []step) {
	s.overlapping(n, d[1:])
	if d[0].kind != one {
		return
	}
	slash := separatorIndex('/')
	s.takeRest(n, slash)
	if next := n.one[slash]; next != nil {
		s.through(next, d)
	}
	for text, next := range n.literal {
		if separator(text) == '/' {
			s.through(next, d)
		}
	}
	for _, e := range n.filled {
		if separator(s.of.list[e.number].text) == '/' {
			s.through(e.to, d)
		}
	}
}

// below finds every rule from n on.
func (s *search) below(n *node) {
	s.take(n.rules)
	for i := range separators {
		s.take(n.rest[i])
		if n.one[i] != nil {
			s.below(n.one[i])
		}
	}
	for _, next := range n.literal {
		s.below(next)
	}
	for _, e := range n.filled {
		s.below(e.to)
	}
}
