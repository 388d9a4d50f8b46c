package frameinspect

import "bytes"

// escapes tells whether header lines of a frame are escaped: STOMP 1.0 has no
// escapes, and CONNECT and CONNECTED keep to that in every version (STOMP 1.2,
// "Value Encoding").
func escapes(v Version, c Command) bool {
	return v >= V11 && !c.Connects() && c != CmdConnected
}

// validEscapes tells whether every backslash of b begins an escape that the
// version defines: \n \c \\ in 1.1, and \r too in 1.2.
func validEscapes(b []byte, v Version) bool {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return true
		}
		if i+1 == len(b) {
			return false
		}
		switch b[i+1] {
		case 'n', 'c', '\\':
		case 'r':
			if v < V12 {
				return false
			}
		default:
			return false
		}
		b = b[i+2:]
	}
}

// AppendUnescaped appends the text that an escaped header name or value stands
// for. A backslash that begins no known escape is kept as it is.
func AppendUnescaped(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 == len(b) {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		switch b[i+1] {
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 'c':
			dst = append(dst, ':')
		case '\\':
			dst = append(dst, '\\')
		default:
			dst = append(dst, b[i], b[i+1])
		}
		b = b[i+2:]
	}
}

// AppendEscaped appends text as a header name or value of the version. In 1.0
// nothing is escaped, so the caller must not hand in a line break.
func AppendEscaped(dst []byte, text string, v Version) []byte {
	if v < V11 {
		return append(dst, text...)
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r' && v >= V12:
			dst = append(dst, '\\', 'r')
		case c == ':':
			dst = append(dst, '\\', 'c')
		case c == '\\':
			dst = append(dst, '\\', '\\')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
