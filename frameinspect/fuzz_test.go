package frameinspect

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func seeds(f *testing.F) {
	for _, in := range []string{
		"SEND\ndestination:/q\n\nhi\x00", "SEND\ncontent-length:3\n\na\x00b\x00\n\n", "\nBEGIN\n\n\x00\r\nACK\nid:1\n\n\x00",
		"SEND\r\na:b:c\r\na:2\r\n\r\nx\x00", "SEND\na:\\n\\\\\\c\n\n\x00", "NACX\n\n\x00", "SUBSCRIBE\nid:1\n\nx\x00",
	} {
		for _, v := range []uint8{0, 10, 11, 12} {
			f.Add([]byte(in), v, uint16(3))
		}
	}
}

func version(v uint8) Version {
	switch Version(v) {
	case V10, V11, V12:
		return Version(v)
	}
	return 0
}

// FuzzSplit: however the bytes are cut, the same frames come out.
func FuzzSplit(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte, v uint8, cut uint16) {
		limits := Limits{Head: 64, Headers: 4, Body: 64}
		step := int(cut)%7 + 1
		var pieces [][]byte
		for rest := in; len(rest) > 0; {
			n := min(step, len(rest))
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		for _, sender := range []Sender{Client, Broker} {
			whole := NewScanner(sender, limits)
			whole.SetVersion(version(v))
			want := scanned(&whole, in)
			parts := NewScanner(sender, limits)
			parts.SetVersion(version(v))
			if got := scanned(&parts, pieces...); !sameButCode(got, want) {
				t.Errorf("in pieces of %d: got %q, whole: %q", step, got, want)
			}
		}
	})
}

// sameButCode compares, but for which of several violations of one frame is
// found first: that may depend on where the input was cut.
func sameButCode(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && (a[i][0] != '!' || b[i][0] != '!') {
			return false
		}
	}
	return true
}

// FuzzCanonical: what is written for a frame is read back as the same frame and
// needs no second rewriting, and nothing a strict broker could trip over is left.
func FuzzCanonical(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte, v uint8, _ uint16) {
		s := NewScanner(Client, Limits{Head: 1 << 10, Headers: 20, Body: 1 << 10})
		s.SetVersion(version(v))
		for _, frame := range scanned(&s, in) {
			if frame == "." || frame[0] == '!' {
				continue
			}
			wire := []byte(frame[:len(frame)-1] + "\x00")
			again := NewScanner(Client, Limits{Head: 2 << 10, Headers: 20, Body: 1 << 10})
			again.SetVersion(version(v))
			event, n, err := again.Next(wire)
			if event != HeadComplete || err != nil {
				t.Fatalf("%q: reading back: %v, %v", wire, event, err)
			}
			if !again.head.canonical {
				t.Errorf("%q is not canonical", wire)
			}
			if bytes.IndexByte(wire[:n], '\r') >= 0 {
				t.Errorf("%q has a carriage return", wire[:n])
			}
			rest := NewScanner(Client, Limits{Head: 2 << 10, Headers: 20, Body: 1 << 10})
			rest.SetVersion(version(v))
			if got := scanned(&rest, wire); len(got) != 1 || got[0] != frame {
				t.Errorf("read back %q, want %q", got, frame)
			}
		}
	})
}

// FuzzWhole: whoever takes frames whole where that can be sees what Next alone does.
func FuzzWhole(f *testing.F) {
	seeds(f)
	for _, head := range []string{"destination:/q\ndestination:/q\n", "destination: /q\n", "destination:/queue/a:b\n", "destination:/q\\a\n", "content-length:1\ncontent-length:1\n", "a:1\r\n", "a:b:c\n",
		" a:1\n", "a:\n b:1\n", "a:1\nb:2\nc:3\nd:4\ne:5\n", "long-name:long value\n", "long\\name:1\n", "a:long\\value\n", "a:valu\xe9\n", "a:\x1f1234567\n", ":1\n", "none\n", "\r\n"} {
		f.Add([]byte("SEND\n"+head+"\nx\x00MESSAGE\n"+head+"\nx\x00\n"), uint8(12), uint16(0))
		f.Add([]byte("SEND\n"+head+"\nx\x00MESSAGE\n"+head+"\nx\x00\n"), uint8(12), uint16(len("SEND\n"+head+"\nx\x00")))
	}
	for _, head := range []string{"a:%s\nb:1\n", "a:%s:1\nb:2\n", "a%s:1\n", "a%s:1:2\n", "a:%s\\\n", "a:%s\r\n", "destination:%s \n", "content-length:1\na:%s\n", "a:%s\ncontent-length:1\n", "%s\n"} {
		for _, n := range []int{block - 12, block - 9, block - 7, block, 2 * block} { // so that a block ends here and there
			f.Add(fmt.Appendf(nil, "SEND\n"+head+"\nx\x00MESSAGE\n"+head+"\nx\x00\n", strings.Repeat("x", n), strings.Repeat("y", n)), uint8(12), uint16(0))
		}
	}
	long := strings.Repeat("x", block)
	f.Add([]byte("SEND\na:"+long+":"+long+long+"\n\nx\x00"), uint8(12), uint16(0))
	f.Add([]byte("MESSAGE\ncontent-length:3\ncontent-length:1\n\nx\x00y\x00"), uint8(12), uint16(0))
	f.Add([]byte("SEND\n\nx\x00ACK\nid:1\ncontent-length:0\n\n\x00\x00\n\n\n\n\n\n"), uint8(12), uint16(0))
	f.Fuzz(func(t *testing.T, in []byte, v uint8, cut uint16) {
		for _, limits := range []Limits{{Head: 64, Headers: 4, Body: 64}, {Head: 4 * block, Body: 1 << 10}} {
			for _, sender := range []Sender{Client, Broker} {
				p := in[min(int(cut), len(in)):]
				next := NewScanner(sender, limits)
				next.SetVersion(version(v))
				want := scanned(&next, p)
				whole := NewScanner(sender, limits)
				whole.SetVersion(version(v))
				if got := scannedWhole(&whole, string(p)); !slices.Equal(got, want) {
					t.Errorf("%q: got %q, by Next alone %q", p, got, want)
				}
			}
		}
	})
}
