package e2e

import "strings"

// hidden is the frame that an attacker hides from the gateway.
const hidden = "SEND\ndestination:/queue/{denied}\n\nstolen\x00"

// honestHead begins a SEND that the policy allows.
const honestHead = "SEND\ndestination:/queue/{allowed}\n"

// framing are attacks on where a frame ends, which header counts and which command it is. The policy grants
// /queue/allowed.> and nothing else.
var framing = []attack{
	{name: "no attack, only a denied SEND", octets: hidden, fools: everyone, code: "denied"},

	// A body where none is allowed: brokers end the frame at the first NUL.
	{name: "body of ACK", octets: "ACK\nid:1\ncontent-length:{length}\n\n\x00" + hidden, fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "body of NACK", octets: "NACK\nid:1\ncontent-length:{length}\n\n\x00" + hidden, fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "body of SUBSCRIBE", octets: "SUBSCRIBE\nid:2\ndestination:/queue/{allowed}\ncontent-length:{length}\n\n\x00" + hidden,
		fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "body of UNSUBSCRIBE", octets: "UNSUBSCRIBE\nid:own\ncontent-length:{length}\n\n\x00" + hidden, fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "body of BEGIN", octets: "BEGIN\ntransaction:1\ncontent-length:{length}\n\n\x00" + hidden, fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "body of COMMIT", octets: "BEGIN\ntransaction:1\n\n\x00COMMIT\ntransaction:1\ncontent-length:51\n\n\x00" + hidden,
		fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "body of ABORT", octets: "BEGIN\ntransaction:1\n\n\x00ABORT\ntransaction:1\ncontent-length:51\n\n\x00" + hidden,
		fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "body of DISCONNECT", octets: "DISCONNECT\nreceipt:1\ncontent-length:{length}\n\n\x00" + hidden, fools: nobody, code: "body_not_allowed"},
	{name: "body of BEGIN without content-length", octets: "BEGIN\ntransaction:1\n\nx\x00" + hidden, fools: everyone, code: "body_not_allowed"},
	{name: "body of BEGIN in STOMP 1.0", version: "1.0", octets: "BEGIN\ntransaction:1\ncontent-length:{length}\n\n\x00" + hidden,
		fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "content-length 0, then a body", octets: "BEGIN\ntransaction:1\ncontent-length:0\n\nx\x00" + hidden, fools: everyone, code: "missing_nul"},

	// A content-length that brokers do not believe, on SEND.
	{name: "content-length of letters", octets: honestHead + "content-length:all\n\n\x00" + hidden, byChance: true, fools: active, code: "bad_content_length"},
	{name: "content-length empty", octets: honestHead + "content-length:\n\n\x00" + hidden, byChance: true, fools: active, code: "bad_content_length"},
	{name: "content-length negative", octets: honestHead + "content-length:-1\n\n\x00" + hidden, garbles: true, fools: nobody, code: "bad_content_length"},
	{name: "content-length with a plus", octets: honestHead + "content-length:+{length}\n\n\x00" + hidden, fools: nobody, code: "bad_content_length"},
	{name: "content-length after a blank", octets: honestHead + "content-length: {length}\n\n\x00" + hidden, fools: nobody, code: "bad_content_length"},
	{name: "content-length before a blank", octets: honestHead + "content-length:{length} \n\n\x00" + hidden, fools: nobody, code: "bad_content_length"},
	{name: "content-length with a fraction", octets: honestHead + "content-length:{length}.0\n\n\x00" + hidden, byChance: true, fools: active, code: "bad_content_length"},
	{name: "content-length with an exponent", octets: honestHead + "content-length:5e1\n\n\x00" + hidden, byChance: true, fools: active, code: "bad_content_length"},
	{name: "content-length in hexadecimal", octets: honestHead + "content-length:0x33\n\n\x00" + hidden, byChance: true, fools: active, code: "bad_content_length"},
	{name: "content-length in full-width digits", octets: honestHead + "content-length:５１\n\n\x00" + hidden, fools: nobody, code: "bad_content_length"},
	{name: "content-length as a list", octets: honestHead + "content-length:{length},{length}\n\n\x00" + hidden, byChance: true, fools: active, code: "bad_content_length"},
	{name: "content-length over 64 bits", octets: honestHead + "content-length:18446744073709551667\n\n\x00" + hidden, byChance: true, fools: active, code: "bad_content_length"},
	{name: "content-length over 32 bits", octets: honestHead + "content-length:4294967347\n\n\x00" + hidden, byChance: true, fools: nobody, code: "body_too_big"},
	{name: "content-length with leading zeros", octets: honestHead + "content-length:0000000000{length}\n\n\x00" + hidden, fools: nobody},
	{name: "content-length too short", octets: honestHead + "content-length:1\n\nxx" + hidden, byChance: true, fools: active, code: "missing_nul"},
	{name: "content-length too short by a NUL", octets: honestHead + "content-length:0\n\nx\x00" + hidden, byChance: true, fools: activeAndArtemis, code: "missing_nul"},
	{name: "content-length too long", octets: honestHead + "content-length:9999\n\n\x00" + hidden, fools: nobody, code: unfinished},
	{name: "content-length that covers the hidden frame", octets: honestHead + "content-length:{length}\n\n\x00" + hidden, fools: nobody},
	{name: "content-length twice, the first short", octets: honestHead + "content-length:0\ncontent-length:{length}\n\n\x00" + hidden,
		fools: rabbitAndActive, code: "duplicate_header"},
	{name: "content-length twice, the last short", octets: honestHead + "content-length:{length}\ncontent-length:0\n\n\x00" + hidden,
		garbles: true, fools: nobody, code: "duplicate_header"},
	{name: "Content-Length in capitals", octets: honestHead + "Content-Length:{length}\n\n\x00" + hidden, fools: everyone, code: "denied"},
	{name: "content-length padded in its name", octets: honestHead + "content-length :{length}\n\n\x00" + hidden, fools: everyone, code: "bad_header_name"},
	{name: "content-length after a tab in its name", octets: honestHead + "\tcontent-length:{length}\n\n\x00" + hidden, fools: everyone, code: "bad_header_name"},
	{name: "content-length behind an escaped name", octets: honestHead + "content-length\\c:{length}\n\n\x00" + hidden, fools: everyone, code: "denied"},

	// Which header counts.
	{name: "destination twice, the first denied", octets: "SEND\ndestination:/queue/{denied}\ndestination:/queue/{allowed}\n\nstolen\x00",
		fools: everyone, code: "duplicate_header"},
	{name: "destination twice, the last denied", octets: honestHead + "destination:/queue/{denied}\n\nstolen\x00", fools: nobody, code: "duplicate_header"},
	{name: "destination padded in its name, first", octets: "SEND\ndestination :/queue/{denied}\ndestination:/queue/{allowed}\n\nstolen\x00",
		fools: nobody, code: "bad_header_name"},
	{name: "destination padded in front of its name", octets: "SEND\n destination:/queue/{denied}\ndestination:/queue/{allowed}\n\nstolen\x00",
		fools: nobody, code: "bad_header_name"},
	{name: "destination padded in its name in STOMP 1.1", version: "1.1",
		octets: "SEND\ndestination :/queue/{denied}\ndestination:/queue/{allowed}\n\nstolen\x00", fools: nobody, code: "bad_header_name"},
	{name: "destination padded in its name in STOMP 1.0", version: "1.0",
		octets: "SEND\ndestination :/queue/{denied}\ndestination:/queue/{allowed}\n\nstolen\x00", fools: nobody, code: "bad_header_name"},
	{name: "destination behind a control character", octets: "SEND\n\x01destination:/queue/{denied}\ndestination:/queue/{allowed}\n\nstolen\x00",
		fools: nobody, code: "bad_header_name"},
	{name: "Destination in capitals", octets: "SEND\nDestination:/queue/{denied}\ndestination:/queue/{allowed}\n\nstolen\x00", fools: nobody},
	{name: "no destination", octets: "SEND\n\nstolen\x00", fools: nobody, code: "ambiguous_destination"},
	{name: "destination empty", octets: "SEND\ndestination:\ndestination:/queue/{denied}\n\nstolen\x00", fools: nobody, code: "duplicate_header"},
	{name: "destination by an escaped line break", octets: honestHead + "x:y\\ndestination\\c/queue/{denied}\n\nstolen\x00", fools: nobody,
		code: "line_break_in_header", codes: map[string]string{"RabbitMQ": ""}},
	{name: "destination by an escaped line break in a name", octets: "SEND\nx\\ndestination:/queue/{denied}\ndestination:/queue/{allowed}\n\nstolen\x00", fools: nobody,
		code: "line_break_in_header", codes: map[string]string{"RabbitMQ": ""}},

	// Which command it is.
	{name: "command with more letters", octets: "SENDER\ndestination:/queue/{denied}\n\nstolen\x00", fools: active, code: "unknown_command"},
	{name: "command before a blank", octets: "SEND \ndestination:/queue/{denied}\n\nstolen\x00", fools: active, code: "unknown_command"},
	{name: "command after a blank", octets: " SEND\ndestination:/queue/{denied}\n\nstolen\x00", fools: active, code: "unknown_command"},
	{name: "command after a control character", octets: "\x01SEND\ndestination:/queue/{denied}\n\nstolen\x00", fools: active, code: "unknown_command"},
	{name: "command in small letters", octets: "send\ndestination:/queue/{denied}\n\nstolen\x00", fools: nobody, code: "unknown_command"},
	{name: "command cut short", octets: "SEN\ndestination:/queue/{denied}\n\nstolen\x00", fools: nobody, code: "unknown_command"},
	{name: "command of a server", octets: "MESSAGE\ndestination:/queue/{denied}\n\nstolen\x00", fools: nobody, code: "unknown_command"},
	{name: "command with a header in its line", octets: "SEND destination:/queue/{denied}\n\nstolen\x00", fools: nobody, code: "unknown_command"},
	{name: "command after a byte order mark", octets: "\ufeffSEND\ndestination:/queue/{denied}\n\nstolen\x00", fools: nobody, code: "unknown_command"},
	{name: "second CONNECT", octets: "CONNECT\naccept-version:1.2\n\n\x00" + hidden, fools: activeAndArtemis, code: "second_connect"},
	{name: "second CONNECT with a hidden frame", octets: "CONNECT\naccept-version:1.2\ncontent-length:{length}\n\n\x00" + hidden, fools: active, code: "body_not_allowed"},
	{name: "after DISCONNECT", octets: "DISCONNECT\n\n\x00" + hidden, fools: nobody, code: "frame_after_disconnect"},

	// Where the head ends.
	{name: "line without a colon", octets: "SEND\nx y\ndestination:/queue/{denied}\n\nstolen\x00", fools: active, code: "header_without_colon"},
	{name: "line of one character ends the head", octets: "BEGIN\ntransaction:1\nx\ny:z\x00" + hidden, fools: active, code: "header_without_colon"},
	{name: "line of one colon ends the head", octets: "BEGIN\ntransaction:1\n:\ny:z\x00" + hidden, fools: active, code: "bad_header_name"},
	{name: "line of a blank ends the head", octets: "BEGIN\ntransaction:1\n \ny:z\x00" + hidden, fools: active, code: "header_without_colon"},
	{name: "line without a name", octets: honestHead + ":/queue/{denied}\n\nstolen\x00", fools: nobody, code: "bad_header_name"},
	{name: "NUL in a header", octets: "BEGIN\ntransaction:1\nx:\x00" + hidden, fools: nobody, code: "nul_in_head"},
	{name: "NUL behind the command", octets: "BEGIN\x00" + hidden, fools: nobody, code: "unknown_command"},
	{name: "NUL between frames", octets: honestHead + "\n\x00\x00\x00" + hidden, fools: rabbitAndActive, code: "unknown_command"},
	{name: "NUL and line ends between frames", octets: honestHead + "\n\x00\n\n\x00\n" + hidden, fools: rabbitAndActive, code: "unknown_command"},

	// Line ends.
	{name: "line ends before the frame", octets: "\n\n\r\n\n" + hidden, fools: everyone, code: "denied"},
	{name: "CRLF", octets: strings.ReplaceAll("SEND\ndestination:/queue/{denied}\n\nstolen\x00", "\n", "\r\n"), fools: everyone, code: "denied"},
	{name: "CRLF in STOMP 1.1", version: "1.1", octets: strings.ReplaceAll("SEND\ndestination:/queue/{denied}\n\nstolen\x00", "\n", "\r\n"),
		fools: rabbitAndActive, code: "carriage_return"},
	{name: "CRLF in STOMP 1.0", version: "1.0", octets: strings.ReplaceAll("SEND\ndestination:/queue/{denied}\n\nstolen\x00", "\n", "\r\n"),
		fools: rabbitAndActive, code: "carriage_return"},
	{name: "CR twice ends the head", octets: "BEGIN\ntransaction:1\n\r\r\ny:z\x00" + hidden, fools: active, code: "header_without_colon"},
	{name: "CR alone ends a line", octets: honestHead[:len(honestHead)-1] + "\rdestination:/queue/{denied}\n\nstolen\x00", fools: nobody, code: "carriage_return"},
	{name: "CR alone before the frame", octets: "\r" + hidden, fools: active, code: "carriage_return"},
	{name: "CRLF mixed with LF", octets: "SEND\r\ndestination:/queue/{denied}\n\r\nstolen\x00", fools: everyone, code: "denied"},
	{name: "blank line of CRLF in STOMP 1.1", version: "1.1", octets: "BEGIN\ntransaction:1\n\r\ny:z\x00" + hidden, fools: rabbitAndActive, code: "carriage_return"},
	{name: "other line separators", octets: honestHead[:len(honestHead)-1] + "\u2028\u0085\v\fdestination:/queue/{denied}\n\nstolen\x00", fools: nobody, code: "ambiguous_destination"},

	// Characters.
	{name: "overlong UTF-8", octets: "SEND\ndestination:/queue/\xc1\xa4{denied}\n\nstolen\x00", fools: nobody, code: "head_not_utf8"},
	{name: "overlong NUL", octets: "BEGIN\ntransaction:1\nx:\xc0\x80\n\n\x00" + hidden, fools: everyone, code: "head_not_utf8"},
	{name: "surrogates in UTF-8", octets: "SEND\ndestination:/queue/{denied}\nx:\xed\xa0\x80\n\nstolen\x00", fools: everyone, code: "head_not_utf8"},
	{name: "Latin-1 in a header", octets: "SEND\ndestination:/queue/{denied}\nx:\xe9\n\nstolen\x00", fools: everyone, code: "head_not_utf8"},

	// Transactions.
	{name: "in a transaction", octets: "BEGIN\ntransaction:1\n\n\x00SEND\ntransaction:1\ndestination:/queue/{denied}\n\nstolen\x00COMMIT\ntransaction:1\n\n\x00",
		fools: everyone, code: "denied"},
	{name: "in a transaction that another frame began", octets: "BEGIN\ntransaction:1\ncontent-length:{length}\n\n\x00SEND\ntransaction:1\ndestination:/queue/{denied}\n\nstolen\x00COMMIT\ntransaction:1\n\n\x00",
		fools: rabbitAndActive, code: "body_not_allowed"},

	// How it comes.
	{name: "behind an honest frame in one message", octets: honestHead + "\nhonest too\x00" + hidden, fools: everyone, code: "denied"},
	{name: "octet by octet", octets: honestHead + "\nhonest too\x00" + hidden, cuts: octetByOctet, fools: everyone, code: "denied"},
	{name: "cut inside the destination", octets: hidden, cuts: cutAt("/queue/"), fools: everyone, code: "denied"},
	{name: "cut between line end and blank line", octets: hidden, cuts: cutAt("\n\n"), fools: everyone, code: "denied"},
	{name: "an honest head, then the rest of another", octets: honestHead + hidden, cuts: cutAt("{allowed}\n"), fools: nobody, code: "header_without_colon"},
	{name: "hidden in a body that is cut", octets: honestHead + "content-length:{length}\n\n\x00" + hidden, cuts: octetByOctet, fools: nobody},
	{name: "padded beyond a buffer", octets: honestHead + "\n" + strings.Repeat("x", 70_000) + "\x00" + hidden, fools: everyone, code: "denied"},
	{name: "behind heart-beats beyond a buffer", octets: strings.Repeat("\n", 70_000) + hidden, fools: everyone, code: "denied"},
	{name: "behind a head beyond a buffer", octets: "SEND\nx:" + strings.Repeat("y", 7_000) + "\ndestination:/queue/{denied}\n\nstolen\x00",
		fools: everyone, code: "denied"},
}

func octetByOctet(octets string) []string { return strings.Split(octets, "") }

// cutAt cuts in two behind the first mark.
func cutAt(mark string) func(string) []string {
	return func(octets string) []string {
		before, after, _ := strings.Cut(octets, mark)
		return []string{before + mark, after}
	}
}
