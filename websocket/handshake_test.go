package websocket

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

var spoken = []string{"v12.stomp", "v11.stomp", "v10.stomp"}

// echo is a server as small as can be: it judges, answers, and sends back what
// it got, in capitals where it came behind the handshake.
func echo(w http.ResponseWriter, r *http.Request) {
	if !IsUpgrade(r) {
		http.Error(w, "no upgrade", http.StatusTeapot)
		return
	}
	subprotocol, refusal := Check(r, spoken)
	if refusal != nil {
		w.Header().Set("X-Reason", refusal.Reason)
		http.Error(w, refusal.Message, refusal.Status)
		return
	}
	conn, rest, err := Accept(w, r, subprotocol, patience)
	if err != nil {
		return
	}
	go func() {
		defer conn.Close()
		_, _ = io.WriteString(conn, strings.ToUpper(string(rest)))
		_, _ = io.Copy(conn, conn)
	}()
}

func echoServer(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// send writes a request as it stands and reads the answer.
func send(t *testing.T, addr, request string) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, r, response
}

// Header lines of a good handshake; a test leaves out or puts in.
const (
	line0      = "GET /stomp HTTP/1.1"
	host       = "Host: gw.example"
	upgrade    = "Upgrade: websocket"
	connection = "Connection: Upgrade"
	version13  = "Sec-WebSocket-Version: 13"
	key        = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	acceptKey  = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" // RFC 6455, section 1.3
)

func request(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }

func TestHandshakeAccepted(t *testing.T) {
	addr := echoServer(t)
	good := []string{line0, host, upgrade, connection, version13, key}
	with := func(lines ...string) []string { return append(append([]string{}, good...), lines...) }
	tests := []struct {
		name        string
		lines       []string
		subprotocol string
	}{
		{"plain", good, ""},
		{"as Firefox sends it", []string{line0, host, "Upgrade: websocket", "Connection: keep-alive, Upgrade", version13, key}, ""},
		{"any case", []string{line0, host, "UPGRADE: WebSocket", "connection: upgrade", "sec-websocket-version: 13", key}, ""},
		{"two Connection headers", with("Connection: keep-alive"), ""},
		{"two Connection headers, Upgrade second", []string{line0, host, upgrade, "Connection: keep-alive", connection, version13, key}, ""},
		{"one subprotocol", with("Sec-WebSocket-Protocol: v11.stomp"), "v11.stomp"},
		{"the server's best", with("Sec-WebSocket-Protocol: v10.stomp, v11.stomp,v12.stomp"), "v12.stomp"},
		{"in several headers", with("Sec-WebSocket-Protocol: v10.stomp", "Sec-WebSocket-Protocol: v11.stomp, mqtt"), "v11.stomp"},
		{"the best in the last header", with("Sec-WebSocket-Protocol: mqtt", "Sec-WebSocket-Protocol: wamp", "Sec-WebSocket-Protocol: v12.stomp"), "v12.stomp"},
		{"unknown ones beside", with("Sec-WebSocket-Protocol: mqtt, v10.stomp"), "v10.stomp"},
		{"empty header", with("Sec-WebSocket-Protocol: "), ""},
		{"extensions are left alone", with("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, r, response := send(t, addr, request(tt.lines...))
			h := response.Header
			if response.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("got %s, reason %s", response.Status, h.Get("X-Reason"))
			}
			if got := h.Values("Sec-WebSocket-Protocol"); strings.Join(got, "|") != tt.subprotocol {
				t.Errorf("got subprotocol %q, want %q", got, tt.subprotocol)
			}
			if h.Get("Sec-WebSocket-Accept") != acceptKey || !strings.EqualFold(h.Get("Upgrade"), "websocket") ||
				!strings.EqualFold(h.Get("Connection"), "upgrade") || h.Get("Sec-WebSocket-Extensions") != "" {
				t.Errorf("got headers %v", h)
			}
			if _, err := io.WriteString(c, "ping"); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 4)
			if _, err := io.ReadFull(r, got); err != nil || string(got) != "ping" {
				t.Errorf("got %q, %v through the connection", got, err)
			}
		})
	}
}

func TestHandshakeRefused(t *testing.T) {
	addr := echoServer(t)
	tests := []struct {
		name   string
		lines  []string
		status int
		reason string
	}{
		{"POST", []string{"POST /stomp HTTP/1.1", host, "Content-Length: 0", upgrade, connection, version13, key}, 405, "method"},
		{"HTTP/1.0", []string{"GET /stomp HTTP/1.0", host, upgrade, connection, version13, key}, 505, "http_version"},
		{"no Connection", []string{line0, host, upgrade, version13, key}, 400, "connection_header"},
		{"Connection without Upgrade", []string{line0, host, upgrade, "Connection: keep-alive", version13, key}, 400, "connection_header"},
		{"a word that only contains it", []string{line0, host, upgrade, "Connection: upgrade-insecure", version13, key}, 400, "connection_header"},
		{"no version", []string{line0, host, upgrade, connection, key}, 426, "websocket_version"},
		{"version 8", []string{line0, host, upgrade, connection, "Sec-WebSocket-Version: 8", key}, 426, "websocket_version"},
		{"version 013", []string{line0, host, upgrade, connection, "Sec-WebSocket-Version: 013", key}, 426, "websocket_version"},
		{"two versions", []string{line0, host, upgrade, connection, version13, version13, key}, 426, "websocket_version"},
		{"list of versions", []string{line0, host, upgrade, connection, "Sec-WebSocket-Version: 13, 8", key}, 426, "websocket_version"},
		{"no key", []string{line0, host, upgrade, connection, version13}, 400, "websocket_key"},
		{"two keys", []string{line0, host, upgrade, connection, version13, key, key}, 400, "websocket_key"},
		{"empty key", []string{line0, host, upgrade, connection, version13, "Sec-WebSocket-Key: "}, 400, "websocket_key"},
		{"15 bytes", []string{line0, host, upgrade, connection, version13, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"}, 400, "websocket_key"},
		{"17 bytes", []string{line0, host, upgrade, connection, version13, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE="}, 400, "websocket_key"},
		{"no base64", []string{line0, host, upgrade, connection, version13, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!=="}, 400, "websocket_key"},
		{"bits behind the key", []string{line0, host, upgrade, connection, version13, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=="}, 400, "websocket_key"},
		{"unknown subprotocol", []string{line0, host, upgrade, connection, version13, key, "Sec-WebSocket-Protocol: mqtt"}, 400, "subprotocol"},
		{"another case is another", []string{line0, host, upgrade, connection, version13, key, "Sec-WebSocket-Protocol: V12.STOMP"}, 400, "subprotocol"},
		{"part of a name", []string{line0, host, upgrade, connection, version13, key, "Sec-WebSocket-Protocol: v12.stomp.org"}, 400, "subprotocol"},
		{"another upgrade", []string{line0, host, "Upgrade: h2c", connection, version13, key}, http.StatusTeapot, ""},
		{"no upgrade", []string{line0, host}, http.StatusTeapot, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, response := send(t, addr, request(tt.lines...))
			if got := response.Header.Get("X-Reason"); response.StatusCode != tt.status || got != tt.reason {
				t.Errorf("got %s, reason %q, want %d, %q", response.Status, got, tt.status, tt.reason)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if tt.reason == "subprotocol" && !strings.Contains(string(body), "v12.stomp, v11.stomp, v10.stomp") {
				t.Errorf("%q does not name what is spoken", body)
			}
		})
	}
}

// Some clients do not wait for the answer.
func TestBytesBehindHandshake(t *testing.T) {
	addr := echoServer(t)
	for _, n := range []int{1, 100, 3000} {
		behind := strings.Repeat("b", n)
		_, r, response := send(t, addr, request(line0, host, upgrade, connection, version13, key)+behind)
		if response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("got %s", response.Status)
		}
		got := make([]byte, n)
		if _, err := io.ReadFull(r, got); err != nil || !strings.EqualFold(string(got), behind) {
			t.Errorf("%d bytes: got %.50q, %v", n, got, err)
		}
	}
}

// unhijackable is what Accept meets where a handler stands in between that does
// not pass Hijack on.
type unhijackable struct{ http.ResponseWriter }

func TestAcceptFails(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/stomp", nil)
	conn, rest, err := Accept(unhijackable{httptest.NewRecorder()}, r, "", time.Second)
	if err == nil || conn != nil || rest != nil {
		t.Fatalf("got %v, %q, %v, want an error", conn, rest, err)
	}
	if !strings.HasPrefix(err.Error(), "answer websocket handshake: ") {
		t.Errorf("got %q", err)
	}
}

// What the server's deadlines were is no concern of the session's.
func TestAcceptClearsDeadlines(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = 500*time.Millisecond, 500*time.Millisecond
	srv.Start()
	defer srv.Close()
	c, r, response := send(t, srv.Listener.Addr().String(), request(line0, host, upgrade, connection, version13, key))
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Skipf("the machine was too busy for the server's short deadlines: %s", response.Status)
	}
	time.Sleep(time.Second) // past both: that nothing happens cannot be awaited
	if _, err := io.WriteString(c, "late"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(r, got); err != nil || string(got) != "late" {
		t.Errorf("got %q, %v", got, err)
	}
}
