package frameinspect

// Code names a kind of violation. It never changes its meaning: clients and
// dashboards may rely on it. It is the `code` header of the gateway's ERROR.
type Code string

// The codes of malformed frames. What a client should do about each is in
// docs/errors.md.
const (
	CodeUnknownCommand     Code = "unknown_command"
	CodeBodyNotAllowed     Code = "body_not_allowed"
	CodeDuplicateHeader    Code = "duplicate_header"
	CodeHeaderWithoutColon Code = "header_without_colon"
	CodeBadHeaderName      Code = "bad_header_name"
	CodeBadEscape          Code = "bad_escape"
	CodeCarriageReturn     Code = "carriage_return"
	CodeNulInHead          Code = "nul_in_head"
	CodeHeadNotUTF8        Code = "head_not_utf8"
	CodeBadContentLength   Code = "bad_content_length"
	CodeMissingNul         Code = "missing_nul"
	CodeBadDestination     Code = "bad_destination"
	CodeHeadTooBig         Code = "head_too_big"
	CodeTooManyHeaders     Code = "too_many_headers"
	CodeBodyTooBig         Code = "body_too_big"
)

// Violation says what is wrong with a frame. Its message is safe to show to
// whoever sent the frame: it never holds a value, only names of the protocol.
type Violation struct {
	Code    Code
	Message string
	// Receipt is the value of the frame's receipt header as it came, where the
	// head was read that far; nil otherwise.
	Receipt []byte
}

func (v *Violation) Error() string { return string(v.Code) + ": " + v.Message }

// TooBig tells whether a limit was crossed, rather than a rule of the protocol.
func (v *Violation) TooBig() bool {
	return v.Code == CodeHeadTooBig || v.Code == CodeTooManyHeaders || v.Code == CodeBodyTooBig
}
