package stompws

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// Options say how to open a WebSocket. The zero value offers the three STOMP subprotocols and sends no Origin.
type Options struct {
	Subprotocols []string    // nil offers v12.stomp, v11.stomp, v10.stomp; an empty list offers none
	Origin       string      // Origin header; empty sends none
	Header       http.Header // more headers of the request
	TLS          *tls.Config // of wss URLs; nil trusts the system's authorities
	Unix         string      // path of a Unix socket to connect to, whatever host the URL names; empty is TCP
	NoPong       bool        // leave WebSocket pings unanswered, as a client does whose network is gone
	// Wrap may put something between the client and its socket, such as a slow line; nil changes nothing.
	Wrap func(net.Conn) net.Conn
}

// StatusError is the answer of a server that does not upgrade.
type StatusError struct {
	Status int
	Body   string
}

func (e StatusError) Error() string { return fmt.Sprintf("refused with %d %q", e.Status, e.Body) }

// Dial opens a WebSocket. A refusal by the server is a StatusError.
func Dial(ctx context.Context, url string, o Options) (*Client, error) {
	var raw net.Conn
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   o.TLS,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			var d net.Dialer
			if o.Unix != "" {
				network, addr = "unix", o.Unix
			}
			conn, err := d.DialContext(ctx, network, addr)
			if err == nil && o.Wrap != nil {
				conn = o.Wrap(conn)
			}
			raw = conn
			return conn, err
		},
	}
	header := o.Header.Clone()
	if o.Origin != "" {
		if header == nil {
			header = http.Header{}
		}
		header.Set("Origin", o.Origin)
	}
	protocols := o.Subprotocols
	if protocols == nil {
		protocols = []string{"v12.stomp", "v11.stomp", "v10.stomp"}
	}
	conn, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: header, Subprotocols: protocols,
		OnPingReceived: func(context.Context, []byte) bool { return !o.NoPong },
	})
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			body, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
			return nil, StatusError{resp.StatusCode, string(body)}
		}
		return nil, err
	}
	conn.SetReadLimit(-1)
	ctx, cancel := context.WithCancel(context.Background())
	return newClient(&wsCarrier{conn: conn, raw: raw, ctx: ctx, cancel: cancel}), nil
}

// Subprotocol is what the server chose; empty on TCP.
func (c *Client) Subprotocol() string {
	if ws, ok := c.carrier.(*wsCarrier); ok {
		return ws.conn.Subprotocol()
	}
	return ""
}

// NetConn is the socket below, as Wrap made it.
func (c *Client) NetConn() net.Conn {
	switch t := c.carrier.(type) {
	case *wsCarrier:
		return t.raw
	case *tcpCarrier:
		return t.conn
	}
	return nil
}

type wsCarrier struct {
	conn   *websocket.Conn
	raw    net.Conn
	ctx    context.Context // ends the reader
	cancel context.CancelFunc
}

func (w *wsCarrier) read() (Message, error) {
	kind, data, err := w.conn.Read(w.ctx)
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		err = CloseError{int(closed.Code), closed.Reason}
	}
	return Message{Data: data, Binary: kind == websocket.MessageBinary}, err
}

func (w *wsCarrier) write(m Message) error {
	ctx, cancel := context.WithTimeout(w.ctx, writeTimeout)
	defer cancel()
	kind := websocket.MessageText
	if m.Binary {
		kind = websocket.MessageBinary
	}
	return w.conn.Write(ctx, kind, m.Data)
}

func (w *wsCarrier) close(code int) error {
	done := time.AfterFunc(5*time.Second, w.abort)
	defer done.Stop()
	return w.conn.Close(websocket.StatusCode(code), "")
}

func (w *wsCarrier) abort() {
	w.cancel()
	_ = w.raw.Close()
	_ = w.conn.CloseNow()
}
