package frameinspect

import (
	"testing"
	"time"
)

func TestParseHeartBeat(t *testing.T) {
	tests := map[string]struct {
		want HeartBeat
		bad  bool
	}{
		"0,0":                    {},
		"10000,5000":             {want: HeartBeat{10 * time.Second, 5 * time.Second}},
		" 1 , 2 ":                {want: HeartBeat{time.Millisecond, 2 * time.Millisecond}},
		"999999999999,0":         {want: HeartBeat{Send: maxBeat}},
		"":                       {bad: true},
		"1":                      {bad: true},
		"1,":                     {bad: true},
		"-1,1":                   {bad: true},
		"1,2,3":                  {bad: true},
		"99999999999999999999,1": {bad: true},
	}
	for in, tc := range tests {
		got, err := ParseHeartBeat([]byte(in))
		if (err != nil) != tc.bad || got != tc.want {
			t.Errorf("%q: got %v, %v, want %v, error %v", in, got, err, tc.want, tc.bad)
		}
	}
}

func TestHeartBeatsAgree(t *testing.T) {
	s := time.Second
	tests := []struct{ a, b, want HeartBeat }{
		{HeartBeat{10 * s, 10 * s}, HeartBeat{4 * s, 20 * s}, HeartBeat{20 * s, 10 * s}},
		{HeartBeat{10 * s, 10 * s}, HeartBeat{0, 0}, HeartBeat{}},
		{HeartBeat{0, 10 * s}, HeartBeat{5 * s, 5 * s}, HeartBeat{0, 10 * s}},
	}
	for _, tc := range tests {
		if got := tc.a.Agree(tc.b); got != tc.want {
			t.Errorf("%v with %v: got %v, want %v", tc.a, tc.b, got, tc.want)
		}
	}
}

func TestAcceptVersion(t *testing.T) {
	tests := map[string]string{"1.2,1.1": "1.1,1.2", "1.0": "1.0", " 1.1 ,2.0": "1.1", "2.0": "", "": "", "1.20": ""}
	for in, want := range tests {
		if got := ParseAcceptVersion([]byte(in)).String(); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestEscapes(t *testing.T) {
	text := "a:b\\c\nd\re"
	if got := string(AppendEscaped(nil, text, V12)); got != `a\cb\\c\nd\re` {
		t.Errorf("1.2: got %q", got)
	}
	if got := string(AppendUnescaped(nil, AppendEscaped(nil, text, V12))); got != text {
		t.Errorf("there and back: got %q, want %q", got, text)
	}
	if got := string(AppendHeader(nil, "a", "b:c", V10)); got != "a:b:c\n" {
		t.Errorf("1.0: got %q", got)
	}
}
