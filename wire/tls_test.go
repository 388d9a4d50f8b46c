package wire

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/testcert"
)

// certificate makes a certificate of peer.example and a pool that trusts it.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	pair := testcert.New(t, "peer", "peer.example")
	return pair.TLS(t), pair.Roots()
}

// tlsPair gives a Conn over TLS, on the server's side or the client's, and its
// peer, which writes through transport.
func tlsPair(t testing.TB, server bool, version uint16, limit time.Duration) (c *Conn, far *tls.Conn, transport *net.TCPConn) {
	t.Helper()
	near, transport := tcpPair(t)
	cert, roots := certificate(t)
	forServer := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version}
	forClient := &tls.Config{RootCAs: roots, ServerName: "peer.example", MinVersion: version, MaxVersion: version}
	var mine *tls.Conn
	if server {
		mine = Secure(near, func(n net.Conn) *tls.Conn { return tls.Server(n, forServer) })
		far = tls.Client(transport, forClient)
	} else {
		mine = Secure(near, func(n net.Conn) *tls.Conn { return tls.Client(n, forClient) })
		far = tls.Server(transport, forServer)
	}
	done := make(chan error, 1)
	go func() { done <- far.Handshake() }()
	if err := mine.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return New(mine, limit), far, transport
}

// eachTLS runs a test on both sides of both versions.
func eachTLS(t *testing.T, f func(t *testing.T, c *Conn, far *tls.Conn, transport *net.TCPConn)) {
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		for side, server := range map[string]bool{"server": true, "client": false} {
			t.Run(name+" "+side, func(t *testing.T) {
				c, far, transport := tlsPair(t, server, version, patience)
				f(t, c, far, transport)
			})
		}
	}
}

func pattern(n int) string { return strings.Repeat("0123456789abcdef-", n/17+1)[:n] }

// readText reads until so much has come.
func readText(t *testing.T, c *Conn, pool *Pool, n int) string {
	t.Helper()
	var got strings.Builder
	for got.Len() < n {
		r := await(t, readSoon(c, pool, nil))
		if r.err != nil {
			t.Fatalf("after %d of %d bytes: %v", got.Len(), n, r.err)
		}
		got.Write(r.buf.B)
		pool.Put(r.buf)
	}
	return got.String()
}

func TestTLSRecordsOfAllSizes(t *testing.T) {
	eachTLS(t, func(t *testing.T, c *Conn, far *tls.Conn, _ *net.TCPConn) {
		pool := NewPool(4<<10, 64<<10)
		for _, n := range []int{1, 4, 5, 6, 100, 4095, 4096, 4097, 16383, 16384, 16385, 100_000} {
			want := pattern(n)
			go io.WriteString(far, want)
			if got := readText(t, c, pool, n); got != want {
				t.Fatalf("%d bytes in: they differ", n)
			}
			buf := pool.Get()
			buf.Out.Add([]byte("head:"))
			buf.Out.Add([]byte(want))
			buf.Out.Add([]byte(":tail"))
			done := make(chan error, 1)
			go func() { done <- buf.Out.Flush(c, Now()) }()
			wantText(t, far, "head:"+want+":tail")
			if err := <-done; err != nil {
				t.Fatalf("%d bytes out: %v", n, err)
			}
			pool.Put(buf)
		}
	})
}

func TestTLSWaitsWithoutBuffer(t *testing.T) {
	eachTLS(t, func(t *testing.T, c *Conn, far *tls.Conn, _ *net.TCPConn) {
		waitsWithoutBuffer(t, c, newWatched(1<<10), far)
	})
}

// segments is a transport whose writes the test puts together as it likes.
type segments struct {
	net.Conn
	kept bytes.Buffer
}

func (s *segments) Write(p []byte) (int, error) { return s.kept.Write(p) }

func TestTLSSegments(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		near, transport := tcpPair(t)
		cert, roots := certificate(t)
		mine := Secure(near, func(n net.Conn) *tls.Conn {
			return tls.Server(n, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version})
		})
		c := New(mine, patience)
		done := make(chan error, 1)
		go func() { done <- mine.Handshake() }()
		keep := &segments{Conn: transport}
		direct := &switchable{Conn: transport}
		far := tls.Client(direct, &tls.Config{RootCAs: roots, ServerName: "peer.example"})
		if err := far.Handshake(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		direct.to = keep
		pool := newWatched(4 << 10)

		// Several records in one segment come out in order, none is left behind.
		var want string
		for i := range 20 {
			want += pattern(i * 10)
			write(t, far, pattern(i*10))
		}
		write(t, transport, keep.kept.String())
		keep.kept.Reset()
		if got := readText(t, c, &pool.Pool, len(want)); got != want {
			t.Fatalf("records in one segment: got %q, want %q", got, want)
		}

		// A record that stops anywhere, even in its header, goes on later.
		for _, cut := range []int{1, 3, 4, 5, 6, 20, 500} {
			text := pattern(1000)
			write(t, far, text)
			record := keep.kept.String()
			keep.kept.Reset()
			read := readSoon(c, &pool.Pool, nil)
			write(t, transport, record[:cut])
			pool.wantNoneOut(t)
			select {
			case r := <-read:
				t.Fatalf("cut at %d: got %v, %v of half a record", cut, r.buf, r.err)
			default:
			}
			write(t, transport, record[cut:])
			r := await(t, read)
			if r.err != nil || string(r.buf.B) != text {
				t.Fatalf("cut at %d: got %v, %v", cut, r.buf, r.err)
			}
			pool.Put(r.buf)
		}
	}
}

// switchable is a transport of which the writes can be turned elsewhere.
type switchable struct {
	net.Conn
	to io.Writer
}

func (s *switchable) Write(p []byte) (int, error) {
	if s.to != nil {
		return s.to.Write(p)
	}
	return s.Conn.Write(p)
}

func TestTLSEnds(t *testing.T) {
	eachTLS(t, func(t *testing.T, c *Conn, far *tls.Conn, _ *net.TCPConn) {
		pool := NewPool(100, 0)
		write(t, far, "last words")
		if err := far.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := readText(t, c, pool, 10); got != "last words" {
			t.Fatalf("got %q", got)
		}
		if buf, err := c.Read(pool, nil); buf != nil || err != io.EOF {
			t.Fatalf("after close_notify: got %v, %v, want the end", buf, err)
		}
		if _, err := c.Write([]byte("answer")); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(far); err != nil || string(got) != "answer" {
			t.Errorf("got %q, %v, want the answer and close_notify", got, err)
		}
	})
}

// A connection cut off without close_notify is no end in order.
func TestTLSCutOff(t *testing.T) {
	eachTLS(t, func(t *testing.T, c *Conn, far *tls.Conn, transport *net.TCPConn) {
		pool := NewPool(100, 0)
		done := readSoon(c, pool, nil)
		if _, err := transport.Write([]byte{0x17, 3, 3, 0, 50, 'x'}); err != nil {
			t.Fatal(err)
		}
		transport.Close()
		if r := await(t, done); r.buf != nil || r.err == nil || r.err == errWouldBlock {
			t.Errorf("got %v, %v, want an error", r.buf, r.err)
		}
	})
}

func TestTLSNonsense(t *testing.T) {
	eachTLS(t, func(t *testing.T, c *Conn, _ *tls.Conn, transport *net.TCPConn) {
		done := readSoon(c, NewPool(100, 0), nil)
		go io.Copy(io.Discard, transport)
		write(t, transport, "GET / HTTP/1.1\r\n\r\n")
		if r := await(t, done); r.buf != nil || r.err == nil {
			t.Errorf("got %v, %v, want an error", r.buf, r.err)
		}
	})
}

func TestTLSDeadlineWhileWaiting(t *testing.T) {
	eachTLS(t, func(t *testing.T, c *Conn, far *tls.Conn, _ *net.TCPConn) {
		pool := NewPool(100, 0)
		hold := &Buffer{B: append(make([]byte, 0, 100), "begun"...)}
		for _, held := range []*Buffer{nil, hold} {
			done := readSoon(c, pool, held)
			c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			if r := await(t, done); r.buf != held || !errors.Is(r.err, os.ErrDeadlineExceeded) {
				t.Fatalf("got %v, %v, want a passed deadline", r.buf, r.err)
			}
			c.SetReadDeadline(time.Time{})
			write(t, far, " again")
			r := await(t, readSoon(c, pool, held))
			if r.err != nil || !strings.HasSuffix(string(r.buf.B), " again") {
				t.Fatalf("after the deadline: got %v, %v", r.buf, r.err)
			}
		}
		if string(hold.B) != "begun again" {
			t.Errorf("held: got %q", hold.B)
		}
	})
}

// TLS without a socket under it reads as a plain pipe does.
func TestTLSOverPipe(t *testing.T) {
	near, transport := net.Pipe()
	defer transport.Close()
	cert, roots := certificate(t)
	mine := Secure(near, func(n net.Conn) *tls.Conn {
		return tls.Client(n, &tls.Config{RootCAs: roots, ServerName: "peer.example"})
	})
	c := New(mine, patience)
	far := tls.Server(transport, &tls.Config{Certificates: []tls.Certificate{cert}})
	go func() {
		_, _ = io.WriteString(far, "hello")
		_ = far.Close()
	}()
	if err := mine.Handshake(); err != nil {
		t.Fatal(err)
	}
	if got := readText(t, c, NewPool(100, 0), 5); got != "hello" {
		t.Errorf("got %q", got)
	}
	near.Close()
}
