package sockjs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	tests := map[string]string{
		"plain ü☃\U0001F407 \x7f":  "plain ü☃\U0001F407 \x7f",
		"\x00\x01\x1f\b\f\n\r\t":   `\u0000\u0001\u001f\u0008\u000c\n\r\t`,
		`"\/<`:                     `\"\\/<`,
		"\u200b\u200c\u200f\u2010": "\u200b" + `\u200c\u200f` + "\u2010",
		"\u2027\u2028\u202f\u2030": "\u2027" + `\u2028\u202f` + "\u2030",
		"\u205f\u2060\u206f\u2070": "\u205f" + `\u2060\u206f` + "\u2070",
		"\uffef\ufff0\uffff":       "\uffef" + `\ufff0\uffff`,
		"\ufffd":                   `\ufffd`,
	}
	for in, want := range tests {
		if got := string(AppendEscaped(nil, []byte(in))); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	if got, want := string(AppendClose(nil, 2010, `a"b`)), `c[2010,"a\"b"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDecode(t *testing.T) {
	tests := map[string]struct {
		want string
		err  error
	}{
		`["a","b"]`:                          {"ab", nil},
		" [ \"a\" ,\n\"\\u00fc\" ]\r\t":      {"aü", nil},
		`[]`:                                 {"", nil},
		`[""]`:                               {"", nil},
		`["\"\\\/\b\f\n\r\t\u0000"]`:         {"\"\\/\b\f\n\r\t\x00", nil},
		`["\ud83d\udc07\uD83D\uDC07"]`:       {"\U0001F407\U0001F407", nil},
		"[\"☃\u2028\"]":                      {"☃\u2028", nil},
		"":                                   {"", ErrNoPayload},
		"  \n":                               {"", ErrNoPayload},
		`"a"`:                                {"", ErrNoPayload},
		`{"a":"b"}`:                          {"", ErrNoPayload},
		`null`:                               {"", ErrNoPayload},
		`x`:                                  {"", ErrBadJSON},
		`["a`:                                {"", ErrBadJSON},
		`["a"`:                               {"", ErrBadJSON},
		`["a",]`:                             {"", ErrBadJSON},
		`["a" "b"]`:                          {"", ErrBadJSON},
		`["a"]x`:                             {"", ErrBadJSON},
		`["a"]["b"]`:                         {"", ErrBadJSON},
		`[null]`:                             {"", ErrBadJSON},
		`["a",1]`:                            {"", ErrBadJSON},
		`[["a"]]`:                            {"", ErrBadJSON},
		"[\"a\nb\"]":                         {"", ErrBadJSON},
		`["\x41"]`:                           {"", ErrBadJSON},
		`["\u12"]`:                           {"", ErrBadJSON},
		`["\u12g4"]`:                         {"", ErrBadJSON},
		`["\ud800"]`:                         {"", ErrBadJSON},
		`["\udc00"]`:                         {"", ErrBadJSON},
		`["\ud800\u0041"]`:                   {"", ErrBadJSON},
		`["\ud800\ud800"]`:                   {"", ErrBadJSON},
		"[\"\xff\"]":                         {"", ErrBadJSON},
		"[\"\xe2\x98\"]":                     {"", ErrBadJSON},
		"[\"\xed\xa0\x80\"]":                 {"", ErrBadJSON},
		`["` + strings.Repeat(`\`, 3) + `"]`: {"", ErrBadJSON},
	}
	for in, tc := range tests {
		got, err := Decode([]byte(in))
		if !errors.Is(err, tc.err) || string(got) != tc.want {
			t.Errorf("%q: got %q, %v, want %q, %v", in, got, err, tc.want, tc.err)
		}
	}
}

// What is escaped is JSON that gives it back, by this package's reader and by
// the standard library's, however the message is cut between characters.
func FuzzEscape(f *testing.F) {
	f.Add("a\x00\"\\\u2028☃\U0001F407", 3)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		if !utf8.ValidString(text) {
			return
		}
		cut = max(0, min(cut, len(text)))
		for cut > 0 && cut < len(text) && !utf8.RuneStart(text[cut]) {
			cut--
		}
		whole := AppendEscaped(nil, []byte(text))
		parts := AppendEscaped(AppendEscaped(nil, []byte(text[:cut])), []byte(text[cut:]))
		if !bytes.Equal(whole, parts) {
			t.Fatalf("got %q in parts, %q in one", parts, whole)
		}
		frame := `["` + string(whole) + `"]`
		var list []string
		if err := json.Unmarshal([]byte(frame), &list); err != nil || len(list) != 1 || list[0] != text {
			t.Fatalf("%q: got %q, %v", text, list, err)
		}
		if got, err := Decode([]byte(frame)); err != nil || string(got) != text {
			t.Fatalf("%q: got %q, %v", text, got, err)
		}
		var inner string
		quoted := `"` + string(appendQuoted(nil, []byte(frame))) + `"`
		if err := json.Unmarshal([]byte(quoted), &inner); err != nil || inner != frame || strings.Contains(quoted, "<") {
			t.Fatalf("%q: got %q, %v", frame, inner, err)
		}
	})
}

// Decode takes nothing that the standard library refuses, and reads the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`["a","\u00fc"]`, `[]`, `["\ud83d\udc07"]`, `["a`, `[null]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var list []string
		stdErr := json.Unmarshal(in, &list)
		got, err := Decode(bytes.Clone(in))
		if err != nil {
			return
		}
		if want := strings.Join(list, ""); stdErr != nil || string(got) != want || !utf8.Valid(got) {
			t.Fatalf("%q: got %q, want %q, %v", in, got, want, stdErr)
		}
	})
}
