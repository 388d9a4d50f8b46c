// Package websocket does the server's side of RFC 6455: it judges and answers
// the opening handshake, takes messages out of bytes as they come, and puts
// bytes into frames. It is the only importer of gobwas/ws, from which it takes
// the handshake's answer, the header checks and the masking.
//
// Nothing here holds a message: payload is handed on in the pieces in which it
// arrived, unmasked where it stands.
package websocket
