package wire

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"net"
	"strings"
	"testing"
	"time"
)

// A peer may ask for new keys (RFC 8446, section 4.6.3) long after the last
// write, whose deadline has passed by then: TLS answers from inside the read.
func TestTLSKeyUpdateAfterSilence(t *testing.T) {
	const limit = 100 * time.Millisecond
	near, transport := tcpPair(t)
	cert, roots := certificate(t)
	mine := Secure(near, func(n net.Conn) *tls.Conn {
		return tls.Server(n, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13})
	})
	var secrets bytes.Buffer
	far := tls.Client(transport, &tls.Config{RootCAs: roots, ServerName: "peer.example", KeyLogWriter: &secrets})
	done := make(chan error, 1)
	go func() { done <- mine.Handshake() }()
	if err := far.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if far.ConnectionState().CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skip("the test knows AES-128-GCM only, and this machine prefers another cipher")
	}
	c := New(mine, limit)
	pool := NewPool(100, 100)
	reading := readSoon(c, pool, nil)
	if _, err := c.Write([]byte("first")); err != nil {
		t.Fatal(err)
	}
	wantText(t, far, "first")
	time.Sleep(3 * limit) // silence is what is tested
	if _, err := transport.Write(keyUpdate(t, secrets.String())); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * limit) // for the answer to have been tried
	if _, err := c.Write([]byte("second")); err != nil {
		t.Fatalf("the first write after the peer asked for new keys: %v", err)
	}
	wantText(t, far, "second")
	near.Close()
	await(t, reading)
}

// keyUpdate makes the record that asks for new keys, the first that the client
// sends after the handshake.
func keyUpdate(t *testing.T, keyLog string) []byte {
	t.Helper()
	var secret []byte
	for line := range strings.Lines(keyLog) {
		if f := strings.Fields(line); f[0] == "CLIENT_TRAFFIC_SECRET_0" {
			secret, _ = hex.DecodeString(f[2])
		}
	}
	expand := func(label string, n int) []byte {
		info := binary.BigEndian.AppendUint16(nil, uint16(n))
		info = append(info, byte(len("tls13 "+label)))
		info = append(append(info, "tls13 "+label...), 0)
		out, err := hkdf.Expand(sha256.New, secret, string(info), n)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	block, err := aes.NewCipher(expand("key", 16))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	const updateRequested, handshake = 1, 22
	plain := []byte{24, 0, 0, 1, updateRequested, handshake}
	header := []byte{23, 3, 3, 0, byte(len(plain) + aead.Overhead())}
	return aead.Seal(header, expand("iv", 12), plain, header)
}
