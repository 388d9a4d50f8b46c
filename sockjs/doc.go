// Package sockjs serves the HTTP transports of the SockJS protocol, version
// 0.3.3, and has the framing that its WebSocket transport needs. A Session is
// one client: a bounded connection that carries whole text messages both ways,
// over however many requests.
//
// A Server answers requests that somebody else has let in. It knows who opened a
// session only as a value that it compares, and asks back before it opens one.
//
// Nothing waits without a limit: a request's body is read within a time, an
// answer is written within a time, and what waits for a poll is bounded in
// bytes. No lock is held over I/O.
package sockjs
