package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stompgw/stompgw/frameinspect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 5 * time.Second

var allVersions = []string{"1.0", "1.1", "1.2"}

// running is a broker that listens, and what it said about ended sessions.
type running struct {
	*Broker
	addr string
	ends chan SessionEnd
	stop func() error
}

func start(t *testing.T, o Options) *running {
	t.Helper()
	r := &running{ends: make(chan SessionEnd, 10_000)} // more than any test ends
	o.SessionEnded = func(e SessionEnd) { r.ends <- e }
	b, err := NewBroker(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.Broker, r.addr = b, l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, l) }()
	r.stop = func() error {
		cancel()
		select {
		case err := <-done:
			done <- err
			return err
		case <-time.After(patience):
			return errors.New("Serve did not end with its context")
		}
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// wantEnd awaits the end of a session.
func (r *running) wantEnd(t *testing.T, reason EndReason) SessionEnd {
	t.Helper()
	select {
	case e := <-r.ends:
		if e.Reason != reason {
			t.Fatalf("session ended: got %s (%v), want %s", e.Reason, e.Err, reason)
		}
		return e
	case <-time.After(patience):
		t.Fatalf("session did not end, want %s", reason)
	}
	return SessionEnd{}
}

// wantEnds awaits the ends of several sessions, in any order.
func (r *running) wantEnds(t *testing.T, reasons ...EndReason) {
	t.Helper()
	var ended []EndReason
	for range reasons {
		select {
		case e := <-r.ends:
			ended = append(ended, e.Reason)
		case <-time.After(patience):
		}
	}
	slices.Sort(ended)
	slices.Sort(reasons)
	if !slices.Equal(ended, reasons) {
		t.Fatalf("sessions ended: got %v, want %v", ended, reasons)
	}
}

// client is a plain STOMP client over TCP.
type client struct {
	t       *testing.T
	conn    net.Conn
	version string
	scanner frameinspect.Scanner
	buffer  []byte
	rest    []byte
	beats   int
}

// got is a frame of the broker, headers as they stand on the wire.
type got struct {
	command string
	headers map[string]string
	body    string
}

func (g got) String() string {
	s := g.command
	for _, name := range slices.Sorted(maps.Keys(g.headers)) {
		s += "; " + name + ":" + g.headers[name]
	}
	return s + " | " + g.body
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	limits := frameinspect.Limits{Head: 1 << 20, Headers: 1000, Body: 1 << 30}
	return &client{t: t, conn: conn, scanner: frameinspect.NewScanner(frameinspect.Broker, limits), buffer: make([]byte, 64<<10)}
}

// connect opens a session in the version.
func connect(t *testing.T, addr, version string) *client {
	t.Helper()
	c := dial(t, addr)
	c.version = version
	c.tell("CONNECT\naccept-version:" + version + "\nhost:/\n\n\x00")
	c.want("CONNECTED; version:" + version)
	return c
}

func (c *client) tell(raw string) {
	c.t.Helper()
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c.conn, raw); err != nil {
		c.t.Fatal(err)
	}
}

// next reads a frame.
func (c *client) next() (got, error) {
	var g got
	var body []byte
	for {
		for len(c.rest) > 0 {
			event, n, err := c.scanner.Next(c.rest)
			if err != nil {
				return g, err
			}
			part := c.rest[:n]
			c.rest = c.rest[n:]
			switch event {
			case frameinspect.HeartBeats:
				c.beats += n
			case frameinspect.HeadComplete:
				head := c.scanner.Head()
				g = got{command: head.Command.String(), headers: map[string]string{}}
				for name, value := range head.All() {
					if _, twice := g.headers[string(name)]; twice {
						return g, fmt.Errorf("header %s stands twice", name)
					}
					g.headers[string(name)] = string(value)
				}
			case frameinspect.BodyPart:
				body = append(body, part...)
			case frameinspect.FrameEnd:
				g.body = string(body)
				return g, nil
			}
		}
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		n, err := c.conn.Read(c.buffer)
		if n == 0 && err != nil {
			return g, err
		}
		c.rest = c.buffer[:n]
	}
}

// want reads a frame and compares: "MESSAGE; name:value; name: | body", where
// headers that are not named may be there, "-name" must not, and a body that is
// not given may be any.
func (c *client) want(line string) got {
	c.t.Helper()
	head, body, hasBody := strings.Cut(line, " | ")
	command, rest, _ := strings.Cut(head, "; ")
	g, err := c.next()
	if err != nil {
		c.t.Fatalf("want %s: %v", line, err)
	}
	ok := g.command == command && (!hasBody || g.body == body)
	for h := range strings.SplitSeq(rest, "; ") {
		name, value, _ := strings.Cut(h, ":")
		if absent, not := strings.CutPrefix(name, "-"); not {
			_, there := g.headers[absent]
			ok = ok && !there
		} else if name != "" {
			ok = ok && g.headers[name] == value
		}
	}
	if !ok {
		c.t.Fatalf("frame:\n got %s\nwant %s", g, line)
	}
	return g
}

// wantClosed expects that the broker closes the connection in order, and closes
// it too, for which the broker waits a while.
func (c *client) wantClosed() {
	c.t.Helper()
	defer c.conn.Close()
	if g, err := c.next(); !errors.Is(err, io.EOF) {
		c.t.Fatalf("got %s and %v, want the end of the connection", g, err)
	}
}

// play runs a script, one step in a line:
//
//	a > SEND; destination:/queue/q | body     a sends a frame
//	a < MESSAGE; as:1 | body                  a gets one, remembered as 1
//	a > ACK; of:1                             named as the version asks for
//	a sync                                    nothing else has come for a
//	a closes / a closed                       a hangs up / was hung up on
func play(t *testing.T, addr, version, script string) {
	t.Helper()
	clients := map[string]*client{}
	remembered := map[string]got{}
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		who, step, _ := strings.Cut(line, " ")
		if clients[who] == nil {
			clients[who] = connect(t, addr, version)
		}
		c := clients[who]
		c.t = t
		t.Log(line)
		switch verb, rest, _ := strings.Cut(step, " "); verb {
		case ">":
			head, body, _ := strings.Cut(rest, " | ")
			for mark, g := range remembered {
				head = strings.ReplaceAll(head, "of:"+mark, naming(version, g))
			}
			c.tell(strings.ReplaceAll(head, "; ", "\n") + "\n\n" + body + "\x00")
		case "<":
			rest, mark, marked := cutMark(rest)
			g := c.want(rest)
			if marked {
				remembered[mark] = g
			}
		case "sync":
			c.tell("SEND\ndestination:/topic/sync\nreceipt:sync\n\n\x00")
			c.want("RECEIPT; receipt-id:sync")
		case "closes":
			c.conn.Close()
		case "closed":
			c.wantClosed()
		default:
			t.Fatalf("no such step: %s", line)
		}
	}
	for _, c := range clients {
		c.conn.Close()
	}
}

func cutMark(line string) (without, mark string, ok bool) {
	before, after, ok := strings.Cut(line, "; as:")
	if !ok {
		return line, "", false
	}
	return before + after[1:], after[:1], true
}

// naming gives the headers by which an ACK names a MESSAGE.
func naming(version string, g got) string {
	switch version {
	case "1.2":
		return "id:" + g.headers["ack"]
	case "1.1":
		return "message-id:" + g.headers["message-id"] + "; subscription:" + g.headers["subscription"]
	}
	return "message-id:" + g.headers["message-id"]
}
