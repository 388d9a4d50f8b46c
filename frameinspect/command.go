package frameinspect

// Command is the command of a frame.
type Command uint8

// The commands of clients, then those of servers. CmdNone is no command.
const (
	CmdNone Command = iota
	CmdConnect
	CmdStomp
	CmdSend
	CmdSubscribe
	CmdUnsubscribe
	CmdAck
	CmdNack
	CmdBegin
	CmdCommit
	CmdAbort
	CmdDisconnect
	CmdConnected
	CmdMessage
	CmdReceipt
	CmdError
	commandCount
)

var commandNames = [commandCount]string{
	CmdNone: "", CmdConnect: "CONNECT", CmdStomp: "STOMP", CmdSend: "SEND", CmdSubscribe: "SUBSCRIBE",
	CmdUnsubscribe: "UNSUBSCRIBE", CmdAck: "ACK", CmdNack: "NACK", CmdBegin: "BEGIN", CmdCommit: "COMMIT",
	CmdAbort: "ABORT", CmdDisconnect: "DISCONNECT", CmdConnected: "CONNECTED", CmdMessage: "MESSAGE",
	CmdReceipt: "RECEIPT", CmdError: "ERROR",
}

// String gives the command as it stands on the wire.
func (c Command) String() string {
	if c < commandCount {
		return commandNames[c]
	}
	return ""
}

// Connects tells whether the command opens a session: CONNECT or STOMP.
func (c Command) Connects() bool { return c == CmdConnect || c == CmdStomp }

// clientCommand gives the command of a client for its exact name. Nothing near
// it is accepted: ActiveMQ takes SUBX for SUBSCRIBE, Artemis NACX for NACK.
func clientCommand(name []byte) Command {
	switch string(name) {
	case "SEND":
		return CmdSend
	case "ACK":
		return CmdAck
	case "NACK":
		return CmdNack
	case "SUBSCRIBE":
		return CmdSubscribe
	case "UNSUBSCRIBE":
		return CmdUnsubscribe
	case "BEGIN":
		return CmdBegin
	case "COMMIT":
		return CmdCommit
	case "ABORT":
		return CmdAbort
	case "CONNECT":
		return CmdConnect
	case "STOMP":
		return CmdStomp
	case "DISCONNECT":
		return CmdDisconnect
	}
	return CmdNone
}

func serverCommand(name []byte) Command {
	switch string(name) {
	case "MESSAGE":
		return CmdMessage
	case "RECEIPT":
		return CmdReceipt
	case "ERROR":
		return CmdError
	case "CONNECTED":
		return CmdConnected
	}
	return CmdNone
}

// since gives the lowest version that knows the command.
func (c Command) since() Version {
	if c == CmdNack || c == CmdStomp {
		return V11
	}
	return V10
}
