package docpage

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// failure is a test that is meant to fail.
type failure struct {
	testing.TB
	text string
}

func (f *failure) Helper() {}

func (f *failure) Errorf(format string, args ...any) { f.text = fmt.Sprintf(format, args...) }

func (f *failure) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// held gives what Hold says of a page, and the page after it.
func held(t *testing.T, text, want string) (said, after string) {
	t.Helper()
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, done := failure{}, make(chan struct{})
	go func() { defer close(done); Hold(&f, page, "<b>", "<e>", want, "it again") }()
	<-done
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if f.text != "" {
		f.text = f.text[len(page):]
	}
	return f.text, string(b)
}

func TestHold(t *testing.T) {
	for _, test := range []struct{ text, said, updated string }{
		{"x<b>new<e>y<e>", "", "x<b>new<e>y<e>"},
		{"x<b>old<e>y<e>", " differs from the code; run it again", "x<b>new<e>y<e>"},
		{"x<b>new", ` lacks "<b>" or "<e>"`, ""},
		{"x<e>new", ` lacks "<b>" or "<e>"`, ""},
	} {
		if said, after := held(t, test.text, "new"); said != test.said || after != test.text {
			t.Errorf("%s: got %q, and the page became %s", test.text, said, after)
		}
		if test.updated == "" {
			continue
		}
		*update = true
		said, after := held(t, test.text, "new")
		*update = false
		if said != "" || after != test.updated {
			t.Errorf("%s updated: got %q, and the page became %s", test.text, said, after)
		}
	}
}
