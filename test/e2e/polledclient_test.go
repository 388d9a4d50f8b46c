package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// polledClient is a SockJS client without WebSocket, of a broker that sends back what it gets: it sends numbers and
// wants them back, each once and in order. When a session is closed in order, it begins another.
type polledClient struct {
	// Set before run.
	base      string // URL of the gateway's path
	transport string // xhr or xhr_streaming
	pause     time.Duration

	// Read after run.
	sessions, received int
	closed             int // sessions that were closed in order, by the gateway
	errs               []error

	http http.Client
}

// closeFrame is how the gateway ended a session.
type closeFrame struct {
	code   int
	reason string
}

func (c closeFrame) Error() string { return fmt.Sprintf("closed with %d %q", c.code, c.reason) }

// run goes on until the context ends, and then until everything that was sent is back.
func (p *polledClient) run(ctx context.Context) {
	p.http.Transport = &http.Transport{MaxIdleConnsPerHost: 2}
	defer p.http.CloseIdleConnections()
	for ctx.Err() == nil {
		err := p.session(ctx)
		var closed closeFrame
		switch {
		case errors.As(err, &closed) && closed.code == 1001:
			p.closed++
		case err != nil:
			p.errs = append(p.errs, fmt.Errorf("session %d: %w", p.sessions, err))
			if len(p.errs) > 3 {
				return
			}
		}
	}
}

// session runs one session to its end.
func (p *polledClient) session(ctx context.Context) error {
	p.sessions++
	url := fmt.Sprintf("%s/%d/%s%d/", p.base, p.sessions%10, "cluster", names.Add(1))
	polling, cut := context.WithCancel(context.Background())
	defer cut()
	arrived := make(chan string, 1000) // more than a test sends ahead
	over := make(chan error, 1)
	go func() { over <- p.receive(polling, url+p.transport, arrived) }()
	fail := func(err error) error { // unless the session was closed meanwhile
		select {
		case end := <-over:
			return errors.Join(end, missing(arrived, end, err))
		case <-time.After(10 * time.Second):
			cut()
			return errors.Join(err, <-over)
		}
	}
	if err := p.expect(arrived, over, "open"); err != nil {
		return err
	}
	if err := p.post(url, "CONNECT\naccept-version:1.2\nhost:/\n\n\x00"); err != nil {
		return fail(err)
	}
	if err := p.expect(arrived, over, "CONNECTED"); err != nil {
		return err
	}
	next := time.NewTimer(0)
	defer next.Stop()
	for i, back := 0, 0; ; {
		last := ctx.Err() != nil
		if last && back == i {
			cut()
			if err := <-over; !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		}
		done := ctx.Done()
		if last {
			done = nil
			next.Stop()
		}
		select {
		case <-done:
		case <-next.C:
			if err := p.post(url, fmt.Sprintf("SEND\ndestination:/q\n\n%d\x00", i)); err != nil {
				return fail(err)
			}
			i++
			next.Reset(p.pause)
		case got := <-arrived:
			if want := strconv.Itoa(back); got != want {
				cut()
				return errors.Join(fmt.Errorf("got message %q, want %q", got, want), <-over)
			}
			back++
			p.received++
		case err := <-over:
			return errors.Join(err, inOrder(arrived, back))
		case <-time.After(20 * time.Second):
			cut()
			return errors.Join(fmt.Errorf("message %d of %d is not back after 20 s", back, i), <-over)
		}
	}
}

// missing is the error of a request where the session was not closed in order.
func missing(_ <-chan string, end, err error) error {
	if errors.As(end, new(closeFrame)) {
		return nil
	}
	return err
}

// inOrder looks at what came before the end of a session.
func inOrder(arrived <-chan string, next int) error {
	for {
		select {
		case got := <-arrived:
			if got != strconv.Itoa(next) {
				return fmt.Errorf("got message %q before the end, want %d", got, next)
			}
			next++
		default:
			return nil
		}
	}
}

func (p *polledClient) expect(arrived <-chan string, over <-chan error, want string) error {
	select {
	case got := <-arrived:
		if got != want {
			return fmt.Errorf("got %q, want %s", got, want)
		}
		return nil
	case err := <-over:
		return fmt.Errorf("before %s: %w", want, err)
	case <-time.After(20 * time.Second):
		return fmt.Errorf("no %s after 20 s", want)
	}
}

// post sends a frame.
func (p *polledClient) post(url, frame string) error {
	body, err := json.Marshal([]string{frame})
	if err != nil {
		return err
	}
	answer, err := p.http.Post(url+"xhr_send", "text/plain", bytes.NewReader(body))
	if err != nil {
		return err
	}
	text, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("post: %s %q", answer.Status, text)
	}
	return nil
}

// receive polls until the session ends, and gives "open", CONNECTED and the bodies of messages.
func (p *polledClient) receive(ctx context.Context, url string, arrived chan<- string) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
		if err != nil {
			return err
		}
		answer, err := p.http.Do(r)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			return fmt.Errorf("poll: %s %q", answer.Status, text)
		}
		err = p.frames(ctx, answer.Body, arrived)
		answer.Body.Close()
		if err != nil {
			return err
		}
	}
}

// frames reads one answer.
func (p *polledClient) frames(ctx context.Context, body io.Reader, arrived chan<- string) error {
	r := bufio.NewReader(body)
	for {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("an answer broke off after %q: %w", line, err)
		}
		var found []string
		switch line[0] {
		case 'o':
			found = []string{"open"}
		case 'h':
		case 'a':
			if found, err = bodies(line[1:]); err != nil {
				return err
			}
		case 'c':
			var c closeFrame
			var parts [2]any
			if err := json.Unmarshal([]byte(line[1:]), &parts); err != nil {
				return err
			}
			code, _ := parts[0].(float64)
			c.code, c.reason = int(code), fmt.Sprint(parts[1])
			return c
		default:
			return fmt.Errorf("got frame %q", line)
		}
		for _, text := range found {
			select {
			case arrived <- text:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// bodies gives the bodies of MESSAGE frames, and CONNECTED; ERROR frames announce the end, which follows.
func bodies(array string) ([]string, error) {
	var frames, list []string
	if err := json.Unmarshal([]byte(array), &frames); err != nil {
		return nil, err
	}
	for _, f := range frames {
		command, rest, _ := strings.Cut(f, "\n")
		_, body, _ := strings.Cut(rest, "\n\n")
		switch command {
		case "MESSAGE":
			list = append(list, strings.TrimSuffix(body, "\x00"))
		case "CONNECTED":
			list = append(list, command)
		case "ERROR":
		default:
			return nil, fmt.Errorf("got frame %q", f)
		}
	}
	return list, nil
}
