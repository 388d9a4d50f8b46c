package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stompgw/stompgw/internal/eventually"
)

// asProgram makes the test's binary the program itself, for the tests that need
// a process.
const asProgram = "TEST_AS_STOMPGW"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// output is what a program writes, for readers at any time.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// line gives the fields of the first log line with the message; nil for none.
func (o *output) line(message string) map[string]any {
	for line := range strings.Lines(o.String()) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == message {
			return fields
		}
	}
	return nil
}

// call runs a command to its end.
func call(environ []string, args ...string) (status int, stdout, stderr string) {
	var out, err output
	status = run(context.Background(), args, environ, &out, &err)
	return status, out.String(), err.String()
}

// running is a gateway that runs inside the test.
type running struct {
	t              *testing.T
	stop           context.CancelFunc
	status         chan int
	stdout, stderr output
	public, admin  string
}

// start runs a command that serves, with addresses of its own, until the test
// ends.
func start(t *testing.T, command string, environ ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{t: t, stop: stop, status: make(chan int, 1)}
	environ = append([]string{"STOMPGW_LISTEN=127.0.0.1:0", "STOMPGW_ADMIN_LISTEN=127.0.0.1:0", "STOMPGW_LOG_FORMAT=json",
		"STOMPGW_DRAIN_DELAY=0s", "STOMPGW_DRAIN_SPREAD=0s"}, environ...)
	go func() { r.status <- run(ctx, []string{command}, environ, &r.stdout, &r.stderr) }()
	t.Cleanup(func() { r.end() })
	eventually.True(t, "the gateway to serve: "+r.stderr.String(), func() bool { return r.stderr.line("serving") != nil })
	fields := r.stderr.line("serving")
	r.public, r.admin = fmt.Sprint(fields["listen"]), fmt.Sprint(fields["admin_listen"])
	return r
}

// end stops the gateway and gives its exit status; -1 where it was given before.
func (r *running) end() int {
	r.t.Helper()
	r.stop()
	select {
	case status, ok := <-r.status:
		if !ok {
			return -1
		}
		close(r.status)
		return status
	case <-time.After(patience):
		r.t.Fatalf("the gateway does not stop; log:\n%s", r.stderr.String())
		return -1
	}
}

// get asks over HTTP; status 0 is no answer.
func get(url string) (status int, body string) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(b)
}

// silentBroker takes connections and says nothing.
func silentBroker(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			done.Go(func() {
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			})
		}
	})
	t.Cleanup(func() { l.Close(); done.Wait() })
	return l
}
