package stompws

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Frame is a STOMP frame. Header keeps the order of the wire as name, value, name, value …
type Frame struct {
	Command string
	Header  []string
	Body    []byte
}

// Get returns the first value of a header, as the specification has it for repeated ones.
func (f Frame) Get(name string) string {
	for i := 0; i+1 < len(f.Header); i += 2 {
		if f.Header[i] == name {
			return f.Header[i+1]
		}
	}
	return ""
}

// Has says whether the header is there.
func (f Frame) Has(name string) bool {
	for i := 0; i+1 < len(f.Header); i += 2 {
		if f.Header[i] == name {
			return true
		}
	}
	return false
}

func (f Frame) String() string {
	return fmt.Sprintf("%s %q body %.200q", f.Command, f.Header, f.Body)
}

var (
	escape10 = strings.NewReplacer()
	escape11 = strings.NewReplacer("\\", `\\`, "\n", `\n`, ":", `\c`)
	escape12 = strings.NewReplacer("\\", `\\`, "\n", `\n`, ":", `\c`, "\r", `\r`)
	decode11 = strings.NewReplacer(`\\`, "\\", `\n`, "\n", `\c`, ":")
	decode12 = strings.NewReplacer(`\\`, "\\", `\n`, "\n", `\c`, ":", `\r`, "\r")
)

// Marshal writes the frame with the escapes of the version. CONNECT is never escaped. No header is added.
func (f Frame) Marshal(version string) []byte {
	esc := escape10
	switch {
	case f.Command == "CONNECT" || f.Command == "CONNECTED":
	case version == "1.1":
		esc = escape11
	case version == "1.2":
		esc = escape12
	}
	var b bytes.Buffer
	b.WriteString(f.Command + "\n")
	for i := 0; i+1 < len(f.Header); i += 2 {
		b.WriteString(esc.Replace(f.Header[i]) + ":" + esc.Replace(f.Header[i+1]) + "\n")
	}
	b.WriteByte('\n')
	b.Write(f.Body)
	b.WriteByte(0)
	return b.Bytes()
}

var errShort = errors.New("no whole frame yet")

// parse reads one frame from the start of b, which has no line breaks in front, and says how many bytes it took.
func parse(b []byte, version string) (Frame, int, error) {
	end := bytes.Index(b, []byte("\n\n"))
	if end < 0 {
		return Frame{}, 0, errShort
	}
	lines := strings.Split(string(b[:end]), "\n")
	f := Frame{Command: lines[0]}
	dec := escape10
	switch {
	case f.Command == "CONNECTED":
	case version == "1.1":
		dec = decode11
	case version == "1.2":
		dec = decode12
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return f, 0, fmt.Errorf("header line %q has no colon", line)
		}
		f.Header = append(f.Header, dec.Replace(name), dec.Replace(value))
	}
	body := b[end+2:]
	n := bytes.IndexByte(body, 0)
	if f.Has("content-length") {
		var err error
		if n, err = strconv.Atoi(f.Get("content-length")); err != nil {
			return f, 0, err
		}
		if n < 0 {
			return f, 0, fmt.Errorf("%s frame with content-length %d", f.Command, n)
		}
		if len(body) <= n {
			return f, 0, errShort
		}
		if body[n] != 0 {
			return f, 0, fmt.Errorf("%s frame with content-length %d: byte %q in place of the NUL", f.Command, n, body[n])
		}
	}
	if n < 0 {
		return f, 0, errShort
	}
	f.Body = bytes.Clone(body[:n])
	return f, end + 2 + n + 1, nil
}
