package demo

import (
	"fmt"
	"strconv"

	"github.com/stompgw/stompgw/frameinspect"
)

// header is one header, its escapes undone.
type header struct{ name, value string }

// frame is a frame of a client, whole.
type frame struct {
	command frameinspect.Command
	headers []header // the first of each name
	body    []byte
}

// newFrame copies a head, which lives only until the scanner goes on.
func newFrame(head *frameinspect.Head) *frame {
	f := &frame{command: head.Command}
	escaped := head.Version >= frameinspect.V11 && !head.Command.Connects()
	text := func(b []byte) string {
		if escaped {
			return string(frameinspect.AppendUnescaped(nil, b))
		}
		return string(b)
	}
	for name, value := range head.All() {
		if n := text(name); !f.has(n) {
			f.headers = append(f.headers, header{n, text(value)})
		}
	}
	return f
}

// get returns the value of a header, "" where there is none.
func (f *frame) get(name string) string {
	for _, h := range f.headers {
		if h.name == name {
			return h.value
		}
	}
	return ""
}

func (f *frame) has(name string) bool {
	for _, h := range f.headers {
		if h.name == name {
			return true
		}
	}
	return false
}

// need returns the value of a header that the frame must have.
func (f *frame) need(name string) (string, error) {
	if value := f.get(name); value != "" {
		return value, nil
	}
	return "", refuse("missing header", "%s needs the header %s", f.command, name)
}

// frameReader gathers whole frames; the scanner's limits bound them.
type frameReader struct {
	scanner frameinspect.Scanner
	read    func([]byte) (int, error)
	buffer  []byte
	rest    []byte // what of the buffer is still to be scanned
	frame   *frame // the one in progress
}

// next returns the next frame. A refused one gives a *frameinspect.Violation.
func (r *frameReader) next() (*frame, error) {
	for {
		for len(r.rest) > 0 {
			event, n, err := r.scanner.Next(r.rest)
			if err != nil {
				return nil, err
			}
			part := r.rest[:n]
			r.rest = r.rest[n:]
			switch event {
			case frameinspect.HeadComplete:
				r.frame = newFrame(r.scanner.Head())
			case frameinspect.BodyPart:
				r.frame.body = append(r.frame.body, part...)
			case frameinspect.FrameEnd:
				f := r.frame
				r.frame = nil
				return f, nil
			}
		}
		n, err := r.read(r.buffer)
		if n == 0 && err != nil {
			return nil, fmt.Errorf("read frame: %w", err)
		}
		r.rest = r.buffer[:n]
	}
}

// serverFrame writes a frame without a body.
func serverFrame(c frameinspect.Command, v frameinspect.Version, headers ...header) []byte {
	return append(serverHead(c, v, headers...), 0)
}

func serverHead(c frameinspect.Command, v frameinspect.Version, headers ...header) []byte {
	b := append([]byte(c.String()), '\n')
	for _, h := range headers {
		b = frameinspect.AppendHeader(b, h.name, h.value, v)
	}
	return append(b, '\n')
}

// refusal is why a frame was refused. Both texts are for the client.
type refusal struct {
	message string // the message header: a few words that stay the same
	detail  string // the body: one sentence
}

func (r *refusal) Error() string { return r.message + ": " + r.detail }

func refuse(message, detail string, args ...any) *refusal {
	return &refusal{message: message, detail: fmt.Sprintf(detail, args...)}
}

// errorFrame writes an ERROR; extra headers go after the usual ones.
func errorFrame(why *refusal, extra []header, v frameinspect.Version) []byte {
	body := why.detail + "\n"
	headers := append([]header{
		{"message", why.message},
		{"content-type", "text/plain"},
		{"content-length", strconv.Itoa(len(body))},
	}, extra...)
	b := serverHead(frameinspect.CmdError, v, headers...)
	return append(append(b, body...), 0)
}
