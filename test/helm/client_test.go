package helm

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
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

// selfSigned writes a certificate for localhost and its key into one file.
func selfSigned(t *testing.T, dir string) (path string, trust *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for kind, der := range map[string][]byte{"CERTIFICATE": certificate, "PRIVATE KEY": private} {
		if err := pem.Encode(&text, &pem.Block{Type: kind, Bytes: der}); err != nil {
			t.Fatal(err)
		}
	}
	path, trust = filepath.Join(dir, "tls.pem"), x509.NewCertPool()
	write(t, path, text.String())
	if !trust.AppendCertsFromPEM(bytes.TrimSpace([]byte(text.String()))) {
		t.Fatal("the certificate cannot be read back")
	}
	return path, trust
}
