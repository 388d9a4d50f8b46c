package wire

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stompgw/stompgw/internal/eventually"
)

// Bytes that nobody has read do not hide that the peer has gone.
func TestLeft(t *testing.T) {
	tests := []struct {
		name string
		end  func(c *Conn, far *net.TCPConn) error
	}{
		{"the peer closes", func(_ *Conn, far *net.TCPConn) error { return far.Close() }},
		{"the peer closes one way", func(_ *Conn, far *net.TCPConn) error { return far.CloseWrite() }},
		{"the peer resets", func(_ *Conn, far *net.TCPConn) error { _ = far.SetLinger(0); return far.Close() }},
		{"this side closes", func(c *Conn, _ *net.TCPConn) error { return c.Close() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			near, far := tcpPair(t)
			c := New(near, 0)
			write(t, far, "unread")
			if c.Left() {
				t.Fatal("gone before it went")
			}
			if err := tt.end(c, far); err != nil {
				t.Fatal(err)
			}
			eventually.True(t, "it to have left", c.Left)
		})
	}
}

func TestLeftTLS(t *testing.T) {
	eachTLS(t, func(t *testing.T, c *Conn, far *tls.Conn, tcp *net.TCPConn) {
		write(t, far, "unread")
		if c.Left() {
			t.Fatal("gone before it went")
		}
		if err := tcp.Close(); err != nil {
			t.Fatal(err)
		}
		eventually.True(t, "it to have left", c.Left)
	})
}
