package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stompgw/stompgw/frameinspect"
)

// ParseFrame makes the head of a frame out of words, as a shell gives them: the
// command, the destination where the command has one, and headers of the form
// name:value. It is judged as if a client had sent it.
func ParseFrame(words []string) (*frameinspect.Head, error) {
	if len(words) == 0 {
		return nil, errors.New("expected a frame, such as SEND /queue/x")
	}
	const version = frameinspect.V12
	b := []byte(words[0] + "\n")
	headers := words[1:]
	if words[0] == "SEND" || words[0] == "SUBSCRIBE" {
		if len(headers) == 0 {
			return nil, fmt.Errorf("expected a destination behind %s", words[0])
		}
		b = frameinspect.AppendHeader(b, "destination", headers[0], version)
		headers = headers[1:]
	}
	for _, header := range headers {
		name, value, ok := strings.Cut(header, ":")
		if !ok {
			return nil, fmt.Errorf("%q is no header: expected name:value", header)
		}
		b = frameinspect.AppendHeader(b, name, value, version)
	}
	scanner := frameinspect.NewScanner(frameinspect.Client, frameinspect.Limits{})
	scanner.SetVersion(version)
	if event, _, err := scanner.Next(append(b, '\n')); err != nil {
		return nil, err
	} else if event != frameinspect.HeadComplete {
		return nil, errors.New("the frame is not complete")
	}
	return scanner.Head(), nil
}
