package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// idleSessions is how many sessions of each transport are opened. STOMPGW_TEST_IDLE=5000 gives the figures of
// docs/performance.md; each takes two descriptors in the gateway and two here.
func idleSessions(t *testing.T) int {
	text := os.Getenv("STOMPGW_TEST_IDLE")
	if text == "" {
		return 500
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("STOMPGW_TEST_IDLE: %v", err)
	}
	return n
}

// TestSockJSIdleSessions: of sessions that did nothing but wait, on each transport in turn, nothing stays when they go.
func TestSockJSIdleSessions(t *testing.T) {
	onlyGateway(t)
	count := idleSessions(t)
	most := 100_000 + 100*float64(count) // bytes: nothing that a session holds is as small
	broker := startFake(t, func(c *stompws.Client) {
		if answerConnect(c, "0,0") {
			drainUntilEnd(c)
		}
	})
	g := gw.Run(t, gw.Options{Plain: true, Env: map[string]string{
		"STOMPGW_BROKERS": "tcp://" + broker.addr, "STOMPGW_PPROF": "true", "STOMPGW_SOCKJS_TRANSPORTS": allTransports,
		"STOMPGW_SOCKJS_DISCONNECT_DELAY": "10s", "STOMPGW_CONNECT_TIMEOUT": "60s",
	}})
	for _, transport := range []string{"websocket", "xhr_streaming", "xhr", "eventsource", "htmlfile", "jsonp"} {
		openIdle(t, g, transport, count).end() // what the runtime keeps for later, it has now
		base := atRest(t, g)
		idle := openIdle(t, g, transport, count)
		settled(t)
		full := sampled(t, g)
		idle.end()
		after := atRest(t, g)
		// For the disconnect delay, what is left of a session says that it is closed.
		gw.Eventually(t, 60*time.Second, transport+": heap as before", func() bool {
			after = sampled(t, g)
			return after.heap <= base.heap+most
		})
		t.Logf("%s: %d sessions: %.1f goroutines, %.1f KiB resident, %.1f KiB heap each; left behind: %.0f goroutines, %.0f descriptors, %.0f bytes",
			transport, count, (full.goroutines-base.goroutines)/float64(count), (full.resident-base.resident)/float64(count)/1024,
			(full.heap-base.heap)/float64(count)/1024, after.goroutines-base.goroutines, after.descriptors-base.descriptors, after.heap-base.heap)
		if after.goroutines > base.goroutines+5 || after.descriptors > base.descriptors+5 {
			t.Errorf("%s: after %+v, before %+v", transport, after, base)
		}
	}
}

// settled waits a moment, in which what has begun to wait goes on waiting.
func settled(t *testing.T) { t.Helper(); time.Sleep(time.Second) }

// idlers are the connections of sessions that wait.
type idlers []net.Conn

func (all idlers) end() {
	for _, c := range all {
		c.Close()
	}
}

func openIdle(t *testing.T, g *gw.Gateway, transport string, count int) idlers {
	t.Helper()
	conns := make(chan net.Conn, count)
	slots := make(chan struct{}, 16) // that many are opened at a time
	var group sync.WaitGroup
	for i := range count {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			c, err := idleSession(g.Listen, transport, "idle"+strconv.FormatInt(names.Add(1), 10))
			if err != nil {
				t.Errorf("open session %d by %s: %v", i, transport, err)
				return
			}
			conns <- c
		})
	}
	group.Wait()
	close(conns)
	var all idlers
	for c := range conns {
		all = append(all, c)
	}
	t.Cleanup(all.end)
	return all
}

const idleConnect = `["CONNECT\naccept-version:1.2\nlogin:a\npasscode:b\nheart-beat:0,0\n\n\u0000"]`

// idleSession opens a session, logs it in, and leaves it waiting.
func idleSession(addr, transport, id string) (net.Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	r := bufio.NewReaderSize(c, 512)
	if err := logInIdle(c, r, addr, transport, id); err != nil {
		c.Close()
		return nil, err
	}
	_ = c.SetDeadline(time.Time{})
	return c, nil
}

func logInIdle(c net.Conn, r *bufio.Reader, addr, transport, id string) error {
	base := "/stomp/0/" + id + "/"
	if transport == "websocket" {
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", base+transport, addr)
		if err := await(r, "\x81\x01o"); err != nil {
			return err
		}
		// The mask is four zeros, which leave the payload as it is.
		if _, err := c.Write(append([]byte{0x81, 0x80 | byte(len(idleConnect)), 0, 0, 0, 0}, idleConnect...)); err != nil {
			return err
		}
		return await(r, "CONNECTED")
	}
	body, err := poll(c, r, addr, base+transport)
	if err != nil {
		return err
	}
	if polls := transport == "xhr" || transport == "jsonp"; polls {
		if _, err := io.Copy(io.Discard, body); err != nil {
			return err
		}
		if err := postConnect(addr, base+"xhr_send"); err != nil {
			return err
		}
		if body, err = poll(c, r, addr, base+transport); err != nil {
			return err
		}
		if text, err := io.ReadAll(body); err != nil || !strings.Contains(string(text), "CONNECTED") {
			return fmt.Errorf("got %q, %v, want CONNECTED", text, err)
		}
		return ask(c, addr, base+transport) // and there it waits
	}
	if err := postConnect(addr, base+"xhr_send"); err != nil {
		return err
	}
	return await(bufio.NewReaderSize(body, 256), "CONNECTED")
}

// ask sends a poll.
func ask(c net.Conn, addr, path string) error {
	method := http.MethodPost
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "eventsource", "htmlfile", "jsonp":
		method, path = http.MethodGet, path+"?c=cb"
	}
	_, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: %s\r\nReferer: http://%s/\r\nContent-Length: 0\r\n\r\n", method, path, addr, addr)
	return err
}

// poll sends a poll and waits for the head of the answer.
func poll(c net.Conn, r *bufio.Reader, addr, path string) (io.Reader, error) {
	if err := ask(c, addr, path); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return response.Body, nil
}

func postConnect(addr, path string) error {
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post("http://"+addr+path, "text/plain", strings.NewReader(idleConnect))
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return errors.New(response.Status)
	}
	return nil
}

// await reads up to the end of the text.
func await(r *bufio.Reader, text string) error {
	for seen := 0; seen < len(text); {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		switch b {
		case text[seen]:
			seen++
		case text[0]:
			seen = 1
		default:
			seen = 0
		}
	}
	return nil
}
