package websocket

import (
	"net/http"
	"testing"
)

// What Check passes, Accept takes.
func TestCheckAndAcceptAgree(t *testing.T) {
	addr := echoServer(t)
	good := []string{line0, host, connection, version13, key}
	for name, lines := range map[string][]string{
		"Upgrade in a list":                     append(good, "Upgrade: h2c, websocket"),
		"two Upgrade headers":                   append(good, "Upgrade: h2c", "Upgrade: websocket"),
		"subprotocol list with an empty item":   append(good, upgrade, "Sec-WebSocket-Protocol: , v12.stomp"),
		"subprotocol list with a stray comma":   append(good, upgrade, "Sec-WebSocket-Protocol: v12.stomp,"),
		"subprotocol that is no token before":   append(good, upgrade, "Sec-WebSocket-Protocol: a b, v12.stomp"),
		"subprotocol that is no token in front": append(good, upgrade, "Sec-WebSocket-Protocol: a@b", "Sec-WebSocket-Protocol: v12.stomp"),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, response := send(t, addr, request(lines...))
			if response.StatusCode != http.StatusSwitchingProtocols && response.Header.Get("X-Reason") == "" {
				t.Errorf("got %s without a reason: Check passed it, and Accept did not take it", response.Status)
			}
		})
	}
}

// A handshake has no body: bytes that a proxy takes for one would be frames here.
func TestHandshakeWithBody(t *testing.T) {
	addr := echoServer(t)
	for _, line := range []string{"Content-Length: 5", "Transfer-Encoding: chunked"} {
		_, _, response := send(t, addr, request(line0, host, upgrade, connection, version13, key, line)+"5\r\nhello\r\n0\r\n\r\n")
		if response.StatusCode == http.StatusSwitchingProtocols {
			t.Errorf("%s: got %s, want a refusal", line, response.Status)
		}
	}
}

// A reason of bytes that begin no character does not panic.
func TestAppendCloseOfNonsense(t *testing.T) {
	b := make([]byte, 300)
	for i := range b {
		b[i] = 0x80
	}
	if got := AppendClose(nil, CloseNormal, string(b)); len(got) > 127 {
		t.Errorf("got %d bytes", len(got))
	}
}
