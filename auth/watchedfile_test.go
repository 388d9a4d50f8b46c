package auth

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// watched is a watched file of text that must not hold "bad".
func watched(t *testing.T, text string) (w *watchedFile[string], parsed *int, failures *[]error) {
	t.Helper()
	parsed, failures = new(int), new([]error)
	w, err := watch(writeFile(t, "file", text), func(text []byte) (string, error) {
		*parsed++
		if bytes.Contains(text, []byte("bad")) {
			return "half of it", errors.New("it is bad")
		}
		return string(text), nil
	}, func(err error) { *failures = append(*failures, err) })
	if err != nil {
		t.Fatal(err)
	}
	return w, parsed, failures
}

// TestWatchedFile: only a change is parsed, and what is wrong with it is told once.
func TestWatchedFile(t *testing.T) {
	w, parsed, failures := watched(t, "one")
	for _, step := range []struct {
		text         string
		value        string
		parsed, told int
	}{
		{"one", "one", 1, 0},
		{"two", "two", 2, 0},
		{"two", "two", 2, 0},
		{"bad", "two", 3, 1},
		{"bad", "two", 3, 1},
		{"two", "two", 4, 1},
		{"", "", 5, 1},
	} {
		writeFile(t, w.name, step.text)
		w.read()
		if got := w.get(); got != step.value || *parsed != step.parsed || len(*failures) != step.told {
			t.Errorf("%q: got %q, parsed %d times, told %v", step.text, got, *parsed, *failures)
		}
	}
	if want := "read " + w.name + ": it is bad; what it said before counts"; (*failures)[0].Error() != want {
		t.Errorf("got %v, want %s", (*failures)[0], want)
	}
}

// TestWatchedFileIsBelieved: it is looked at once in a while, by one caller.
func TestWatchedFileIsBelieved(t *testing.T) {
	w, _, _ := watched(t, "one")
	if w.due() {
		t.Error("it is due when it was just read")
	}
	w.checked = time.Now().Add(-checkEvery)
	if !w.due() || w.due() {
		t.Error("it is not due once after its time")
	}
}

func TestWatchedFileBounds(t *testing.T) {
	w, _, failures := watched(t, "one")
	most := strings.Repeat("x", maxFile)
	writeFile(t, w.name, most)
	w.read()
	if w.get() != most || len(*failures) != 0 {
		t.Errorf("got %d bytes, %v, want the largest file", len(w.get()), *failures)
	}
	writeFile(t, w.name, most+"x")
	w.read()
	if w.get() != most || len(*failures) != 1 {
		t.Errorf("got %d bytes, %v, want what was before", len(w.get()), *failures)
	}
	if _, err := watch(w.name, func([]byte) (int, error) { return 0, nil }, nil); err == nil || !strings.HasSuffix(err.Error(), "larger than 4194304 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestWatchNeedsAGoodFile(t *testing.T) {
	name := writeFile(t, "users", "bob")
	if _, err := newUsers(name, nil); err == nil || err.Error() != "auth: UsersFile: read "+name+": line 1: no bcrypt hash, as htpasswd -B makes it" {
		t.Errorf("got %v", err)
	}
}
