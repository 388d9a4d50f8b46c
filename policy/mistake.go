package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Mistake is one thing in a policy file that cannot stand.
type Mistake struct {
	File         string
	Line, Column int // from 1; 0 where the place is not known
	Message      string
}

// Error gives one line, such as policy.yaml:3:5: unknown key "sned".
func (m *Mistake) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Message)
}

// maxMistakes bounds how many mistakes of one file are reported.
const maxMistakes = 100

// join gives the mistakes as one error, in the order of the file, and nil where
// there are none.
func join(mistakes []*Mistake) error {
	slices.SortStableFunc(mistakes, func(a, b *Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var list []error
	for _, m := range mistakes[:min(len(mistakes), maxMistakes)] {
		list = append(list, m)
	}
	if more := len(mistakes) - maxMistakes; more > 0 {
		list = append(list, fmt.Errorf("%s: and %d more mistakes", mistakes[0].File, more))
	}
	return errors.Join(list...)
}
