package policy

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
)

// every destination of up to four segments out of a and b, each behind / or ., the
// first behind / or nothing
var small = func() []string {
	list := []string{}
	last := []string{""}
	for range 4 {
		var next []string
		for _, begin := range last {
			for _, s := range []string{"/a", "/b", ".a", ".b"} {
				switch {
				case begin != "" || s[0] == '/':
					next = append(next, begin+s)
				default:
					next = append(next, s[1:])
				}
			}
		}
		list, last = append(list, next...), next
	}
	return list
}()

// expression gives a regular expression of what a pattern or a destination with
// wildcards stands for: a definition apart from the code's. one is what * matches.
func expression(text, one string) *regexp.Regexp {
	text = regexp.QuoteMeta(text)
	text = strings.ReplaceAll(text, `\*`, one)
	for _, sep := range []string{"/", `\.`} {
		text = strings.ReplaceAll(text, sep+">", `(`+sep+`.+)?`)
	}
	return regexp.MustCompile("^" + strings.ReplaceAll(text, ">", ".*") + "$")
}

const (
	oneSegment = `[^/.]+`
	oneWord    = `[^.]+` // as brokers have it
)

// generate makes a pattern of the octets that are left.
func generate(data *[]byte) string {
	take := func(n int) int {
		if len(*data) == 0 {
			return 0
		}
		c := int((*data)[0])
		*data = (*data)[1:]
		return c % n
	}
	n := 1 + take(3)
	text := ""
	for i := range n {
		switch {
		case i == 0 && take(3) == 0: // as brokers have it that know no kinds
		case i == 0 || take(2) == 0:
			text += "/"
		default:
			text += "."
		}
		text += []string{"a", "b", "*", "a", "*", ">"}[take(6)]
		if strings.HasSuffix(text, ">") {
			break
		}
	}
	return text
}

func stepsOf(t testing.TB, text string) []step {
	d, problem := appendSteps(nil, []byte(text), broker.ActiveMQ)
	if problem != "" {
		t.Fatalf("%s: %s", text, problem)
	}
	return d
}

// FuzzCover compares covering and overlapping with brute force over all small
// destinations, and the tree with the patterns one by one.
func FuzzCover(f *testing.F) {
	f.Add([]byte{2, 0, 0, 1, 5, 1, 0, 2, 2, 0, 4, 0, 5})
	f.Add([]byte{0, 5, 1, 2, 0, 1, 1, 1, 0, 0, 0})
	f.Add([]byte{2, 2, 0, 1, 0, 2, 1, 0, 2, 2, 2, 2, 0, 0, 0, 1, 1})
	for i := range 200 {
		f.Add([]byte{byte(i), byte(i * 7), byte(i * 13), byte(i * 3), byte(i / 3), byte(i * 11), byte(i / 5), byte(i * 5), byte(i * 17), byte(i / 7)})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		request := generate(&data)
		d := stepsOf(t, request)
		var rules []rule
		for range 3 {
			text := generate(&data)
			p, err := parsePattern(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			comparePattern(t, p, request, d)
			rules = append(rules, rule{name: text, send: []pattern{p}})
		}
		compareTree(t, newRuleset(rules), request, d, func(filling) string { return "" })
	})
}

func comparePattern(t *testing.T, p pattern, request string, d []step) {
	granted, asked, askedByWord := expression(p.text, oneSegment), expression(request, oneSegment), expression(request, oneWord)
	covered, overlapping := true, false
	for _, text := range small {
		if asked.MatchString(text) && !granted.MatchString(text) {
			covered = false
		}
		if askedByWord.MatchString(text) && granted.MatchString(text) {
			overlapping = true
		}
	}
	none := func(filling) string { return "" }
	if got := p.covers(d, none); got != covered {
		t.Errorf("%s covers %s: got %t, want %t", p.text, request, got, covered)
	}
	// With a rest, what they have in common may be longer than all that was tried,
	// and one that is asked for goes on behind either separator: rather too much
	// than too little.
	if got := p.overlaps(d, none); got != overlapping && (overlapping || !strings.Contains(request+p.text, ">")) {
		t.Errorf("%s overlaps %s: got %t, want %t", p.text, request, got, overlapping)
	}
}

func compareTree(t *testing.T, s *ruleset, request string, d []step, v values) {
	who := &auth.Principal{Name: "n"}
	l := s.bind(who)
	for i, f := range s.templates.list {
		l.values[i] = v(f)
	}
	covering, overlapping := l.covering(nil, d, true), l.overlapping(nil, d, true)
	for i, r := range s.rules {
		p := r.send[0]
		if got, want := slices.Contains(covering, int32(i)), p.covers(d, v); got != want {
			t.Errorf("tree: %s covers %s: got %t, want %t", p.text, request, got, want)
		}
		if got, want := slices.Contains(overlapping, int32(i)), p.overlaps(d, v); got != want {
			t.Errorf("tree: %s overlaps %s: got %t, want %t", p.text, request, got, want)
		}
	}
}

// TestDenialsOfAWord: a * of a broker's is a word, of which a slash is a letter like
// any, at the begin too.
func TestDenialsOfAWord(t *testing.T) {
	for _, tt := range []struct {
		denied, asked string
		d             broker.Dialect
		allow         bool
	}{
		{"/admin/secret", "*", broker.Artemis, false},
		{"/admin.secret", "*.secret", broker.Artemis, false},
		{"/admin.secret", "*.*", broker.HornetQ, false},
		{"/admin/secret.x", "*.x", broker.Artemis, false},
		{"/*/secret", "*", broker.Artemis, false},
		{"/>", "*", broker.Artemis, false},
		{"/{name}", "*", broker.Artemis, false},
		{"/admin.secret", "*", broker.Artemis, true},
		{"/admin.secret", "*.other", broker.Artemis, true},
		{"/admin/secret", "admin", broker.Artemis, true},
		{"/admin/secret", "*", broker.ActiveMQ, false}, // a name without its kind is refused there
	} {
		p := mustParse(t, "grants: [{name: all, subscribe: ['>']}]\ndenials: [{name: no, subscribe: ['"+tt.denied+"']}]")
		h := frame(t, "SUBSCRIBE "+tt.asked+" id:1")
		if v := mustOpen(t, engineOf(p), named("n", nil), tt.d).Judge(h); v.Allow != tt.allow {
			t.Errorf("%s of %s: got %v", tt.asked, tt.denied, v)
		}
		if x, err := p.Explain(named("n", nil), tt.d, h); err != nil || x.Verdict.Allow != tt.allow {
			t.Errorf("%s of %s: explained as %v, %v", tt.asked, tt.denied, x.Verdict, err)
		}
	}
}

func TestTreeWithTemplates(t *testing.T) {
	var rules []rule
	for _, text := range []string{"/queue/{name}", "/queue/{name}.>", "/queue/u-{name}.*", "/{claims.a}/{name}", ">", "queue://{name}", "*", "/queue/*/{name}", "/{name}", "/>", "/queue.{name}"} {
		p, err := parsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, rule{name: text, send: []pattern{p}})
	}
	s := newRuleset(rules)
	who := &auth.Principal{Name: "bob"}
	filled := func(f filling) string {
		text, err := f.fill(who, validInSegment)
		if err != nil {
			return ""
		}
		return text
	}
	for _, request := range []string{"*", "*.x", "*.bob", "queue://*", "/queue/bob", "/queue/bob.x", "/queue/u-bob.x", "/queue/eve", "/queue/*", "/queue/bob.*", "/queue/*.x", "/x/bob", "/queue/>", "queue://bob", "a", "/queue/a/bob", "/*/bob", "bob"} {
		d, problem := appendSteps(nil, []byte(request), broker.Unknown)
		if problem != "" {
			t.Fatal(problem)
		}
		compareTree(t, s, request, d, filled)
	}
}

// FuzzTemplate fills templates with any claim, and checks that the pattern holds
// nothing that it would not hold with a plain word there, whatever the dialect
// makes of a destination.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"bob", "*", "a.b", "a/b", ">", "#", "a%2Fb", "a,b", "", " a", "a?b", "a::b", "\x00", "a\\cb", "{name}", "**", "ü"} {
		f.Add(text, "/queue/user."+text+".x")
		f.Add(text, "/queue/user.other.x")
	}
	p, err := parsePattern("/queue/user.{name}.>")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, destination string) {
		who := &auth.Principal{Name: name}
		filled := func(f filling) string {
			text, err := f.fill(who, validInSegment)
			if err != nil {
				return ""
			}
			return text
		}
		for d := broker.Unknown; d <= broker.Apollo; d++ {
			canonical, problem := appendCanonical(nil, []byte(destination), d)
			if problem != "" {
				continue
			}
			steps, problem := appendSteps(nil, canonical, d)
			if problem != "" || !p.covers(steps, filled) {
				continue
			}
			// Held, so the name is one segment, letter by letter.
			segments := strings.FieldsFunc(string(canonical), func(r rune) bool { return r == '/' || r == '.' })
			if len(segments) < 3 || segments[0] != "queue" || segments[1] != "user" || segments[2] != name || strings.ContainsAny(name, "/.*>#,%?: \\") {
				t.Errorf("dialect %d: the name %q makes the pattern hold %q", d, name, destination)
			}
		}
	})
}
