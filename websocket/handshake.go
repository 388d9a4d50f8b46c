package websocket

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// Refusal is why an opening handshake cannot be accepted.
type Refusal struct {
	Status  int    // the HTTP status to answer with
	Reason  string // a stable word for logs and metrics
	Message string // a sentence for whoever sent the request
}

func (r *Refusal) Error() string { return r.Reason + ": " + r.Message }

// IsUpgrade tells whether a request asks for a WebSocket.
func IsUpgrade(r *http.Request) bool {
	return hasToken(r.Header.Values("Upgrade"), "websocket")
}

// Check judges a request that asks for a WebSocket (RFC 6455, section 4.2.1)
// and picks the first of the subprotocols, in the server's order of preference,
// that the client offers. A client that offers none gets none.
func Check(r *http.Request, subprotocols []string) (subprotocol string, refusal *Refusal) {
	refuse := func(status int, reason, format string, args ...any) (string, *Refusal) {
		return "", &Refusal{Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case r.Method != http.MethodGet:
		return refuse(http.StatusMethodNotAllowed, "method", "a WebSocket handshake is a GET request")
	case !r.ProtoAtLeast(1, 1) || r.ProtoMajor > 1:
		return refuse(http.StatusHTTPVersionNotSupported, "http_version", "a WebSocket handshake is an HTTP/1.1 request")
	case !hasToken(r.Header.Values("Connection"), "upgrade"):
		return refuse(http.StatusBadRequest, "connection_header", "the Connection header does not name Upgrade: is a proxy in the way that does not pass WebSockets on?")
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return refuse(http.StatusBadRequest, "body", "a WebSocket handshake has no body")
	}
	if v := r.Header.Values("Sec-WebSocket-Version"); len(v) != 1 || v[0] != "13" {
		return refuse(http.StatusUpgradeRequired, "websocket_version", "this server speaks version 13 of the WebSocket protocol")
	}
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) != 1 {
		return refuse(http.StatusBadRequest, "websocket_key", "there must be one Sec-WebSocket-Key")
	}
	if key, err := base64.StdEncoding.Strict().DecodeString(keys[0]); err != nil || len(key) != 16 {
		return refuse(http.StatusBadRequest, "websocket_key", "the Sec-WebSocket-Key is not 16 bytes in base64")
	}
	offered := tokens(r.Header.Values("Sec-WebSocket-Protocol"))
	for _, p := range subprotocols {
		if slices.Contains(offered, p) {
			return p, nil
		}
	}
	if len(offered) > 0 {
		return refuse(http.StatusBadRequest, "subprotocol", "none of the offered subprotocols is spoken here: use one of %s", strings.Join(subprotocols, ", "))
	}
	return "", nil
}

// Accept answers a request that Check has passed and takes its connection over.
// rest are bytes that the client sent behind the handshake. The caller owns the
// connection; nothing of net/http's is kept in it. An answer that cannot be
// written within timeout is an error, and the connection is closed.
func Accept(w http.ResponseWriter, r *http.Request, subprotocol string, timeout time.Duration) (conn net.Conn, rest []byte, err error) {
	// gobwas/ws looks at the first of several headers only, and wants no lists.
	r.Header["Connection"] = []string{"Upgrade"}
	r.Header["Upgrade"] = []string{"websocket"}
	delete(r.Header, "Sec-Websocket-Protocol")
	upgrader := ws.HTTPUpgrader{Timeout: timeout}
	if subprotocol != "" {
		r.Header["Sec-Websocket-Protocol"] = []string{subprotocol}
		upgrader.Protocol = func(string) bool { return true }
	}
	conn, rw, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		if conn != nil {
			_ = conn.Close() // the handshake's error says more
		}
		return nil, nil, fmt.Errorf("answer websocket handshake: %w", err)
	}
	if n := rw.Reader.Buffered(); n > 0 {
		peeked, _ := rw.Reader.Peek(n) // never fails for what is buffered
		rest = slices.Clone(peeked)
	}
	return conn, rest, nil
}

func hasToken(values []string, token string) bool {
	for _, t := range tokens(values) {
		if strings.EqualFold(t, token) {
			return true
		}
	}
	return false
}

// tokens splits header lines that hold comma-separated lists.
func tokens(values []string) []string {
	var list []string
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			if t = strings.TrimSpace(t); t != "" {
				list = append(list, t)
			}
		}
	}
	return list
}
