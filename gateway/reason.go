package gateway

import "github.com/stompgw/stompgw/websocket"

// CloseReason says why a session ended. The same word is the log field, the
// label of the metric and, through its code, what the browser sees.
type CloseReason string

// The reasons. Each session ends with exactly one.
const (
	ClientClosed      CloseReason = "client_closed"
	Disconnected      CloseReason = "disconnected"
	Draining          CloseReason = "draining"
	ProtocolError     CloseReason = "protocol_error"
	BadUTF8           CloseReason = "bad_utf8"
	Denied            CloseReason = "denied"
	TooBig            CloseReason = "too_big"
	BrokerLost        CloseReason = "broker_lost"
	BrokerUnavailable CloseReason = "broker_unavailable"
	BrokerClosed      CloseReason = "broker_closed"
	Idle              CloseReason = "idle"
	HeartBeatLost     CloseReason = "heartbeat_lost"
	ConnectTimeout    CloseReason = "connect_timeout"
	TokenExpired      CloseReason = "token_expired"
	SlowClient        CloseReason = "slow_client"
	RateLimited       CloseReason = "rate_limited"
	AuthUnavailable   CloseReason = "auth_unavailable"
	OperatorClosed    CloseReason = "operator_closed"
	Internal          CloseReason = "internal"
)

// closeCodes are the WebSocket close codes: the registered ones where they fit,
// the private range (RFC 6455, section 7.4.2) elsewhere.
var closeCodes = map[CloseReason]int{
	ClientClosed:      websocket.CloseNormal,
	Disconnected:      websocket.CloseNormal,
	Draining:          websocket.CloseGoingAway,
	ProtocolError:     websocket.CloseProtocolError,
	BadUTF8:           websocket.CloseInvalidData,
	Denied:            websocket.ClosePolicy,
	TooBig:            websocket.CloseTooBig,
	BrokerLost:        websocket.CloseBadGateway,
	BrokerUnavailable: websocket.CloseTryAgainLater,
	BrokerClosed:      websocket.CloseNormal,
	Idle:              4000,
	HeartBeatLost:     4001,
	ConnectTimeout:    4002,
	TokenExpired:      4003,
	OperatorClosed:    4004,
	SlowClient:        4008,
	RateLimited:       4029,
	AuthUnavailable:   websocket.CloseTryAgainLater,
	Internal:          websocket.CloseInternal,
}

// Reasons lists every reason, for metrics that should show zeros.
func Reasons() []CloseReason {
	list := make([]CloseReason, 0, len(closeCodes))
	for r := range closeCodes {
		list = append(list, r)
	}
	return list
}

// ending is how a session ends: decided once, carried out by session.finish.
type ending struct {
	reason CloseReason
	code   int    // the WebSocket close code
	text   string // for the close frame: safe to show
	cause  error  // for the log: nil where the reason says it all
	last   []byte // an ERROR frame for the client; nil for none
}

func endBy(reason CloseReason, text string, cause error) ending {
	return ending{reason: reason, code: closeCodes[reason], text: text, cause: cause}
}

// withError adds an ERROR frame that the client gets first.
func (e ending) withError(f errorFrame) ending {
	e.last = f.bytes()
	return e
}

// endingError carries an ending through code that returns errors.
type endingError struct{ ending }

func (e *endingError) Error() string { return string(e.reason) + ": " + e.text }
