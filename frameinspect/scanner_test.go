package frameinspect

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

var wide = Limits{Head: 1 << 10, Headers: 20, Body: 1 << 20}

// recorder notes what a test sees of a stream: frames in canonical form, "." for
// line ends between them, "!code" for a violation, with the receipt that it tells of.
type recorder struct {
	out   []string
	frame []byte
}

// next takes one step and gives what is left of p; nothing after a violation.
func (r *recorder) next(s *Scanner, p []byte) []byte {
	event, n, err := s.Next(p)
	if limit := s.limits.Head; s.carry != nil && limit > 0 && len(*s.carry) > limit {
		r.out = append(r.out, fmt.Sprintf("carries %d bytes, more than the limit", len(*s.carry)))
	}
	if err != nil {
		var v *Violation
		if !errors.As(err, &v) {
			panic(err)
		}
		note := "!" + string(v.Code)
		if v.Receipt != nil {
			note += " " + string(v.Receipt)
		}
		r.out = append(r.out, note)
		return nil
	}
	switch event {
	case HeartBeats:
		if len(r.out) == 0 || r.out[len(r.out)-1] != "." {
			r.out = append(r.out, ".")
		}
	case HeadComplete:
		r.frame = s.Head().AppendTo(nil)
	case BodyPart:
		r.frame = append(r.frame, p[:n]...)
	case FrameEnd:
		r.out = append(r.out, string(r.frame)+"^")
	}
	return p[n:]
}

// scanned gives what a stream holds that comes in pieces.
func scanned(s *Scanner, pieces ...[]byte) []string {
	var r recorder
	for _, p := range pieces {
		p = bytes.Clone(p) // so that nothing may rely on the input living on
		for rest := p; len(rest) > 0; {
			rest = r.next(s, rest)
		}
		for i := range p {
			p[i] = '#'
		}
		if s.err != nil {
			break
		}
	}
	return r.out
}

// scannedWhole is scanned for somebody who takes frames whole where that can be,
// those between others too. One that ends too near to the end of the memory cannot
// be, so there is room behind the input, in which nothing should be found.
func scannedWhole(s *Scanner, input string) []string {
	room := strings.Repeat("\n:\n\x00\\:\n\n\x00", block)
	var r recorder
	for rest := []byte(input + room)[:len(input)]; len(rest) > 0; {
		n := s.Whole(rest)
		if n == 0 {
			rest = r.next(s, rest)
			continue
		}
		head := s.Head()
		r.out = append(r.out, string(append(head.AppendTo(nil), rest[len(head.Raw()):n-1]...))+"^")
		rest = rest[n:]
	}
	return r.out
}

func scan(v Version, input string) []string {
	s := NewScanner(Client, wide)
	s.SetVersion(v)
	return scanned(&s, []byte(input))
}

func TestClientFrames(t *testing.T) {
	tests := map[string]struct {
		version Version
		in      string
		want    []string
	}{
		"plain":                      {V12, "SEND\ndestination:/q\n\nhi\x00", []string{"SEND\ndestination:/q\n\nhi^"}},
		"no headers":                 {V12, "BEGIN\n\n\x00", []string{"BEGIN\n\n^"}},
		"counted body holding NULs":  {V12, "SEND\ncontent-length:3\n\na\x00b\x00", []string{"SEND\ncontent-length:3\n\na\x00b^"}},
		"counted empty body":         {V12, "SEND\ncontent-length:0\n\n\x00", []string{"SEND\ncontent-length:0\n\n^"}},
		"binary body":                {V12, "SEND\n\n\xff\xfe\x00", []string{"SEND\n\n\xff\xfe^"}},
		"body that looks like heads": {V12, "SEND\n\n\nACK\n\n\x00", []string{"SEND\n\n\nACK\n\n^"}},
		"several, with beats":        {V12, "\nBEGIN\n\n\x00\n\nABORT\n\n\x00", []string{".", "BEGIN\n\n^", ".", "ABORT\n\n^"}},
		"CRLF becomes LF":            {V12, "SEND\r\na:b\r\n\r\nx\r\n\x00\r\n", []string{"SEND\na:b\n\nx\r\n^", "."}},
		"CRLF before negotiation":    {0, "CONNECT\r\naccept-version:1.2\r\n\r\n\x00", []string{"CONNECT\naccept-version:1.2\n\n^"}},
		"first of repeated counts":   {V12, "SEND\na:1\na:2\nb:3\n\n\x00", []string{"SEND\na:1\nb:3\n\n^"}},
		"colon in value is escaped":  {V12, "SEND\nat:12:30:1\n\n\x00", []string{"SEND\nat:12\\c30\\c1\n\n^"}},
		"colon in 1.0 value stays":   {V10, "SEND\nat:12:30\n\n\x00", []string{"SEND\nat:12:30\n\n^"}},
		"colon in CONNECT stays":     {0, "CONNECT\npasscode:a:b\\\n\n\x00", []string{"CONNECT\npasscode:a:b\\\n\n^"}},
		"escapes of 1.2":             {V12, "SEND\na\\cb:\\r\\n\\\\\n\n\x00", []string{"SEND\na\\cb:\\r\\n\\\\\n\n^"}},
		"empty value":                {V12, "SEND\na:\n\n\x00", []string{"SEND\na:\n\n^"}},
		"length of 18 digits":        {V12, "SEND\ncontent-length:000000000000000001\n\nx\x00", []string{"SEND\ncontent-length:000000000000000001\n\nx^"}},
		"length of 19 digits":        {V12, "SEND\ncontent-length:0000000000000000001\n\nx\x00", []string{"!bad_content_length"}},
		"zero length on ACK":         {V12, "ACK\ncontent-length:0\nid:1\n\n\x00", []string{"ACK\ncontent-length:0\nid:1\n\n^"}},
		"UTF-8 head":                 {V12, "SEND\nü:☃\n\n\x00", []string{"SEND\nü:☃\n\n^"}},

		// What brokers read differently (frame smuggling) is refused.
		"body hidden in ACK, counted": {V12, "ACK\nid:1\ncontent-length:20\n\nx\x00SEND\ndestination:/q\n\n\x00", []string{"!body_not_allowed"}},
		"body hidden in SUBSCRIBE":    {V12, "SUBSCRIBE\nid:1\n\nx\x00", []string{"!body_not_allowed"}},
		"body of CONNECT":             {0, "CONNECT\ncontent-length:5\n\nhello\x00", []string{"!body_not_allowed"}},
		"repeated content-length":     {V12, "SEND\ncontent-length:1\ncontent-length:9\n\nx\x00", []string{"!duplicate_header"}},
		"repeated with another":       {V12, "SEND\ncontent-length:9\ncontent-length:1\n\nx\x00", []string{"!duplicate_header"}},
		"repeated destination":        {V12, "SEND\ndestination:/a\ndestination:/b\n\n\x00", []string{"!duplicate_header"}},
		"repeated id":                 {V12, "SUBSCRIBE\nid:1\nid:2\n\n\x00", []string{"!duplicate_header"}},
		"prefix of a command":         {V12, "SUBX\n\n\x00", []string{"!unknown_command"}},
		"letters of a command":        {V12, "NACX\n\n\x00", []string{"!unknown_command"}},
		"lower case":                  {V12, "send\n\n\x00", []string{"!unknown_command"}},
		"padded command":              {V12, "SEND \n\n\x00", []string{"!unknown_command"}},
		"NACK in 1.0":                 {V10, "NACK\nid:1\n\n\x00", []string{"!unknown_command"}},
		"server's command":            {V12, "MESSAGE\n\n\x00", []string{"!unknown_command"}},
		"line without colon":          {V12, "SEND\nabc\n\n\x00", []string{"!header_without_colon"}},
		"line of one character":       {V12, "SEND\na\ndestination:/q\n\n\x00", []string{"!header_without_colon"}},
		"lone colon":                  {V12, "SEND\n:\ndestination:/q\n\n\x00", []string{"!bad_header_name"}},
		"padded name":                 {V10, "SEND\ndestination :/a\ndestination:/b\n\n\x00", []string{"!bad_header_name"}},
		"name padded with control":    {V10, "SEND\n\x01destination:/a\n\n\x00", []string{"!bad_header_name"}},
		"CR in 1.1":                   {V11, "SEND\r\na:b\r\n\r\n\x00", []string{"!carriage_return"}},
		"CR inside a 1.2 value":       {V12, "SEND\na:b\rc\n\n\x00", []string{"!carriage_return"}},
		"CR between 1.1 frames":       {V11, "\r\n", []string{"!carriage_return"}},
		"CR without LF between":       {V12, "\rSEND\n\n\x00", []string{".", "!carriage_return"}},
		"negative length":             {V12, "SEND\ncontent-length:-1\n\n\x00", []string{"!bad_content_length"}},
		"signed length":               {V12, "SEND\ncontent-length:+1\n\nx\x00", []string{"!bad_content_length"}},
		"padded length":               {V12, "SEND\ncontent-length: 1\n\nx\x00", []string{"!bad_content_length"}},
		"hexadecimal length":          {V12, "SEND\ncontent-length:0x1\n\nx\x00", []string{"!bad_content_length"}},
		"empty length":                {V12, "SEND\ncontent-length:\n\nx\x00", []string{"!bad_content_length"}},
		"empty length, empty body":    {V12, "SEND\ncontent-length:\n\n\x00", []string{"!bad_content_length"}},
		"length of a letter":          {V12, "SEND\ncontent-length:a\n\n" + strings.Repeat("x", 'a'-'0') + "\x00", []string{"!bad_content_length"}},
		"overflowing length":          {V12, "SEND\ncontent-length:18446744073709551617\n\nx\x00", []string{"!bad_content_length"}},
		"length too short":            {V12, "SEND\ncontent-length:1\n\nxACK\n\n\x00", []string{"!missing_nul"}},
		"NUL instead of blank line":   {V12, "ACK\nid:1\n\x00SEND\ndestination:/q\n\n\x00", []string{"!nul_in_head"}},
		"NUL in a value":              {V12, "SEND\na:b\x00c\n\n\x00", []string{"!nul_in_head"}},
		"NUL and then nothing":        {V12, "DISCONNECT\nreceipt:1\x00", []string{"!nul_in_head"}},
		"undefined escape":            {V12, "SEND\na:\\s\n\n\x00", []string{"!bad_escape"}},
		"escape cut off":              {V12, "SEND\na:x\\\n\n\x00", []string{"!bad_escape"}},
		"CR escape in 1.1":            {V11, "SEND\na:\\r\n\n\x00", []string{"!bad_escape"}},
		"backslash in 1.0":            {V10, "SEND\na:b\\nc\n\n\x00", []string{"!bad_escape"}},
		"padded destination":          {V12, "SEND\ndestination:/q \n\n\x00", []string{"!bad_destination"}},
		"head not UTF-8":              {V12, "SEND\na:\xff\n\n\x00", []string{"!head_not_utf8"}},
		"frame, then a bad one":       {V12, "BEGIN\n\n\x00X\n\n\x00", []string{"BEGIN\n\n^", "!unknown_command"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := scan(tc.version, tc.in); !equal(got, tc.want) {
				t.Errorf("whole: got %q, want %q", got, tc.want)
			}
			for cut := 1; cut < len(tc.in); cut++ {
				s := NewScanner(Client, wide)
				s.SetVersion(tc.version)
				got := scanned(&s, []byte(tc.in[:cut]), []byte(tc.in[cut:]))
				if !equal(got, tc.want) {
					t.Fatalf("cut at %d: got %q, want %q", cut, got, tc.want)
				}
			}
			s := NewScanner(Client, wide)
			s.SetVersion(tc.version)
			if got := scanned(&s, bytes.SplitAfter([]byte(tc.in), nil)...); !equal(got, tc.want) {
				t.Errorf("byte by byte: got %q, want %q", got, tc.want)
			}
			s = NewScanner(Client, wide)
			s.SetVersion(tc.version)
			if got := scannedWhole(&s, tc.in); !equal(got, tc.want) {
				t.Errorf("with frames taken whole: got %q, want %q", got, tc.want)
			}
		})
	}
}

func equal(a, b []string) bool { return strings.Join(a, "\x01") == strings.Join(b, "\x01") }

func TestLimits(t *testing.T) {
	limits := Limits{Head: 40, Headers: 2, Body: 4}
	tests := map[string]struct{ in, want string }{
		"head that fits":        {"SEND\na:" + strings.Repeat("x", 31) + "\n\n\x00", ""},
		"head one over":         {"SEND\na:" + strings.Repeat("x", 32) + "\n\n\x00", "head_too_big"},
		"endless command":       {strings.Repeat("S", 41), "head_too_big"},
		"headers that fit":      {"SEND\na:1\nb:2\n\n\x00", ""},
		"headers one over":      {"SEND\na:1\nb:2\nc:3\n\n\x00", "too_many_headers"},
		"body that fits":        {"SEND\n\n1234\x00", ""},
		"open body one over":    {"SEND\n\n12345\x00", "body_too_big"},
		"counted body one over": {"SEND\ncontent-length:5\n\n12345\x00", "body_too_big"},
	}
	for name, tc := range tests {
		for way, scan := range map[string]func(*Scanner) []string{
			"at once":        func(s *Scanner) []string { return scanned(s, []byte(tc.in)) },
			"byte by byte":   func(s *Scanner) []string { return scanned(s, bytes.SplitAfter([]byte(tc.in), nil)...) },
			"as whole frame": func(s *Scanner) []string { return scannedWhole(s, tc.in) },
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				s := NewScanner(Client, limits)
				s.SetVersion(V12)
				got := scan(&s)
				last := got[len(got)-1]
				if tc.want == "" && strings.HasPrefix(last, "!") || tc.want != "" && last != "!"+tc.want {
					t.Errorf("got %q, want violation %q", got, tc.want)
				}
			})
		}
	}
}

// The receipt must be known for the ERROR even when the buffer that held it is
// long overwritten.
func TestViolationKnowsReceipt(t *testing.T) {
	in := "SEND\nreceipt:r-1\nx:y\n\n12345678\x00"
	for cut := 1; cut < len(in); cut++ {
		s := NewScanner(Client, Limits{Head: 100, Headers: 9, Body: 4})
		s.SetVersion(V12)
		scanned(&s, []byte(in[:cut]), []byte(in[cut:]))
		_, _, err := s.Next([]byte("x"))
		var v *Violation
		if !errors.As(err, &v) || string(v.Receipt) != "r-1" {
			t.Fatalf("cut at %d: got %v with receipt %q, want r-1", cut, err, v.Receipt)
		}
	}
}

// What is cut off, and what lies at the end of the memory, is left to Next. The line of
// the length lies across the end of a block.
func TestWholeOfCutFrames(t *testing.T) {
	for command, sender := range map[string]Sender{"SEND": Client, "MESSAGE": Broker} {
		frame := command + "\ndestination:/queue/" + strings.Repeat("a", 2*block+31) + "\ncontent-length:9\n\n" + strings.Repeat("b", 9) + "\x00"
		for n := range len(frame) + 1 {
			s := NewScanner(sender, wide)
			for _, room := range []int{0, 1, block} {
				in := append(make([]byte, 0, n+room), frame[:n]...)
				if got := s.Whole(in); got != 0 && (got != n || n < len(frame)) {
					t.Errorf("%s cut at %d, with %d octets of room: got %d", command, n, room, got)
				}
			}
		}
	}
}

// A body length of the frame before must not count for one with content-length:0.
func TestWholeForgetsTheBodyBefore(t *testing.T) {
	for _, sender := range []Sender{Client, Broker} {
		names := map[Sender][2]string{Client: {"SEND", "SUBSCRIBE"}, Broker: {"MESSAGE", "RECEIPT"}}[sender]
		hidden := "\x00" + names[0] + "\ndestination:/queue/other\n\nevil"
		first := fmt.Sprintf("%s\ndestination:/queue/own.1\ncontent-length:%d\n\n%s\x00", names[0], len(hidden), strings.Repeat("x", len(hidden)))
		head := names[1] + "\nid:1\ndestination:/queue/own.1\ncontent-length:0\n\n"
		in := []byte(first + head + hidden + "\x00")
		s := NewScanner(sender, wide)
		s.SetVersion(V12)
		if n := s.Whole(in); n != len(first) {
			t.Fatalf("first: got %d, want %d", n, len(first))
		}
		if n := s.Whole(in[len(first):]); n != 0 && n != len(head)+1 {
			t.Errorf("sender %d: Whole took %q as one frame", sender, in[len(first):len(first)+n])
		}
	}
}

// A violation between frames has no receipt, least of all what now stands where
// the last frame's was.
func TestViolationBetweenFramesHasNoReceipt(t *testing.T) {
	for _, v := range []Version{V11, V12} {
		s := NewScanner(Client, wide)
		s.SetVersion(v)
		in := []byte("SEND\nx:a:b\nreceipt:AAAAAAAAAAAA\n\nhi\x00")
		for p := in; len(p) > 0; {
			_, n, err := s.Next(p)
			if err != nil {
				t.Fatal(err)
			}
			p = p[n:]
		}
		copy(in, strings.Repeat("passcode:somebody-else's\n", 4)) // the buffer is another's now
		var err error
		for p := []byte("\rX"); len(p) > 0 && err == nil; {
			var n int
			_, n, err = s.Next(p)
			p = p[n:]
		}
		var violation *Violation
		if !errors.As(err, &violation) || violation.Receipt != nil {
			t.Errorf("%v: got %v with receipt %q", v, err, violation.Receipt)
		}
	}
}

func TestBrokerFramesAreOnlyDelimited(t *testing.T) {
	in := "MESSAGE\na:x\\s\na:2\nodd line\ncontent-length:2\n\n\x00\x01\x00\nERROR\nmessage:no\n\nat java.lang\x00"
	want := []string{"MESSAGE\na:x\\s\na:2\nodd line\ncontent-length:2\n\n|\x00\x01", ".", "ERROR\nmessage:no\n\n|at java.lang"}
	for _, pieces := range [][][]byte{{[]byte(in)}, bytes.SplitAfter([]byte(in), nil)} {
		s := NewScanner(Broker, wide)
		var got []string
		frame := ""
		for _, p := range pieces {
			for len(p) > 0 {
				event, n, err := s.Next(p)
				if err != nil {
					t.Fatal(err)
				}
				switch event {
				case HeadComplete:
					frame = string(s.Head().Raw()) + "|"
				case BodyPart:
					frame += string(p[:n])
				case FrameEnd:
					got = append(got, frame)
				case HeartBeats:
					got = append(got, ".")
				}
				p = p[n:]
			}
		}
		if !equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHeadLookups(t *testing.T) {
	s := NewScanner(Client, wide)
	s.SetVersion(V12)
	if event, _, err := s.Next([]byte("SEND\nd:a\\cb\nd:2\nlast:\\n\n\n\x00")); event != HeadComplete || err != nil {
		t.Fatalf("got %v, %v", event, err)
	}
	h := s.Head()
	if got := h.Text("d"); got != "a:b" {
		t.Errorf("Text of the first of two: got %q, want a:b", got)
	}
	if got := h.Text("last"); got != "\n" {
		t.Errorf("Text of an escaped line feed: got %q", got)
	}
	if _, ok := h.Get("missing"); ok {
		t.Error("a missing header was found")
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	frame := sendFrame(100)
	s := NewScanner(Client, wide)
	s.SetVersion(V12)
	dst := make([]byte, 0, 1024)
	allocs := testing.AllocsPerRun(1000, func() {
		for p := frame; len(p) > 0; {
			event, n, err := s.Next(p)
			if err != nil {
				t.Fatal(err)
			}
			if event == HeadComplete {
				dst = s.Head().AppendTo(dst[:0])
			}
			p = p[n:]
		}
	})
	if allocs != 0 {
		t.Errorf("got %v allocations a frame, want 0", allocs)
	}
}

func sendFrame(body int) []byte {
	return fmt.Appendf(nil, "SEND\ndestination:/queue/a.b\ncontent-length:%d\n\n%s\x00", body, strings.Repeat("x", body))
}

func BenchmarkScan(b *testing.B) {
	for _, body := range []int{100, 16 << 10} {
		b.Run(fmt.Sprintf("body=%d", body), func(b *testing.B) {
			frame := sendFrame(body)
			s := NewScanner(Client, wide)
			s.SetVersion(V12)
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				if s.Whole(frame) != len(frame) {
					b.Fatal("not taken whole")
				}
			}
		})
	}
}
