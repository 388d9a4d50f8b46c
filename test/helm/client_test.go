package helm

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// handshake asks for a WebSocket over TLS, with one header more. The connection is
// closed when the test ends.
func handshake(t *testing.T, addr string, trust *x509.CertPool, header string) net.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: trust, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the gateway may have closed it
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(c, "GET /stomp HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n%s\r\n\r\n", addr, header)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// expect reads as many bytes as are wanted.
func expect(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v, want %q", got[:n], err, want)
	}
}

// say sends a short text message, masked with zeros (RFC 6455, section 5.3).
func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if len(text) > 125 {
		t.Fatal("too long for a head of two bytes")
	}
	if _, err := c.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)); err != nil {
		t.Fatal(err)
	}
}

// answerConnects is all of a broker that is needed here.
func answerConnects(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if _, err := bufio.NewReader(c).ReadString(0); err != nil {
				return // a readiness probe says nothing
			}
			_, _ = io.WriteString(c, "CONNECTED\nversion:1.2\n\n\x00") // the gateway tells if it does not arrive
			_, _ = io.Copy(io.Discard, c)                              // until the session ends
		}()
	}
}
