package frameinspect

import (
	"bytes"
	"sync"
	"unicode/utf8"
)

// headLines is what is known of a head whose lines are being read.
type headLines struct {
	seen       uint64 // a bit for a hash of each name, to find repeats cheaply
	receipt    []byte // the value of the receipt header
	start      int32  // where the next line begins, from the begin of the head
	commandEnd int32  // where the first header line begins
	count      int32  // header lines read
	colons     int32  // colons that separate a name from its value
	repeated   bool
	ownReceipt bool // receipt aliases no input
}

// carries keeps heads that were cut by the end of the input. Most are short.
var carries = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

func putCarry(b *[]byte) {
	if cap(*b) <= 16<<10 {
		*b = (*b)[:0]
		carries.Put(b)
	}
}

// scanHead reads a head that begins at p[0]. If p ends first, what there is of
// it is carried over.
func (s *Scanner) scanHead(p []byte) (Event, int, error) {
	for {
		end := bytes.IndexByte(p[s.lines.start:], '\n')
		if end < 0 {
			return s.carryHead(p)
		}
		end += int(s.lines.start)
		done, v := s.headLine(p, end)
		if v != nil {
			return s.fail(v.Code, v.Message)
		}
		if done {
			if end+1 == len(p) {
				s.keepReceipt()
			}
			return HeadComplete, end + 1, nil
		}
	}
}

// carryHead keeps the rest of the input, which ends inside a line of the head.
func (s *Scanner) carryHead(rest []byte) (Event, int, error) {
	if s.limits.Head > 0 && len(rest) > s.limits.Head {
		return s.fail(CodeHeadTooBig, "the head is larger than this server takes")
	}
	if s.holdsNul(rest) {
		return s.fail(CodeNulInHead, nulInHead)
	}
	s.carry = carries.Get().(*[]byte)
	*s.carry = append(*s.carry, rest...)
	s.keepReceipt()
	return NeedMore, len(rest), nil
}

// resumeHead goes on with a carried head, a line at a time, so that a head that
// drips in costs no more than one that comes whole.
func (s *Scanner) resumeHead(p []byte) (Event, int, error) {
	used := 0
	for used < len(p) {
		end := bytes.IndexByte(p[used:], '\n')
		take := end + 1
		if end < 0 {
			take = len(p) - used
		}
		if s.limits.Head > 0 && len(*s.carry)+take > s.limits.Head {
			return s.fail(CodeHeadTooBig, "the head is larger than this server takes")
		}
		part := p[used : used+take]
		if s.holdsNul(part) {
			return s.fail(CodeNulInHead, nulInHead)
		}
		*s.carry = append(*s.carry, part...)
		if used += take; end < 0 {
			break
		}
		done, v := s.headLine(*s.carry, len(*s.carry)-1)
		if v != nil {
			return s.fail(v.Code, v.Message)
		}
		if done {
			return HeadComplete, used, nil
		}
	}
	return NeedMore, used, nil
}

// holdsNul tells whether a part of a client's head holds a NUL. What a broker puts
// there is its own.
func (s *Scanner) holdsNul(p []byte) bool { return s.sender == Client && bytes.IndexByte(p, 0) >= 0 }

const nulInHead = "a NUL stands before the blank line that ends the head"

// headLine takes in the line of b that begins at lines.start and ends before the
// line feed at end. It tells whether the head is complete.
func (s *Scanner) headLine(b []byte, end int) (bool, *Violation) {
	l := &s.lines
	if s.limits.Head > 0 && end >= s.limits.Head {
		return false, &Violation{Code: CodeHeadTooBig, Message: "the head is larger than this server takes"}
	}
	line := trimCR(b[l.start:end])
	begin := int(l.start)
	l.start = int32(end + 1)
	switch {
	case l.commandEnd == 0:
		l.commandEnd = int32(end + 1)
		return false, s.command(line)
	case len(line) == 0:
		s.head.raw, s.head.linesFrom, s.head.linesTo = b[:end+1], l.commandEnd, int32(begin)
		return true, s.headEnd()
	}
	return false, s.header(b[:begin], line)
}

func (s *Scanner) command(line []byte) *Violation {
	if s.sender == Broker {
		if s.head.Command = serverCommand(line); s.head.Command == CmdNone {
			return &Violation{Code: CodeUnknownCommand, Message: "the command is none that a STOMP server sends"}
		}
		return nil
	}
	s.head.Command = clientCommand(line)
	if s.head.Command == CmdNone || s.version != 0 && s.head.Command.since() > s.version {
		return &Violation{Code: CodeUnknownCommand,
			Message: "the command is none that a STOMP client sends in the version agreed on (commands are upper case)"}
	}
	return nil
}

// header judges one header line; before holds the head up to it.
func (s *Scanner) header(before, line []byte) *Violation {
	l := &s.lines
	if l.count++; s.limits.Headers > 0 && int(l.count) > s.limits.Headers {
		return &Violation{Code: CodeTooManyHeaders, Message: "the frame has more headers than this server takes"}
	}
	cut := bytes.IndexByte(line, ':')
	if cut <= 0 {
		return s.noName(line, cut)
	}
	name, value := line[:cut], line[cut+1:]
	if s.sender == Client {
		l.colons++
		// Java brokers trim names, by characters up to U+0020, so a name with
		// such an edge is one name to them and another to everybody else.
		if name[0] <= ' ' || name[cut-1] <= ' ' {
			return &Violation{Code: CodeBadHeaderName, Message: "a header name begins or ends with white space"}
		}
		if repeated := s.note(before, name); repeated {
			l.repeated = true
			switch string(name) {
			case "content-length", "destination", "id":
				return &Violation{Code: CodeDuplicateHeader, Message: "the header " + string(name) + " stands twice"}
			}
			return nil
		}
	}
	switch string(name) {
	case "content-length":
		if s.head.ContentLength < 0 {
			return s.contentLength(value)
		}
	case "destination":
		if s.sender == Client && len(value) > 0 && (value[0] <= ' ' || value[len(value)-1] <= ' ') {
			return &Violation{Code: CodeBadDestination, Message: "the destination begins or ends with white space"}
		}
	case "receipt":
		l.receipt, l.ownReceipt = value, false
	}
	return nil
}

// noName judges a line whose first colon is missing or has nothing before it.
// Old brokers break lines inside values, which is theirs to do.
func (s *Scanner) noName(line []byte, cut int) *Violation {
	if s.sender == Broker {
		return nil
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return &Violation{Code: CodeNulInHead, Message: nulInHead}
	}
	if cut == 0 {
		return &Violation{Code: CodeBadHeaderName, Message: "a header line has no name before its colon"}
	}
	return &Violation{Code: CodeHeaderWithoutColon, Message: "a header line has no colon"}
}

// note remembers a header name and tells whether it stood before.
func (s *Scanner) note(before, name []byte) bool {
	mask := nameBit(name)
	known := s.lines.seen&mask != 0
	s.lines.seen |= mask
	return known && hasHeader(before[s.lines.commandEnd:], name)
}

func (s *Scanner) contentLength(value []byte) *Violation {
	var n int64
	for _, c := range value {
		c -= '0'
		if c > 9 {
			n = -1
			break
		}
		n = n*10 + int64(c)
	}
	if len(value) > 18 {
		n = -1
	}
	switch {
	case n < 0 || len(value) == 0:
		return &Violation{Code: CodeBadContentLength, Message: "content-length is not a plain decimal number"}
	case s.sender == Client && n > 0 && s.head.Command != CmdSend:
		return &Violation{Code: CodeBodyNotAllowed,
			Message: "only SEND may have a body, " + s.head.Command.String() + " may not"}
	case s.limits.Body > 0 && n > s.limits.Body:
		return &Violation{Code: CodeBodyTooBig, Message: "the body is larger than this server takes"}
	}
	s.head.ContentLength = n
	return nil
}

// headEnd judges the head as a whole and gets ready for the body.
func (s *Scanner) headEnd() *Violation {
	if s.sender == Client {
		if v := s.judgeOctets(); v != nil {
			return v
		}
	}
	s.beginBody()
	return nil
}

// beginBody gets ready for what follows the head.
func (s *Scanner) beginBody() {
	switch n := s.head.ContentLength; {
	case n < 0:
		s.state, s.body = inOpen, 0
	case n == 0:
		s.state, s.body = atNul, 0
	default:
		s.state, s.body = inCounted, n
	}
}

// judgeOctets looks for octets that a head must not hold, and finds out whether
// the head is canonical as it came.
func (s *Scanner) judgeOctets() *Violation {
	raw, h := s.head.raw, &s.head
	if bytes.IndexByte(raw, 0) >= 0 {
		return &Violation{Code: CodeNulInHead, Message: nulInHead}
	}
	if !utf8.Valid(raw) {
		return &Violation{Code: CodeHeadNotUTF8, Message: "the head is not UTF-8"}
	}
	hasCR := bytes.IndexByte(raw, '\r') >= 0
	if hasCR && (s.version != 0 && s.version != V12 || bytes.Count(raw, []byte("\r")) != bytes.Count(raw, []byte("\r\n"))) {
		return &Violation{Code: CodeCarriageReturn,
			Message: "a carriage return stands where the version does not allow one"}
	}
	if v := s.version; v != 0 && bytes.IndexByte(h.lines(), '\\') >= 0 {
		if v == V10 {
			return &Violation{Code: CodeBadEscape,
				Message: "a backslash in a header of STOMP 1.0 means different things to different brokers"}
		}
		if !h.Command.Connects() && !validEscapes(h.lines(), v) {
			return &Violation{Code: CodeBadEscape, Message: "a backslash begins no escape that STOMP " + v.String() + " defines"}
		}
	}
	extraColons := escapes(s.version, h.Command) && bytes.Count(h.lines(), colon) != int(s.lines.colons)
	h.canonical = !hasCR && !s.lines.repeated && !extraColons
	return nil
}

// nameBit is a bit for a hash of a header's name.
func nameBit(name []byte) uint64 {
	n := len(name)
	return 1 << ((uint(n)*3 + uint(name[0]) + uint(name[n-1])) & 63)
}
