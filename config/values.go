package config

import (
	"fmt"
	"strings"
	"time"
)

// Dialect names the broker whose way of un-escaping credentials is followed.
type Dialect string

// The dialects.
const (
	DialectAuto     Dialect = "auto"
	DialectRabbitMQ Dialect = "rabbitmq"
	DialectActiveMQ Dialect = "activemq"
	DialectArtemis  Dialect = "artemis"
	DialectHornetQ  Dialect = "hornetq"
	DialectApollo   Dialect = "apollo"
)

// AuditMode is which of the policy's decisions are logged.
type AuditMode string

// The modes.
const (
	AuditDenials AuditMode = "denials"
	AuditAll     AuditMode = "all"
	AuditOff     AuditMode = "off"
)

// FrameTraces says whether frames are traced, and what the traces that clients
// begin mean.
type FrameTraces string

// The ways.
const (
	FrameTracesOff      FrameTraces = "off"
	FrameTracesContinue FrameTraces = "continue"
	FrameTracesRestart  FrameTraces = "restart"
)

// TLSVersion is a version of TLS.
type TLSVersion string

// The versions.
const (
	TLS12 TLSVersion = "1.2"
	TLS13 TLSVersion = "1.3"
)

// ClientAuth says whether clients show a certificate.
type ClientAuth string

// The ways. A certificate that is shown must be good in either of the last two.
const (
	ClientAuthOff      ClientAuth = "off"
	ClientAuthOptional ClientAuth = "optional"
	ClientAuthRequired ClientAuth = "required"
)

// ProxyProtocol says which PROXY header brokers get.
type ProxyProtocol string

// The headers.
const (
	ProxyProtocolOff ProxyProtocol = "off"
	ProxyProtocolV2  ProxyProtocol = "v2"
)

// ConnectHeader is a header of CONNECT that may go on, or * for every one.
type ConnectHeader string

// MessageType is the type of the WebSocket messages that browsers get.
type MessageType string

// The types. MessageAuto is text where the message is UTF-8, else binary.
const (
	MessageAuto   MessageType = "auto"
	MessageText   MessageType = "text"
	MessageBinary MessageType = "binary"
)

// Transport is one of SockJS's, by its name in the protocol.
type Transport string

// The transports. The last two are for browsers that nothing else works in.
const (
	TransportWebSocket    Transport = "websocket"
	TransportXHRStreaming Transport = "xhr_streaming"
	TransportXHR          Transport = "xhr"
	TransportEventSource  Transport = "eventsource"
	TransportHTMLFile     Transport = "htmlfile"
	TransportJSONP        Transport = "jsonp"
)

// CookieMode says whether a cookie is set, and over what it travels.
type CookieMode string

// The modes. CookieSecure is a cookie that browsers send over https only.
const (
	CookieOff    CookieMode = "off"
	CookieOn     CookieMode = "on"
	CookieSecure CookieMode = "secure"
)

// SameSite says with which requests of other sites' pages a cookie goes.
type SameSite string

// The values of the SameSite attribute; SameSiteUnset leaves it out.
const (
	SameSiteUnset  SameSite = "unset"
	SameSiteNone   SameSite = "none"
	SameSiteLax    SameSite = "lax"
	SameSiteStrict SameSite = "strict"
)

// LogLevel is the least level that is logged.
type LogLevel string

// The levels.
const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

// LogFormat is how a log line is written.
type LogFormat string

// The formats.
const (
	LogJSON    LogFormat = "json"
	LogConsole LogFormat = "console"
)

// HeartBeat is one leg's offer: the gateway can send something every Send, and
// wants to receive something every Receive. Zero is none.
type HeartBeat struct {
	Send, Receive time.Duration
}

// String gives the form that UnmarshalText reads.
func (h HeartBeat) String() string { return short(h.Send) + "," + short(h.Receive) }

// UnmarshalText reads two durations with a comma between them, each 0 or 1s to
// 1h.
func (h *HeartBeat) UnmarshalText(text []byte) error {
	send, receive, ok := strings.Cut(string(text), ",")
	if !ok {
		return fmt.Errorf("no comma in %q", text)
	}
	var values [2]time.Duration
	for i, s := range []string{send, receive} {
		d, err := time.ParseDuration(strings.TrimSpace(s))
		if err != nil {
			return err
		}
		if d != 0 && (d < time.Second || d > time.Hour) {
			return fmt.Errorf("%v is out of range", d)
		}
		values[i] = d
	}
	h.Send, h.Receive = values[0], values[1]
	return nil
}

// HostName is a name of a host, in lower case and without a dot at its end.
type HostName string

// String gives the name.
func (n HostName) String() string { return string(n) }
