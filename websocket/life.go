package websocket

import "github.com/gobwas/ws"

// SignOfLife tells whether p is one whole frame of a client that says no more than
// that it lives: a pong, or a message that is beat. p is left as it is. It must
// begin between two messages.
func SignOfLife(p []byte, beat string) bool {
	const head = 6
	if len(p) < head || p[1] != 0x80|byte(len(p)-head) || len(p)-head > 125 {
		return false
	}
	switch p[0] {
	case 0x80 | byte(ws.OpPong):
		return true
	case 0x80 | byte(ws.OpText), 0x80 | byte(ws.OpBinary):
	default:
		return false
	}
	if len(p)-head != len(beat) {
		return false
	}
	for i := range len(beat) {
		if p[head+i]^p[2+i&3] != beat[i] {
			return false
		}
	}
	return true
}
