//go:build unix

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
	"github.com/stompgw/stompgw/internal/testcert"
)

// Every listener of the list serves.
func TestSeveralListeners(t *testing.T) {
	broker := silentBroker(t)
	path := filepath.Join(t.TempDir(), "gw.sock")
	gw := start(t, "serve", "STOMPGW_BROKERS=tcp://"+broker.Addr().String(), "STOMPGW_LISTEN=127.0.0.1:0,unix:"+path, "STOMPGW_CLOSE_TIMEOUT=100ms", "STOMPGW_UNIX_SOCKET_MODE=0600")
	tcp, unix, _ := strings.Cut(gw.public, ",")
	if unix != path {
		t.Errorf("got %q among the addresses, want %s", unix, path)
	}
	if _, status := browser(t, tcp); status != "101" {
		t.Errorf("TCP: got %s", status)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info, err)
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}}}
	answer, err := client.Get("http://gw/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNotFound {
		t.Errorf("Unix: got %s", answer.Status)
	}
	gw.end()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left behind")
	}
}

// systemd opens the sockets and says in the environment which they are.
func TestSocketActivation(t *testing.T) {
	broker := silentBroker(t)
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	file, err := socket.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		listen string
		works  bool
	}{{"systemd:browsers", true}, {"systemd", true}, {"systemd:others", false}} {
		t.Run(test.listen, func(t *testing.T) {
			var stderr output
			// The shell knows the process id that exec keeps.
			cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, self)
			cmd.Env = []string{asProgram + "=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=browsers", "STOMPGW_LISTEN=" + test.listen,
				"STOMPGW_ADMIN_LISTEN=127.0.0.1:0", "STOMPGW_DRAIN_DELAY=0s", "STOMPGW_DRAIN_SPREAD=0s", "STOMPGW_CLOSE_TIMEOUT=100ms", "STOMPGW_BROKERS=tcp://" + broker.Addr().String()}
			cmd.Stderr, cmd.ExtraFiles = &stderr, []*os.File{file}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
			if !test.works {
				if err := eventually.Receive(t, "the program ends", done); err == nil || !strings.Contains(stderr.String(), "systemd handed over no such socket") {
					t.Errorf("got %v, %s", err, stderr.String())
				}
				return
			}
			if _, status := browser(t, socket.Addr().String()); status != "101" {
				t.Errorf("got %s; log:\n%s", status, stderr.String())
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := eventually.Receive(t, "the program ends", done); err != nil {
				t.Errorf("got %v; log:\n%s", err, stderr.String())
			}
		})
	}
}

// A reload asked for where there is nothing to reload does no harm, from the moment on
// at which the gateway says that it serves.
func TestHangup(t *testing.T) {
	broker := silentBroker(t)
	cmd, stderr, done := program(t, "STOMPGW_BROKERS=tcp://"+broker.Addr().String(), "STOMPGW_DRAIN_DELAY=0s", "STOMPGW_DRAIN_SPREAD=0s", "STOMPGW_CLOSE_TIMEOUT=100ms")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if _, status := browser(t, fmt.Sprint(stderr.line("serving")["listen"])); status != "101" {
		t.Errorf("got %s", status)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := eventually.Receive(t, "the program ends", done); err != nil {
		t.Errorf("got %v", err)
	}
}

// What does not speak TLS is answered so, and the admin side stays plain.
func TestPlainToTLS(t *testing.T) {
	broker := silentBroker(t)
	cert, key := testcert.New(t, "gateway", "127.0.0.1").Write(t, t.TempDir())
	gw := start(t, "serve", "STOMPGW_BROKERS=tcp://"+broker.Addr().String(), "STOMPGW_TLS_CERT_FILE="+cert, "STOMPGW_TLS_KEY_FILE="+key)
	if got := gw.stderr.line("serving")["scheme"]; got != "https" {
		t.Errorf("got scheme %v", got)
	}
	if status, body := get("http://" + gw.public + "/stomp"); status != 400 || !strings.Contains(body, "HTTPS") {
		t.Errorf("got %d %q", status, body)
	}
	if status, _ := get("http://" + gw.admin + "/livez"); status != 200 {
		t.Errorf("the admin side: got %d", status)
	}
	c, err := tls.Dial("tcp", gw.public, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
		t.Errorf("got protocol %q", got)
	}
}

// Whom a PROXY header names is no proxy to be believed, unless who says so is one.
// Two users refuse a request that is believed, and are not looked at otherwise.
func TestProxyHeaderMakesNoProxy(t *testing.T) {
	broker := silentBroker(t)
	cert, key := testcert.New(t, "gateway", "127.0.0.1").Write(t, t.TempDir())
	for name, test := range map[string]struct {
		believed, status string
		secure           bool
	}{
		"only the claimed one":           {"10.1.2.3", "101", false},
		"only the claimed one, over TLS": {"10.1.2.3", "101", true},
		"only the claimant":              {"127.0.0.1", "101", false},
		"both":                           {"10.1.2.3,127.0.0.1", "401", false},
		"both, over TLS":                 {"10.1.2.3,127.0.0.1", "401", true},
	} {
		t.Run(name, func(t *testing.T) {
			environ := []string{"STOMPGW_BROKERS=tcp://" + broker.Addr().String(), "STOMPGW_PROXY_PROTOCOL_FROM=127.0.0.0/8",
				"STOMPGW_AUTH=proxy", "STOMPGW_PROXY_AUTH_PROXIES=" + test.believed}
			if test.secure {
				environ = append(environ, "STOMPGW_TLS_CERT_FILE="+cert, "STOMPGW_TLS_KEY_FILE="+key)
			}
			gw := start(t, "serve", environ...)
			c, err := net.Dial("tcp", gw.public)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { c.Close() }()
			if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(c, "PROXY TCP4 10.1.2.3 127.0.0.1 4711 443\r\n")
			if test.secure {
				c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
			}
			fmt.Fprint(c, "GET /stomp HTTP/1.1\r\nHost: gw\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-User: alice\r\nX-Forwarded-User: bob\r\n\r\n")
			answer := make([]byte, len("HTTP/1.1 101"))
			if _, err := io.ReadFull(c, answer); err != nil || string(answer[9:]) != test.status {
				t.Errorf("got %q, %v, want %s", answer, err, test.status)
			}
		})
	}
}
