// Package demo is an in-memory broker and a page, so that one command shows the
// whole thing.
//
// [Broker] is a STOMP 1.0, 1.1 and 1.2 broker over TCP for development, and for
// nothing else: it lets everybody in whatever their login, forgets everything
// when it ends, and speaks no TLS. It is complete enough to try a client
// against, and bounded in everything it keeps.
//
// [Page] is a chat that opens in two windows and shows the frames that pass.
package demo
