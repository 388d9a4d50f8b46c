package config

import (
	"cmp"
	"slices"
	"strings"
)

// fileSuffix makes the name of the variable that names a secret's file.
const fileSuffix = "_FILE"

// reading is an environment on its way to a Config.
type reading struct {
	known    map[string]field
	order    map[string]int    // a field's place in the reference
	given    map[string]string // every variable with the prefix, as it came
	values   map[string]string // the known ones, secrets of files filled in
	bad      map[string]bool   // fields with a mistake
	mistakes Mistakes
}

// newReading sorts environ into what is known and what is not, and reads the
// files of secrets.
func newReading(environ []string, fields []field) *reading {
	r := &reading{
		known:  make(map[string]field),
		order:  make(map[string]int),
		given:  make(map[string]string),
		values: make(map[string]string),
		bad:    make(map[string]bool),
	}
	for i, f := range fields {
		r.known[f.name] = f
		r.order[f.name] = i
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, Prefix) {
			r.given[name] = value
		}
	}
	for name, value := range r.given {
		if _, ok := r.known[name]; ok {
			r.values[name] = value
		} else if r.secretOf(name) == "" && !isServiceLink(name, value) {
			r.unknown(name)
		}
	}
	for _, f := range fields {
		if f.secret() {
			r.readSecret(f)
		}
	}
	return r
}

// secretOf gives the secret whose file a variable names, "" if it is none such.
func (r *reading) secretOf(variable string) string {
	secret, ok := strings.CutSuffix(variable, fileSuffix)
	if !ok || !r.known[secret].secret() {
		return ""
	}
	return secret
}

// readSecret fills in a secret that stands in a file.
func (r *reading) readSecret(f field) {
	file := r.given[f.name+fileSuffix]
	if file == "" {
		return
	}
	if r.values[f.name] != "" {
		r.mistake(f.name, "only one of "+f.name+" and "+f.name+fileSuffix)
		return
	}
	text, err := readFile(file)
	if err != nil {
		r.mistake(f.name, "a readable file ("+cause(err)+")")
		return
	}
	secret, ended := strings.CutSuffix(string(text), "\n")
	if ended {
		secret = strings.TrimSuffix(secret, "\r")
	}
	if secret == "" {
		r.mistake(f.name, "a file that is not empty")
		return
	}
	r.values[f.name] = secret
}

// mistake notes that the field of a name is not as expected, under the variable
// that gave its value.
func (r *reading) mistake(name, expected string) {
	f := r.known[name]
	variable, value := name, cmp.Or(r.given[name], f.byDefault)
	if file := r.given[name+fileSuffix]; file != "" && f.secret() {
		variable, value = name+fileSuffix, file
	} else if f.secret() {
		value = redacted
	}
	r.bad[name] = true
	r.mistakes = append(r.mistakes, Mistake{Variable: variable, Value: shown(value), Expected: expected})
}

// unknown notes a variable that means nothing. Its value is not shown: it may
// be a secret under a misspelt name.
func (r *reading) unknown(name string) {
	expected := "a known name"
	if near := r.nearest(name); near != "" {
		expected += "; did you mean " + near + "?"
	}
	r.mistakes = append(r.mistakes, Mistake{Variable: name, Value: redacted, Expected: expected})
}

// nearest gives the known name that is one or two slips away from name, "" if
// there is none.
func (r *reading) nearest(name string) string {
	best, least := "", 3
	consider := func(candidate string) {
		d := distance(name, candidate)
		if d < least || d == least && d < 3 && candidate < best {
			best, least = candidate, d
		}
	}
	for candidate, f := range r.known {
		consider(candidate)
		if f.secret() {
			consider(candidate + fileSuffix)
		}
	}
	return best
}

// err gives the mistakes in the order of the reference, the unknown variables
// last.
func (r *reading) err() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	place := func(m Mistake) int {
		if secret := r.secretOf(m.Variable); secret != "" {
			return r.order[secret]
		}
		if i, ok := r.order[m.Variable]; ok {
			return i
		}
		return len(r.order)
	}
	slices.SortStableFunc(r.mistakes, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a.Variable, b.Variable))
	})
	return r.mistakes
}
