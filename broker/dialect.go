package broker

import (
	"strings"

	"github.com/stompgw/stompgw/frameinspect"
)

// Dialect is a family of brokers that read STOMP alike.
type Dialect uint8

// The dialects. Unknown is treated as the common case: RabbitMQ's and ActiveMQ's.
const (
	Unknown Dialect = iota
	RabbitMQ
	ActiveMQ
	Artemis
	HornetQ
	Apollo
)

var dialectNames = map[string]Dialect{
	"auto": Unknown, "rabbitmq": RabbitMQ, "activemq": ActiveMQ, "artemis": Artemis, "hornetq": HornetQ, "apollo": Apollo,
}

// ParseDialect gives the dialect of a setting's word; "auto" is Unknown.
func ParseDialect(name string) (Dialect, bool) {
	d, ok := dialectNames[name]
	return d, ok
}

// String gives the word of the setting.
func (d Dialect) String() string {
	for name, dialect := range dialectNames {
		if dialect == d {
			return name
		}
	}
	return "unknown"
}

// dialectOf reads the server header of a CONNECTED.
func dialectOf(server string) Dialect {
	name, _, _ := strings.Cut(server, "/")
	switch strings.ToLower(name) {
	case "rabbitmq":
		return RabbitMQ
	case "activemq":
		return ActiveMQ
	case "activemq-artemis":
		return Artemis
	case "hornetq":
		return HornetQ
	case "apache-apollo":
		return Apollo
	}
	return Unknown
}

// AppendConnectHeader appends a header line of a CONNECT frame, whose values the
// specification leaves unescaped in every version, so that this dialect reads
// the text as it is: RabbitMQ, ActiveMQ and Apollo undo escapes all the same. The
// text must hold no line break.
func (d Dialect) AppendConnectHeader(dst []byte, name, text string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ':')
	switch d {
	case Unknown, RabbitMQ, ActiveMQ, Apollo:
		text = strings.ReplaceAll(text, `\`, `\\`)
	}
	dst = append(dst, text...)
	return append(dst, '\n')
}

// KeepAlive tells whether the broker ends silent connections although no
// heart-beats were agreed on: Artemis and its ancestor do, after a minute.
func (d Dialect) KeepAlive() bool { return d == Artemis || d == HornetQ }

// Version reads the version of a CONNECTED; a broker that names none speaks 1.0.
func Version(connected *frameinspect.Head) (frameinspect.Version, bool) {
	text, ok := connected.Get("version")
	if !ok {
		return frameinspect.V10, true
	}
	return frameinspect.ParseVersion(string(text))
}
