package main

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

func TestReadiness(t *testing.T) {
	broker := silentBroker(t)
	gw := start(t, "serve", "STOMPGW_BROKERS=tcp://"+broker.Addr().String())
	if status, body := get("http://" + gw.admin + "/readyz"); status != 200 {
		t.Errorf("with a broker: got %d %q", status, body)
	}
	if status, stdout, stderr := call([]string{"STOMPGW_ADMIN_LISTEN=" + gw.admin}, "healthcheck"); status != 0 || stdout != "ready\n" || stderr != "" {
		t.Errorf("healthcheck: got %d, %q, %q", status, stdout, stderr)
	}
	if status, body := get("http://" + gw.admin + "/metrics"); status != 200 || !strings.Contains(body, "stompgw_build_info{") || !strings.Contains(body, "stompgw_sessions{") {
		t.Errorf("metrics: got %d %.200q", status, body)
	}
	if status, _ := get("http://" + gw.admin + "/debug/pprof/"); status != 404 {
		t.Errorf("profiles that nobody asked for: got %d", status)
	}
	if status, _ := get("http://" + gw.public + "/metrics"); status != 404 {
		t.Errorf("metrics for browsers: got %d", status)
	}
	if status := gw.end(); status != 0 || gw.stderr.line("stopped") == nil {
		t.Errorf("got status %d, log:\n%s", status, gw.stderr.String())
	}
	if status, stdout, stderr := call([]string{"STOMPGW_ADMIN_LISTEN=" + gw.admin}, "healthcheck"); status != 1 || stdout != "" || !strings.Contains(stderr, "connection refused") {
		t.Errorf("healthcheck of nothing: got %d, %q, %q", status, stdout, stderr)
	}
}

func TestNotReadyWithoutBroker(t *testing.T) {
	gone := silentBroker(t)
	gone.Close()
	gw := start(t, "serve", "STOMPGW_BROKERS=tcp://"+gone.Addr().String(), "STOMPGW_PPROF=true", "STOMPGW_BROKER_BACKOFF_MIN=1ms")
	if status, body := get("http://" + gw.admin + "/readyz"); status != 503 || !strings.Contains(body, "no broker could be reached") {
		t.Errorf("got %d %q", status, body)
	}
	if status, _ := get("http://" + gw.admin + "/livez"); status != 200 {
		t.Errorf("livez: got %d", status)
	}
	if status, _ := get("http://" + gw.admin + "/debug/pprof/"); status != 200 {
		t.Errorf("profiles: got %d", status)
	}
	if status, _, stderr := call([]string{"STOMPGW_ADMIN_LISTEN=" + gw.admin}, "healthcheck"); status != 1 || !strings.Contains(stderr, "503") {
		t.Errorf("healthcheck: got %d, %q", status, stderr)
	}
}

// browser opens a WebSocket and gives it with the status of the answer.
func browser(t *testing.T, addr string) (net.Conn, string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err.Error()
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		t.Fatal(err)
	}
	const request = "GET /stomp HTTP/1.1\r\nHost: gw\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v12.stomp\r\n\r\n"
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	head, one := "", make([]byte, 1)
	for !strings.HasSuffix(head, "\r\n\r\n") {
		if _, err := io.ReadFull(c, one); err != nil {
			t.Fatalf("read the answer: %v after %q", err, head)
		}
		head += string(one)
	}
	return c, strings.Fields(head)[1]
}

// say sends a frame as a text message, masked with zeros.
func say(t *testing.T, c net.Conn, frame string) {
	t.Helper()
	head := []byte{0x81, 0x80 | 126, byte(len(frame) >> 8), byte(len(frame)), 0, 0, 0, 0}
	if len(frame) < 126 {
		head = []byte{0x81, 0x80 | byte(len(frame)), 0, 0, 0, 0}
	}
	if _, err := c.Write(append(head, frame...)); err != nil {
		t.Fatal(err)
	}
}

// hear reads the next WebSocket frame that is no ping and no heart-beat.
func hear(t *testing.T, c net.Conn) (opcode byte, payload string) {
	t.Helper()
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(c, head); err != nil {
			t.Fatalf("read a WebSocket frame: %v", err)
		}
		n := int(head[1])
		if n == 126 {
			wide := make([]byte, 2)
			if _, err := io.ReadFull(c, wide); err != nil {
				t.Fatal(err)
			}
			n = int(binary.BigEndian.Uint16(wide))
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(c, b); err != nil {
			t.Fatal(err)
		}
		if op := head[0] & 0x0f; op != 9 && string(b) != "\n" {
			return op, string(b)
		}
	}
}

// wantClose reads up to the close frame, which must have the code.
func wantClose(t *testing.T, c net.Conn, code uint16) {
	t.Helper()
	for {
		op, payload := hear(t, c)
		if op != 8 {
			continue
		}
		if len(payload) < 2 || binary.BigEndian.Uint16([]byte(payload)) != code {
			t.Fatalf("got close %q, want %d", payload, code)
		}
		return
	}
}

// First readiness fails while everything else goes on; then sessions end.
func TestDrain(t *testing.T) {
	broker := silentBroker(t)
	gw := start(t, "serve", "STOMPGW_BROKERS=tcp://"+broker.Addr().String(), "STOMPGW_DRAIN_DELAY=3s", "STOMPGW_CLOSE_TIMEOUT=1s")
	before, status := browser(t, gw.public)
	if status != "101" {
		t.Fatalf("before: got %s", status)
	}
	gw.stop()
	eventually.True(t, "draining to begin", func() bool { return gw.stderr.line("draining") != nil })
	ready, body := get("http://" + gw.admin + "/readyz")
	if ready != 503 || !strings.Contains(body, "draining") {
		t.Errorf("readyz: got %d %q", ready, body)
	}
	if status, _, stderr := call([]string{"STOMPGW_ADMIN_LISTEN=" + gw.admin}, "healthcheck"); status != 1 || !strings.Contains(stderr, "draining") {
		t.Errorf("healthcheck: got %d, %q", status, stderr)
	}
	during, status := browser(t, gw.public)
	if status != "101" {
		t.Fatalf("during the delay: got %s, want a session", status)
	}
	wantClose(t, before, 1001)
	wantClose(t, during, 1001)
	if status := gw.end(); status != 0 {
		t.Errorf("got exit status %d, log:\n%s", status, gw.stderr.String())
	}
	if _, status := browser(t, gw.public); !strings.Contains(status, "refused") {
		t.Errorf("afterwards: got %s", status)
	}
}

func TestDemo(t *testing.T) {
	const secret = "Tr0ub4dor-3"
	gw := start(t, "demo")
	if !strings.Contains(gw.stdout.String(), "/ in two windows") {
		eventually.True(t, "the page's address", func() bool { return strings.Contains(gw.stdout.String(), "http://localhost:") })
	}
	if status, body := get("http://" + gw.public + "/"); status != 200 || !strings.Contains(body, "<html") || !strings.Contains(body, "/stomp") {
		t.Errorf("page: got %d %.200q", status, body)
	}
	c, status := browser(t, gw.public)
	if status != "101" {
		t.Fatalf("got %s", status)
	}
	say(t, c, "CONNECT\naccept-version:1.2\nhost:demo\nlogin:me\npasscode:"+secret+"\n\n\x00")
	if _, got := hear(t, c); !strings.HasPrefix(got, "CONNECTED\n") {
		t.Fatalf("got %q", got)
	}
	say(t, c, "SUBSCRIBE\nid:0\ndestination:/topic/chat\nreceipt:r1\n\n\x00")
	if _, got := hear(t, c); !strings.HasPrefix(got, "RECEIPT\n") || !strings.Contains(got, "receipt-id:r1\n") {
		t.Fatalf("got %q", got)
	}
	say(t, c, "SEND\ndestination:/topic/chat\n\ngr\u00fc\u00df dich\x00")
	if _, got := hear(t, c); !strings.HasPrefix(got, "MESSAGE\n") || !strings.HasSuffix(got, "\n\ngr\u00fc\u00df dich\x00") {
		t.Fatalf("got %q", got)
	}
	say(t, c, "DISCONNECT\nreceipt:bye\n\n\x00")
	if _, got := hear(t, c); !strings.Contains(got, "receipt-id:bye\n") {
		t.Fatalf("got %q", got)
	}
	wantClose(t, c, 1000)
	if status := gw.end(); status != 0 {
		t.Errorf("got exit status %d", status)
	}
	if log := gw.stdout.String() + gw.stderr.String(); strings.Contains(log, secret) {
		t.Errorf("the passcode is in the log:\n%s", log)
	}
}

// A request whose body never comes must not keep its connection for ever.
func TestHTTPServerHasDeadlines(t *testing.T) {
	s := (&server{}).httpServer(nil)
	if s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("got %v, %v, %v, %d: all must be bounded", s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes)
	}
}

// Only the paths that are named are the gateway's, and what is below them.
func TestPaths(t *testing.T) {
	broker := silentBroker(t)
	gw := start(t, "serve", "STOMPGW_BROKERS=tcp://"+broker.Addr().String(), "STOMPGW_PATHS=/ws,/ws/deep")
	for path, want := range map[string]int{"/stomp": 404, "/ws": 200, "/ws/info": 200, "/ws/deep": 200, "/ws/deep/info": 200, "/wsx": 404} {
		if status, body := get("http://" + gw.public + path); status != want {
			t.Errorf("%s: got %d %q, want %d", path, status, body, want)
		}
	}
}

// Where one side cannot listen, the other does not stay behind.
func TestPortsThatAreTaken(t *testing.T) {
	broker := silentBroker(t)
	taken := broker.Addr().String()
	for name, what := range map[string]string{"STOMPGW_LISTEN": "listen for browsers", "STOMPGW_ADMIN_LISTEN": "listen for the admin side"} {
		environ := []string{"STOMPGW_BROKERS=tcp://" + taken, "STOMPGW_LISTEN=127.0.0.1:0", "STOMPGW_ADMIN_LISTEN=127.0.0.1:0", name + "=" + taken}
		ctx, cancel := context.WithTimeout(t.Context(), patience) // else one that listens elsewhere serves for ever
		defer cancel()
		var stderr output
		if status := run(ctx, []string{"serve"}, environ, io.Discard, &stderr); status != 1 || !strings.Contains(stderr.String(), what+" ("+name+")") {
			t.Errorf("%s: got %d, %q", name, status, stderr.String())
		}
	}
}
