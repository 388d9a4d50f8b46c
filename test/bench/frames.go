package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// The destinations the backend knows. Bodies hold no NUL, so a NUL is the end
// of a frame everywhere in this benchmark.
const (
	destEcho  = "/queue/echo-0123456789-0123456789-0123456789" // long: a MESSAGE of the same size has room for its headers
	destSink  = "/queue/sink"
	destBlast = "/queue/blast/" // followed by count/size
)

// connectFrame opens a session; beat is in milliseconds, 0 for none.
func connectFrame(host string, beat int) []byte {
	return fmt.Appendf(nil, "CONNECT\naccept-version:1.2\nhost:%s\nlogin:guest\npasscode:guest\nheart-beat:%d,%d\n\n\x00", host, beat, beat)
}

func sendFrame(dest string, size int, receipt string) []byte {
	b := append([]byte("SEND\ndestination:"), dest...)
	b = append(b, "\ncontent-length:"...)
	b = strconv.AppendInt(b, int64(size), 10)
	if receipt != "" {
		b = append(append(b, "\nreceipt:"...), receipt...)
	}
	b = append(b, "\n\n"...)
	b = append(b, body(size)...)
	return append(b, 0)
}

// blastFrame asks the backend for count messages with bodies of size bytes.
func blastFrame(count, size int) []byte {
	return sendFrame(fmt.Sprintf("%s%d/%d", destBlast, count, size), 0, "")
}

// messageFrame is what a blast consists of. As from a real broker, no two
// heads in a row are equal; all frames of a size are equally long.
func messageFrame(size, id int) []byte {
	b := fmt.Appendf(nil, "MESSAGE\nsubscription:0\nmessage-id:%06d\ndestination:/queue/blast\ncontent-length:%d", id%1e6, size)
	b = append(b, "\n\n"...)
	b = append(b, body(size)...)
	return append(b, 0)
}

// body is text, as most bodies are.
func body(size int) []byte {
	const text = "The quick brown fox jumps over the lazy dog; "
	return bytes.Repeat([]byte(text), size/len(text)+1)[:size]
}
