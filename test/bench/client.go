package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// target is where the generator's sessions go.
type target struct {
	Addr   string `json:"addr"`
	WS     bool   `json:"ws"`     // a WebSocket; else the same STOMP bytes over TCP
	TLS    bool   `json:"tls"`    // before either of them
	Path   string `json:"path"`   // of the WebSocket
	Proto  string `json:"proto"`  // subprotocol offered, "" for none
	Binary bool   `json:"binary"` // send binary messages; else text
}

// client is one session of the generator. Writes may come from several
// goroutines as each is one whole message; everything else belongs to one.
type client struct {
	conn net.Conn
	to   target
	dec  wsDecoder
	buf  []byte
	last []byte // what was read last, for an error message
	took int64  // STOMP frames received
	data func([]byte)
	pong func([]byte)
}

// sources counts sessions, to spread them over the addresses of the loopback
// network: one address has too few ports.
var sources atomic.Uint32

// dial opens a session as far as the transport goes.
func dial(ctx context.Context, to target) (*client, error) {
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: -1,
		LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+sources.Add(1)%200))}}
	conn, err := d.DialContext(ctx, "tcp", to.Addr)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", to.Addr, err)
	}
	if to.TLS {
		conn = tls.Client(conn, anyCertificate)
	}
	c := &client{conn: conn, to: to, buf: make([]byte, 1024)}
	c.data = c.count
	c.pong = func(p []byte) { _, _ = c.conn.Write(appendMasked(nil, opPong, p)) }
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if to.WS {
		err = c.upgrade()
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("open %s: %w", to.Addr, err)
	}
	return c, nil
}

// upgrade does the handshake of RFC 6455, section 4.1. No server here speaks
// first, so nothing follows the response's head.
func (c *client) upgrade() error {
	scheme := "http"
	if c.to.TLS {
		scheme = "https"
	}
	req := "GET " + c.to.Path + " HTTP/1.1\r\nHost: " + c.to.Addr + "\r\nOrigin: " + scheme + "://" + c.to.Addr +
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	if c.to.Proto != "" {
		req += "Sec-WebSocket-Protocol: " + c.to.Proto + "\r\n"
	}
	if _, err := c.conn.Write([]byte(req + "\r\n")); err != nil {
		return err
	}
	have := 0
	for {
		n, err := c.conn.Read(c.buf[have:])
		have += n
		if end := bytes.Index(c.buf[:have], []byte("\r\n\r\n")); end >= 0 {
			line, _, _ := strings.Cut(string(c.buf[:have]), "\r\n")
			if !strings.HasPrefix(line, fmt.Sprintf("HTTP/1.1 %d", http.StatusSwitchingProtocols)) {
				return fmt.Errorf("handshake: %q", c.buf[:have])
			}
			if have > end+4 {
				return fmt.Errorf("handshake: %q after the head", c.buf[end+4:have])
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// connect does the STOMP handshake; beat is in milliseconds, 0 for none.
func (c *client) connect(beat int) error {
	if _, err := c.conn.Write(c.message(connectFrame("/", beat))); err != nil {
		return err
	}
	if err := c.await(1); err != nil {
		return err
	}
	if !bytes.Contains(c.last, []byte("CONNECTED\n")) {
		return fmt.Errorf("CONNECT answered with %q", c.last)
	}
	return c.conn.SetDeadline(time.Time{})
}

// message is the frame as it goes over the target's transport.
func (c *client) message(frame []byte) []byte {
	if !c.to.WS {
		return frame
	}
	op := byte(opText)
	if c.to.Binary {
		op = opBinary
	}
	return appendMasked(nil, op, frame)
}

// await reads until total frames were received since the session began.
func (c *client) await(total int64) error {
	for c.took < total {
		if err := c.read(); err != nil {
			return err
		}
	}
	return nil
}

// read reads once and counts the frames that ended in what came: their NULs.
func (c *client) read() error {
	n, err := c.conn.Read(c.buf)
	if n > 0 {
		c.last = c.buf[:min(n, 300)]
		if c.to.WS {
			if derr := c.dec.feed(c.buf[:n], c.data, c.pong); derr != nil {
				return fmt.Errorf("%w after %q", derr, c.last)
			}
		} else {
			c.count(c.buf[:n])
		}
	}
	if err != nil {
		return fmt.Errorf("%w after %q", err, c.last)
	}
	return nil
}

func (c *client) count(p []byte) { c.took += int64(bytes.Count(p, []byte{0})) }

// openAll opens and connects n sessions, at most rate a second (0: as fast as
// it goes), and closes those it has when one fails.
func openAll(ctx context.Context, to target, n, rate, beat int) ([]*client, error) {
	type result struct {
		c   *client
		err error
	}
	results := make(chan result, n) // one for each, so that no opener waits
	lanes := make(chan struct{}, 32)
	start := time.Now()
	for i := range n {
		lanes <- struct{}{}
		if rate > 0 {
			time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		}
		go func() {
			defer func() { <-lanes }()
			c, err := dial(ctx, to)
			if err == nil {
				err = c.connect(beat)
			}
			results <- result{c, err}
		}()
	}
	var (
		all  []*client
		errs []error
	)
	for range n {
		r := <-results
		if r.c != nil {
			all = append(all, r.c)
		}
		if r.err != nil && len(errs) < 3 {
			errs = append(errs, r.err)
		}
	}
	if len(errs) > 0 {
		closeAll(all)
		return nil, fmt.Errorf("open %d sessions: %w", n, errors.Join(errs...))
	}
	return all, nil
}

// closeAll resets the connections, so that no ports stay in TIME_WAIT.
func closeAll(all []*client) {
	for _, c := range all {
		transport := c.conn
		if secure, ok := transport.(*tls.Conn); ok {
			transport = secure.NetConn() // it is past being told
		}
		if t, ok := transport.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
		transport.Close()
	}
}
