package demo

import "net"

// EndReason says why a connection ended.
type EndReason string

// The reasons. Every connection ends with exactly one.
const (
	EndDisconnected   EndReason = "disconnected"         // DISCONNECT
	EndClientClosed   EndReason = "client_closed"        // the socket closed or broke
	EndProtocolError  EndReason = "protocol_error"       // a frame was refused, with an ERROR
	EndConnectTimeout EndReason = "connect_timeout"      // no CONNECT in time
	EndHeartBeatLost  EndReason = "heartbeat_lost"       // no heart-beat within twice the interval agreed on
	EndSlowConsumer   EndReason = "slow_consumer"        // it would not read, or let a topic's backlog grow too long
	EndTurnedAway     EndReason = "too_many_connections" // over Options.Connections
	EndShutdown       EndReason = "shutdown"             // the broker's context ended
)

// SessionEnd is the end of one connection.
type SessionEnd struct {
	Remote net.Addr
	Reason EndReason
	// Err is the cause; nil after DISCONNECT and when the client closed in order.
	Err error
}
