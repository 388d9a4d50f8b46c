package frameinspect

import "bytes"

// Limits bound what a scanner accepts. A zero field is no limit, which only
// tests should want.
type Limits struct {
	// Head is the most bytes from a frame's command to its blank line.
	Head int
	// Headers is the most header lines of a frame.
	Headers int
	// Body is the most bytes of a body.
	Body int64
}

// Sender says whose frames a scanner reads.
type Sender uint8

const (
	// Client frames are judged strictly: whatever brokers might read
	// differently is a Violation.
	Client Sender = iota
	// Broker frames are only delimited and bounded.
	Broker
)

// Event is what a scanner found next.
type Event uint8

const (
	// NeedMore: all of the input is consumed and nothing is complete.
	NeedMore Event = iota
	// HeartBeat: one or more end-of-line octets between frames.
	HeartBeats
	// HeadComplete: Scanner.Head is valid until the next call of Next.
	HeadComplete
	// BodyPart: the consumed bytes belong to the body.
	BodyPart
	// FrameEnd: the consumed byte is the NUL that ends the frame.
	FrameEnd
)

type state uint8

const (
	between   state = iota // before a frame, or in the line ends between two
	inHead                 // in the lines up to the blank one
	inCounted              // in a body of a declared length
	inOpen                 // in a body that ends at the first NUL
	atNul                  // after a body of a declared length
	failed
)

// Scanner finds frames in a stream of bytes. It is not safe for concurrent use.
type Scanner struct {
	sender  Sender
	state   state
	version Version
	sawCR   bool // the last octet between frames was a CR, so an LF must follow
	limits  Limits
	head    Head
	lines   headLines
	carry   *[]byte // the begin of a head that the input cut; nil mostly
	body    int64   // octets of the body: left where counted, seen where open
	err     *Violation
}

// NewScanner makes a scanner for the frames of one sender. The version is none
// until SetVersion says otherwise.
func NewScanner(sender Sender, limits Limits) Scanner {
	return Scanner{sender: sender, limits: limits}
}

// SetVersion sets the version that the frames to come are judged by.
func (s *Scanner) SetVersion(v Version) { s.version = v }

// SetLimits sets the limits for the frames to come.
func (s *Scanner) SetLimits(l Limits) { s.limits = l }

// Head gives the frame in progress. It is valid after HeadComplete, until Next
// is called again, except for Command and ContentLength, which last until the
// next frame begins.
func (s *Scanner) Head() *Head { return &s.head }

// Between tells whether the input so far ended at the end of a frame, or of a line
// behind one.
func (s *Scanner) Between() bool { return s.state == between && !s.sawCR }

// Release lets go of the input, which is about to be somebody else's: of Head no
// more than Command and ContentLength is left.
func (s *Scanner) Release() {
	if s.state == between {
		s.lines.receipt = nil
	}
	s.keepReceipt()
	s.head.raw, s.head.linesFrom, s.head.linesTo = nil, 0, 0
}

// Left tells how much of the frame in progress is still to come, the NUL
// included, as far as its head says so; 0 where that is not known.
func (s *Scanner) Left() int64 {
	if s.state == inCounted {
		return s.body + 1
	}
	return 0
}

// Next consumes bytes from the front of p up to the next event and says how
// many. The error is always a *Violation; after one the scanner only repeats it.
func (s *Scanner) Next(p []byte) (Event, int, error) {
	if s.carry != nil && s.state != inHead {
		s.keepReceipt()
		putCarry(s.carry)
		s.carry = nil
	}
	if len(p) == 0 {
		return NeedMore, 0, nil
	}
	switch s.state {
	case between:
		if n := s.skipEOL(p); n > 0 {
			return HeartBeats, n, nil
		}
		s.begin() // so that a violation here is none of the frame before
		if s.sawCR || p[0] == '\r' {
			return s.fail(CodeCarriageReturn, "a carriage return between frames ends no line in this version")
		}
		return s.scanHead(p)
	case inHead:
		return s.resumeHead(p)
	case inCounted:
		n := int(min(int64(len(p)), s.body))
		if s.body -= int64(n); s.body == 0 {
			s.state = atNul
		}
		if n == len(p) {
			s.keepReceipt()
		}
		return BodyPart, n, nil
	case inOpen:
		return s.openBody(p)
	case atNul:
		if p[0] != 0 {
			return s.fail(CodeMissingNul, "the body is longer than its content-length says: no NUL follows it")
		}
		s.state = between
		return FrameEnd, 1, nil
	}
	return NeedMore, 0, s.err
}

// begin forgets the frame before.
func (s *Scanner) begin() {
	s.state, s.body = inHead, 0
	s.lines = headLines{}
	s.head = Head{Version: s.version, ContentLength: -1}
}

// skipEOL counts the line ends in front of p.
func (s *Scanner) skipEOL(p []byte) int {
	for i, c := range p {
		switch {
		case c == '\n':
			s.sawCR = false
		case c == '\r' && !s.sawCR && (s.version == 0 || s.version == V12 || s.sender == Broker):
			s.sawCR = true
		default:
			return i
		}
	}
	return len(p)
}

func (s *Scanner) openBody(p []byte) (Event, int, error) {
	n := bytes.IndexByte(p, 0)
	if n == 0 {
		s.state = between
		return FrameEnd, 1, nil
	}
	if n < 0 {
		n = len(p)
		s.keepReceipt()
	}
	s.body += int64(n)
	if s.sender == Client && s.head.Command != CmdSend {
		return s.fail(CodeBodyNotAllowed, "only SEND may have a body, "+s.head.Command.String()+" may not")
	}
	if s.limits.Body > 0 && s.body > s.limits.Body {
		return s.fail(CodeBodyTooBig, "the body is larger than this server takes")
	}
	return BodyPart, n, nil
}

// keepReceipt makes the note of the receipt header outlive the input, which the
// caller reuses while the frame goes on.
func (s *Scanner) keepReceipt() {
	if l := &s.lines; l.receipt != nil && !l.ownReceipt {
		l.receipt, l.ownReceipt = bytes.Clone(l.receipt), true
	}
}

// fail ends the scanning with a violation of the frame in progress.
func (s *Scanner) fail(code Code, message string) (Event, int, error) {
	s.state = failed
	s.err = &Violation{Code: code, Message: message}
	if r := s.lines.receipt; bytes.IndexByte(r, 0) < 0 { // in an ERROR it would be the end
		s.err.Receipt = bytes.Clone(r)
	}
	return NeedMore, 0, s.err
}
