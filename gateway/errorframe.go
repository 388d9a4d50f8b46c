package gateway

import (
	"strconv"
	"unicode/utf8"

	"github.com/stompgw/stompgw/frameinspect"
)

// The codes of ERROR frames that are the gateway's own and not about the form of
// one frame, which frameinspect has. docs/errors.md explains each.
const (
	codeFrameBeforeConnect frameinspect.Code = "frame_before_connect"
	codeSecondConnect      frameinspect.Code = "second_connect"
	codeAfterDisconnect    frameinspect.Code = "frame_after_disconnect"
	codeUnsupportedVersion frameinspect.Code = "unsupported_version"
	codeBadHeartBeat       frameinspect.Code = "bad_heart_beat"
	codeBadUTF8            frameinspect.Code = "bad_utf8"
	codeBadSockJS          frameinspect.Code = "bad_sockjs_frame"
	codeMessageTooBig      frameinspect.Code = "message_too_big"
	codeConnectTimeout     frameinspect.Code = "connect_timeout"
	codeIdle               frameinspect.Code = "idle"
	codeFrameTimeout       frameinspect.Code = "frame_timeout"
	codeHeartBeatLost      frameinspect.Code = "heartbeat_lost"
	codeSlowClient         frameinspect.Code = "slow_client"
	codeBrokerUnavailable  frameinspect.Code = "broker_unavailable"
	codeBrokerBusy         frameinspect.Code = "broker_busy"
	codeBrokerLost         frameinspect.Code = "broker_lost"
	codeUnauthenticated    frameinspect.Code = "unauthenticated"
	codeTokenExpired       frameinspect.Code = "token_expired"
	codeOperatorClosed     frameinspect.Code = "operator_closed"
	codeDraining           frameinspect.Code = "draining"
	codeInternal           frameinspect.Code = "internal"
)

// errorFrame is an ERROR of the gateway's own.
type errorFrame struct {
	code    frameinspect.Code
	message string
	receipt []byte // the value of the offending frame's receipt header, as it came
	version string // the versions spoken, where the client's are not
}

// bytes gives the frame as it goes on the wire. Nothing in it needs an escape:
// codes and messages are the gateway's own, and the receipt is the client's
// spelling.
func (f errorFrame) bytes() []byte {
	b := append([]byte("ERROR\ncode:"), f.code...)
	b = append(b, "\nmessage:"...)
	b = append(b, f.message...)
	if f.receipt != nil && utf8.Valid(f.receipt) { // in a head that is no UTF-8 it may be none either
		b = append(b, "\nreceipt-id:"...)
		b = append(b, f.receipt...)
	}
	if f.version != "" {
		b = append(b, "\nversion:"...)
		b = append(b, f.version...)
	}
	b = append(b, "\ncontent-type:text/plain\ncontent-length:"...)
	b = strconv.AppendInt(b, int64(len(f.message)), 10)
	b = append(b, "\n\n"...)
	b = append(b, f.message...)
	return append(b, 0)
}
