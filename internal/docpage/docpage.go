// Package docpage holds, in tests, what a page of the docs quotes of the code equal
// to the code.
package docpage

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the code says into the docs")

// Hold fails the test where what stands in the page between two marks, begin and the
// first end behind it, is not want; with -update it writes want there. redo is the
// command to run then.
func Hold(t testing.TB, page, begin, end, want, redo string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(text), begin)
	got, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s lacks %q or %q", page, begin, end)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s differs from the code; run %s", page, redo)
	}
}
