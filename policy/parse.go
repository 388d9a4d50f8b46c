package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stompgw/stompgw/auth"
)

// Parse reads a policy file, whose name is for the mistakes. The error is every
// *[Mistake] in it joined, in the order of the file; the policy is nil then.
func Parse(file string, data []byte) (*Policy, error) {
	r := &reader{file: file}
	p := &Policy{}
	sum := sha256.Sum256(data)
	p.version = hex.EncodeToString(sum[:6])
	names := map[string]int{}
	var grants, denials []rule
	if root := r.document(data); root != nil {
		found := r.mapping(root, fields{
			"version":     func(n *yaml.Node) { r.word(n, "1") },
			"revision":    func(n *yaml.Node) { p.revise(r, n) },
			"on_denied":   func(n *yaml.Node) { p.keep = r.word(n, "close", "keep") == "keep" },
			"grants":      func(n *yaml.Node) { grants = r.rules(n, names, true) },
			"denials":     func(n *yaml.Node) { denials = r.rules(n, names, false) },
			"limits":      func(n *yaml.Node) { p.limits = r.principalLimits(n) },
			"set_headers": func(n *yaml.Node) { p.set = r.setHeaders(n) },
		})
		if found["version"] == nil && root.Kind == yaml.MappingNode {
			r.mistake(root, "the key version is missing: expected version: 1")
		}
	}
	if len(r.mistakes) > 0 {
		return nil, join(r.mistakes)
	}
	p.grants, p.denials = newRuleset(grants), newRuleset(denials)
	return p, nil
}

// parseGrants reads the grants that an identity brings, as JSON or YAML.
func parseGrants(data []byte) (*ruleset, error) {
	r := &reader{file: "grants of the identity"}
	var grants []rule
	if root := r.document(data); root != nil {
		grants = r.rules(root, map[string]int{}, true)
	}
	if len(r.mistakes) > 0 {
		return nil, join(r.mistakes)
	}
	return newRuleset(grants), nil
}

// revise puts the operator's own name of the file in front of its digest.
func (p *Policy) revise(r *reader, n *yaml.Node) {
	if text, ok := r.text(n); ok {
		if len(text) > 64 || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			r.mistake(n, "expected a word of at most 64 bytes, not %s", what(n))
		}
		p.version = text + "@" + p.version
	}
}

// maxRules bounds each list of a file.
const maxRules = 10_000

func (r *reader) rules(n *yaml.Node, names map[string]int, grants bool) []rule {
	var list []rule
	r.items(n, func(item *yaml.Node) {
		if len(list) == maxRules {
			r.mistake(item, "expected at most %d rules", maxRules)
		}
		list = append(list, r.rule(item, names, grants))
	})
	return list[:min(len(list), maxRules)]
}

func (r *reader) rule(n *yaml.Node, names map[string]int, grant bool) rule {
	rule := rule{line: n.Line}
	known := fields{
		"name":      func(n *yaml.Node) { rule.name = r.ruleName(n, names) },
		"to":        func(n *yaml.Node) { rule.to = r.condition(n) },
		"send":      func(n *yaml.Node) { rule.send = r.patterns(n) },
		"subscribe": func(n *yaml.Node) { rule.subscribe = r.patterns(n) },
	}
	if grant {
		known["headers"] = func(n *yaml.Node) { rule.headers = r.headerRules(n) }
		known["limits"] = func(n *yaml.Node) { rule.limits = r.limits(n, false, nil) }
	}
	found := r.mapping(n, known)
	if n.Kind != yaml.MappingNode {
		return rule
	}
	if found["name"] == nil {
		r.mistake(n, "the key name is missing: it stands in the audit log")
	}
	if found["send"] == nil && found["subscribe"] == nil {
		r.mistake(n, "expected send, subscribe or both")
	}
	return rule
}

func (r *reader) ruleName(n *yaml.Node, names map[string]int) string {
	text, ok := r.text(n)
	if !ok {
		return ""
	}
	if len(text) == 0 || len(text) > 100 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		r.mistake(n, "expected a name of 1 to 100 bytes")
		return ""
	}
	if line, taken := names[text]; taken {
		r.mistake(n, "the name %q is taken by the rule of line %d", text, line)
	} else {
		names[text] = n.Line
	}
	return text
}

func (r *reader) condition(n *yaml.Node) condition {
	var c condition
	found := r.mapping(n, fields{
		"principals": func(n *yaml.Node) {
			r.texts(n, func(_ *yaml.Node, text string) { c.principals = append(c.principals, text) })
		},
		"methods": func(n *yaml.Node) {
			r.texts(n, func(item *yaml.Node, text string) {
				c.methods = append(c.methods, auth.Method(r.word(item, methods...)))
			})
		},
		"claims": func(n *yaml.Node) {
			r.pairs(n, func(key, value *yaml.Node) {
				claim := claimCondition{path: key.Value}
				if key.Value == "" {
					r.mistake(key, "expected the name of a claim")
				}
				r.texts(value, func(_ *yaml.Node, text string) { claim.any = append(claim.any, text) })
				c.claims = append(c.claims, claim)
			})
			if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
				r.mistake(n, "expected at least one claim: leave the key out for none")
			}
		},
	})
	if n.Kind == yaml.MappingNode && len(found) == 0 {
		r.mistake(n, "expected principals, claims or methods: leave the key to out for everybody")
	}
	return c
}

var methods = []string{string(auth.Anonymous), string(auth.JWT), string(auth.Webhook), string(auth.Proxy), string(auth.Certificate), string(auth.Users)}

func (r *reader) patterns(n *yaml.Node) []pattern {
	var list []pattern
	r.texts(n, func(item *yaml.Node, text string) {
		p, err := parsePattern(text)
		if err != nil {
			r.mistake(item, "%q: %s", clip(text), err)
		}
		list = append(list, p)
	})
	return list
}

func (r *reader) headerRules(n *yaml.Node) headerRules {
	var h headerRules
	names := func(to *[]string, star bool) func(*yaml.Node) {
		return func(n *yaml.Node) {
			r.texts(n, func(item *yaml.Node, text string) {
				bare := text
				if star {
					bare = strings.TrimSuffix(text, "*")
				}
				if !isHeaderName(bare) {
					r.mistake(item, "%q is no name of a header", clip(text))
				}
				*to = append(*to, strings.ToLower(text))
			})
		}
	}
	r.mapping(n, fields{"allow": names(&h.allow, true), "deny": names(&h.deny, true), "require": names(&h.require, false)})
	for _, name := range h.require {
		if anyMatches(h.deny, []byte(name)) {
			r.mistake(n, "the header %s is required and denied", name)
		}
	}
	return h
}

// isHeaderName takes names that are written alike in every version.
func isHeaderName(name string) bool {
	return name != "" && len(name) <= 100 && !strings.ContainsFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
	})
}

// limits reads the limits of a grant or, with more keys, of principals.
func (r *reader) limits(n *yaml.Node, ofPrincipals bool, more fields) limits {
	var l limits
	known := fields{
		"frames_per_second": func(n *yaml.Node) { l.framesPerSecond = r.count(n) },
		"frames_burst":      func(n *yaml.Node) { l.framesBurst = r.count(n) },
		"bytes_per_second":  func(n *yaml.Node) { l.bytesPerSecond = r.size(n) },
		"bytes_burst":       func(n *yaml.Node) { l.bytesBurst = r.size(n) },
		"body":              func(n *yaml.Node) { l.body = int64(r.size(n)) },
		"subscriptions":     func(n *yaml.Node) { l.subscriptions = r.count(n) },
		"over":              func(n *yaml.Node) { l.closeOver = r.word(n, "pause", "close") == "close" },
	}
	if ofPrincipals {
		known["sessions"] = func(n *yaml.Node) { l.sessions = r.count(n) }
	}
	for key, read := range more {
		known[key] = read
	}
	found := r.mapping(n, known)
	if found["frames_burst"] != nil && found["frames_per_second"] == nil {
		r.mistake(found["frames_burst"], "frames_burst needs frames_per_second")
	}
	if found["bytes_burst"] != nil && found["bytes_per_second"] == nil {
		r.mistake(found["bytes_burst"], "bytes_burst needs bytes_per_second")
	}
	return l
}

func (r *reader) principalLimits(n *yaml.Node) []limitRule {
	var list []limitRule
	r.items(n, func(item *yaml.Node) {
		var rule limitRule
		rule.limits = r.limits(item, true, fields{"to": func(n *yaml.Node) { rule.to = r.condition(n) }})
		list = append(list, rule)
	})
	return list
}

// reserved are headers that frame a message or that the protocol pairs up, which
// a policy must not replace.
var reserved = []string{"destination", "content-length", "receipt", "transaction", "id", "ack", "subscription", "message-id"}

func (r *reader) setHeaders(n *yaml.Node) []setHeader {
	var list []setHeader
	r.pairs(n, func(key, value *yaml.Node) {
		if !isHeaderName(key.Value) || slices.Contains(reserved, strings.ToLower(key.Value)) {
			r.mistake(key, "%q is no name of a header that the gateway may set", clip(key.Value))
		}
		if slices.ContainsFunc(list, func(s setHeader) bool { return strings.EqualFold(s.name, key.Value) }) {
			r.mistake(key, "the header %s is set already", clip(key.Value))
		}
		text, ok := r.text(value)
		if !ok {
			return
		}
		fill, err := parseFilling(text)
		if err == nil {
			err = validInHeader(text)
		}
		if err != nil {
			r.mistake(value, "%q: %s", clip(text), err)
		}
		list = append(list, setHeader{key.Value, fill})
	})
	return list
}
