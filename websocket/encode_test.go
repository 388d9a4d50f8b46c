package websocket

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAppendHeader(t *testing.T) {
	tests := []struct {
		op     Opcode
		fin    bool
		length int
		want   []byte
	}{
		{Text, true, 0, []byte{0x81, 0}},
		{Binary, true, 125, []byte{0x82, 125}},
		{Binary, true, 126, []byte{0x82, 126, 0, 126}},
		{Text, false, 65535, []byte{0x01, 126, 0xff, 0xff}},
		{Continuation, false, 65536, []byte{0x00, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
		{Continuation, true, 1 << 30, []byte{0x80, 127, 0, 0, 0, 0, 0x40, 0, 0, 0}},
	}
	for _, tt := range tests {
		got := AppendHeader([]byte("x"), tt.op, tt.fin, tt.length)
		if !bytes.Equal(got, append([]byte("x"), tt.want...)) {
			t.Errorf("%d bytes, fin %t: got % x, want x and % x", tt.length, tt.fin, got, tt.want)
		}
		if len(got)-1 > MaxHeader {
			t.Errorf("%d bytes of header, more than MaxHeader", len(got)-1)
		}
	}
}

func TestAppendControl(t *testing.T) {
	long := strings.Repeat("p", 125)
	for got, want := range map[string]string{
		string(AppendPing(nil)):                                "\x89\x00",
		string(AppendPong([]byte("x"), []byte("hi"))):          "x\x8a\x02hi",
		string(AppendPong(nil, nil)):                           "\x8a\x00",
		string(AppendPong(nil, []byte(long))):                  "\x8a\x7d" + long,
		string(AppendClose(nil, CloseNormal, "")):              "\x88\x02\x03\xe8",
		string(AppendClose([]byte("x"), 4008, "slow")):         "x\x88\x06\x0f\xa8slow",
		string(AppendClose(nil, CloseNoStatus, "not to send")): "\x88\x00",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A reason is cut between characters so that the frame stays within 125 bytes
// and its text UTF-8.
func TestAppendCloseCuts(t *testing.T) {
	for _, unit := range []string{"x", "é", "€", "😀"} {
		for lead := range 5 {
			for _, size := range []int{110, 120, 121, 122, 123, 124, 125, 126, 127, 130, 500} {
				reason := strings.Repeat("a", lead) + strings.Repeat(unit, size/len(unit))
				got := AppendClose(nil, CloseGoingAway, reason)
				body := string(got[4:])
				switch {
				case len(got)-2 > 125 || int(got[1]) != len(got)-2:
					t.Fatalf("%q of %d: got a payload of %d, said to be %d", unit, len(reason), len(got)-2, got[1])
				case !utf8.ValidString(body) || !strings.HasPrefix(reason, body):
					t.Fatalf("%q of %d: got reason %q", unit, len(reason), body)
				case len(reason) <= 123 && body != reason, len(reason) > 123 && len(body) <= 123-len(unit):
					t.Fatalf("%q of %d: cut to %d bytes, too short", unit, len(reason), len(body))
				}
			}
		}
	}
}

func TestCloseCode(t *testing.T) {
	code := func(n int, reason string) string { return string([]byte{byte(n >> 8), byte(n)}) + reason }
	type verdict struct {
		code int
		err  error
	}
	tests := map[string]verdict{
		"":                                   {CloseNoStatus, nil},
		"\x03":                               {0, ErrProtocol},
		code(1000, "bye"):                    {1000, nil},
		code(1000, "gr\u00fc\u00df"):         {1000, nil},
		code(1000, "\xff"):                   {0, ErrUTF8},
		code(1000, "cut\xe2\x82"):            {0, ErrUTF8},
		code(65535, "\xff"):                  {0, ErrProtocol},
		code(3000, strings.Repeat("x", 123)): {3000, nil},
	}
	legal := func(n int) bool {
		switch n {
		case 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014:
			return true
		}
		return n >= 3000 && n <= 4999
	}
	for _, n := range []int{0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
		1015, 1016, 1100, 2000, 2999, 3000, 3999, 4000, 4999, 5000, 65535} {
		want := verdict{0, ErrProtocol}
		if legal(n) {
			want = verdict{n, nil}
		}
		tests[code(n, "")] = want
	}
	for payload, want := range tests {
		t.Run(fmt.Sprintf("%.20q", payload), func(t *testing.T) {
			got, err := CloseCode([]byte(payload))
			if got != want.code || !errors.Is(err, want.err) {
				t.Errorf("got %d, %v, want %d, %v", got, err, want.code, want.err)
			}
		})
	}
}

func TestCodeOf(t *testing.T) {
	for err, want := range map[error]int{
		ErrUTF8:                              CloseInvalidData,
		fmt.Errorf("in a test: %w", ErrUTF8): CloseInvalidData,
		ErrProtocol:                          CloseProtocolError,
		errors.New("another"):                CloseProtocolError,
	} {
		if got := CodeOf(err); got != want {
			t.Errorf("%v: got %d, want %d", err, got, want)
		}
	}
}
