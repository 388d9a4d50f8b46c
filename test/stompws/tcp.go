package stompws

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// writeTimeout bounds one write; a test that wants a write to block asks for less.
const writeTimeout = 30 * time.Second

// DialTCP connects to a broker's own STOMP port; a TLS configuration may be nil.
func DialTCP(ctx context.Context, addr string, config *tls.Config) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if config != nil {
		secured := tls.Client(conn, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, fmt.Errorf("TLS with %s: %w", addr, err)
		}
		conn = secured
	}
	return newClient(&tcpCarrier{conn}), nil
}

// Accept makes a client of a connection that was accepted, for brokers that a test plays itself.
func Accept(conn net.Conn) *Client { return newClient(&tcpCarrier{conn}) }

type tcpCarrier struct{ conn net.Conn }

func (t *tcpCarrier) read() (Message, error) {
	buf := make([]byte, 32<<10)
	n, err := t.conn.Read(buf)
	if n > 0 {
		err = nil
	}
	return Message{Data: buf[:n], Binary: true}, err
}

func (t *tcpCarrier) write(m Message) error {
	_ = t.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := t.conn.Write(m.Data)
	return err
}

func (t *tcpCarrier) close(int) error { return t.conn.Close() }
func (t *tcpCarrier) abort()          { _ = t.conn.Close() }
