package gateway

import (
	"bytes"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/stompgw/stompgw/frameinspect"
)

// A broker's ERROR tells a browser what went wrong, not how the broker is made:
// ActiveMQ puts the stack trace of its Java exception into the body, and class
// names into the message.
var (
	stackLine  = regexp.MustCompile(`^\s*(at [\w.$/<>@-]+\(.*\)|\.\.\. \d+ (more|common frames omitted)|Caused by:.*|Suppressed:.*)\s*$`)
	className  = regexp.MustCompile(`\b([a-z_]\w*\.)+[A-Z]\w*(Exception|Error)(: ?|\b)`)
	maxToClean = 32 << 10 // bytes of a body that is looked through; a longer one is left out
)

// cleanError gives a whole frame without the broker's internals, if it is an
// ERROR. It is left as it is, and given back where nothing is to be removed.
func cleanError(frame []byte) []byte {
	h, body := errorHead(frame)
	if h == nil {
		return frame
	}
	if body = bytes.TrimSuffix(body, []byte{0}); h.ContentLength >= 0 {
		body = body[:min(h.ContentLength, int64(len(body)))]
	}
	message, _ := h.Get("message")
	cleaned := cleanText(body)
	if len(cleaned) == len(body) && !className.Match(message) {
		return frame
	}
	return appendCleaned(nil, h, cleaned)
}

// bareError gives the ERROR that p begins, without a body; nil where p begins
// something else, or ends before the body.
func bareError(p []byte) []byte {
	h, _ := errorHead(p)
	if h == nil {
		return nil
	}
	return appendCleaned(nil, h, nil)
}

// errorHead gives the head of the ERROR that p begins, and what follows it; nil
// where it begins something else, or ends before.
func errorHead(p []byte) (h *frameinspect.Head, rest []byte) {
	scanner := frameinspect.NewScanner(frameinspect.Broker, frameinspect.Limits{})
	event, n, err := scanner.Next(p)
	if err != nil || event != frameinspect.HeadComplete || scanner.Head().Command != frameinspect.CmdError {
		return nil, nil
	}
	return scanner.Head(), p[n:]
}

// cleanText leaves out the lines of a stack trace and the names of classes, and
// everything where it is no text.
func cleanText(body []byte) []byte {
	if len(body) > maxToClean || !utf8.Valid(body) {
		return nil
	}
	var kept []byte
	for line := range bytes.Lines(body) {
		if !stackLine.Match(bytes.TrimRight(line, "\r\n")) {
			kept = append(kept, className.ReplaceAll(line, nil)...)
		}
	}
	return kept
}

// appendCleaned appends an ERROR with the headers of h, cleaned, and the body.
func appendCleaned(dst []byte, h *frameinspect.Head, body []byte) []byte {
	dst = append(dst, "ERROR\n"...)
	for name, value := range h.All() {
		switch string(name) {
		case "content-length":
			continue
		case "message":
			if value = className.ReplaceAll(value, nil); len(value) == 0 {
				value = []byte("the broker reported an error")
			}
		}
		dst = append(dst, name...)
		dst = append(dst, ':')
		dst = append(dst, value...)
		dst = append(dst, '\n')
	}
	dst = append(dst, "content-length:"...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\n\n"...)
	dst = append(dst, body...)
	return append(dst, 0)
}
