package demo

import (
	"testing"
)

var (
	since11 = []string{"1.1", "1.2"}
	only    = func(v string) []string { return []string{v} }
)

// TestConformance plays what the STOMP specifications ask for, and what the
// documentation of Broker promises where they leave a choice.
func TestConformance(t *testing.T) {
	tests := map[string]struct {
		versions []string
		script   string
	}{
		"a topic broadcasts": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/topic/t; receipt:1
			a < RECEIPT; receipt-id:1
			b > SUBSCRIBE; id:y; destination:/topic/t; receipt:1
			b < RECEIPT; receipt-id:1
			c > SEND; destination:/topic/t | hello
			a < MESSAGE; destination:/topic/t; subscription:x; content-length:5; -redelivered; -ack | hello
			b < MESSAGE; destination:/topic/t; subscription:y | hello`},
		"a topic keeps nothing": {allVersions, `
			a > SEND; destination:/topic/t; receipt:1 | early
			a < RECEIPT; receipt-id:1
			a > SUBSCRIBE; id:x; destination:/topic/t
			a > SEND; destination:/topic/t | late
			a < MESSAGE | late`},
		"a sender gets its own message": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/topic/t
			a > SEND; destination:/topic/t; receipt:1 | echo
			a < MESSAGE | echo
			a < RECEIPT; receipt-id:1`},
		"destinations are apart": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/topic/t
			a > SEND; destination:/topic/other
			a > SEND; destination:/queue/t
			a sync`},
		"a queue keeps messages in order": {allVersions, `
			a > SEND; destination:/queue/q | one
			a > SEND; destination:/queue/q; receipt:2 | two
			a < RECEIPT; receipt-id:2
			b > SUBSCRIBE; id:x; destination:/queue/q
			b < MESSAGE; subscription:x | one
			b < MESSAGE; subscription:x | two`},
		"a queue takes turns": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q; receipt:1
			a < RECEIPT; receipt-id:1
			b > SUBSCRIBE; id:y; destination:/queue/q; receipt:1
			b < RECEIPT; receipt-id:1
			c > SEND; destination:/queue/q | one
			c > SEND; destination:/queue/q | two
			c > SEND; destination:/queue/q | three
			c sync
			a < MESSAGE | one
			b < MESSAGE | two
			a < MESSAGE | three
			b sync`},
		"unsubscribed means silence": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/topic/t
			a > UNSUBSCRIBE; id:x
			a > SEND; destination:/topic/t
			a sync`},
		"unsubscribing one of two": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/topic/t
			a > SUBSCRIBE; id:y; destination:/topic/t
			a > SEND; destination:/topic/t | one
			a < MESSAGE; subscription:x | one
			a < MESSAGE; subscription:y | one
			a > UNSUBSCRIBE; id:x
			a > SEND; destination:/topic/t | two
			a < MESSAGE; subscription:y | two
			a sync`},
		"subscription without id": {only("1.0"), `
			a > SUBSCRIBE; destination:/topic/t
			a > SEND; destination:/topic/t | one
			a < MESSAGE; -subscription | one
			a > UNSUBSCRIBE; destination:/topic/t
			a > SEND; destination:/topic/t | two
			a sync`},
		"custom headers are passed on, those of the SEND are not": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/topic/t
			a > BEGIN; transaction:t
			a > SEND; destination:/topic/t; receipt:r; transaction:t; content-type:text/plain; from:Ada; from:Bob; redelivered:true; message-id:forged; ack:forged; subscription:forged | hi
			a < RECEIPT; receipt-id:r
			a > COMMIT; transaction:t
			a < MESSAGE; from:Ada; content-type:text/plain; subscription:x; message-id:m1; -receipt; -transaction; -redelivered; -ack | hi`},
		"receipts on every frame": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client; receipt:1
			a < RECEIPT; receipt-id:1
			a > BEGIN; transaction:t; receipt:2
			a < RECEIPT; receipt-id:2
			a > SEND; destination:/queue/q; transaction:t; receipt:3
			a < RECEIPT; receipt-id:3
			a > COMMIT; transaction:t; receipt:4
			a < MESSAGE; as:1
			a < RECEIPT; receipt-id:4
			a > ACK; of:1; receipt:5
			a < RECEIPT; receipt-id:5
			a > BEGIN; transaction:t
			a > ABORT; transaction:t; receipt:6
			a < RECEIPT; receipt-id:6
			a > UNSUBSCRIBE; id:x; receipt:7
			a < RECEIPT; receipt-id:7
			a > DISCONNECT; receipt:8
			a < RECEIPT; receipt-id:8
			a closed`},
		"a receipt's id is escaped": {since11, `
			a > SEND; destination:/topic/t; receipt:a\cb\\c\nd
			a < RECEIPT; receipt-id:a\cb\\c\nd`},
		"disconnect without receipt": {allVersions, `
			a > DISCONNECT
			a closed`},
		"nothing is heard after disconnect": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q
			a > DISCONNECT; receipt:1
			a < RECEIPT; receipt-id:1
			a closed
			b > SEND; destination:/queue/q | kept
			b > SUBSCRIBE; id:y; destination:/queue/q
			b < MESSAGE | kept`},
	}
	for name, tc := range tests {
		for _, version := range tc.versions {
			t.Run(name+"/"+version, func(t *testing.T) {
				play(t, start(t, Options{}).addr, version, tc.script)
			})
		}
	}
}

// TestRefused has what ends in an ERROR that names the receipt, and a close.
func TestRefused(t *testing.T) {
	tests := map[string]struct {
		versions []string
		frame    string
		message  string
	}{
		"unknown destination":        {allVersions, "SEND; destination:/exchange/x", "unknown destination"},
		"topic without a name":       {allVersions, "SUBSCRIBE; id:x; destination:/topic/", "unknown destination"},
		"control in destination":     {since11, `SEND; destination:/topic/a\nb`, "unknown destination"},
		"SEND without destination":   {allVersions, "SEND; a:b", "missing header"},
		"SUBSCRIBE without id":       {since11, "SUBSCRIBE; destination:/topic/t", "missing header"},
		"UNSUBSCRIBE without id":     {since11, "UNSUBSCRIBE; destination:/topic/t", "missing header"},
		"UNSUBSCRIBE of nothing":     {allVersions, "UNSUBSCRIBE; id:x", "unknown subscription"},
		"unknown ack mode":           {allVersions, "SUBSCRIBE; id:x; destination:/topic/t; ack:often", "unknown ack mode"},
		"client-individual in 1.0":   {only("1.0"), "SUBSCRIBE; id:x; destination:/topic/t; ack:client-individual", "unknown ack mode"},
		"selector":                   {allVersions, "SUBSCRIBE; id:x; destination:/topic/t; selector:a=1", "no selectors"},
		"ACK without its header":     {allVersions, "ACK; a:b", "missing header"},
		"ACK without subscription":   {only("1.1"), "ACK; message-id:m1", "missing header"},
		"ACK of nothing, 1.0":        {only("1.0"), "ACK; message-id:m1", "nothing to acknowledge"},
		"ACK of nothing, 1.1":        {only("1.1"), "ACK; message-id:m1; subscription:x", "nothing to acknowledge"},
		"ACK of nothing, 1.2":        {only("1.2"), "ACK; id:s1-1", "nothing to acknowledge"},
		"NACK of nothing":            {only("1.2"), "NACK; id:s1-1", "nothing to acknowledge"},
		"NACK in 1.0":                {only("1.0"), "NACK; message-id:m1", "malformed frame"},
		"BEGIN without name":         {allVersions, "BEGIN; a:b", "missing header"},
		"COMMIT of nothing":          {allVersions, "COMMIT; transaction:t", "unknown transaction"},
		"ABORT of nothing":           {allVersions, "ABORT; transaction:t", "unknown transaction"},
		"SEND in no transaction":     {allVersions, "SEND; destination:/topic/t; transaction:t", "unknown transaction"},
		"second CONNECT":             {allVersions, "CONNECT; accept-version:1.2", "already connected"},
		"unknown command":            {allVersions, "SHOUT; a:b", "malformed frame"},
		"lower case":                 {allVersions, "send; destination:/topic/t", "malformed frame"},
		"header without colon":       {allVersions, "SEND; destination:/topic/t; receipt:r; nonsense", "malformed frame"},
		"body of SUBSCRIBE":          {allVersions, "SUBSCRIBE; receipt:r; id:x; destination:/topic/t | body", "malformed frame"},
		"bad content-length":         {allVersions, "SEND; receipt:r; destination:/topic/t; content-length:-1", "malformed frame"},
		"content-length too small":   {allVersions, "SEND; receipt:r; destination:/topic/t; content-length:1 | body", "malformed frame"},
		"undefined escape":           {since11, `SEND; receipt:r; destination:/topic/t; a:\t`, "malformed frame"},
		"escaped carriage return":    {only("1.1"), `SEND; receipt:r; destination:/topic/t; a:\r`, "malformed frame"},
		"carriage return before 1.2": {[]string{"1.0", "1.1"}, "SEND; destination:/topic/t\r; receipt:r", "malformed frame"},
	}
	for name, tc := range tests {
		for _, version := range tc.versions {
			t.Run(name+"/"+version, func(t *testing.T) {
				r := start(t, Options{})
				wanted := "; receipt-id:r"
				if name == "unknown command" || name == "lower case" || name == "NACK in 1.0" {
					wanted = "; -receipt-id" // refused before it was read
				} else if tc.message != "malformed frame" {
					tc.frame += "; receipt:r"
				}
				play(t, r.addr, version, "a > "+tc.frame+"\na < ERROR; content-type:text/plain; message:"+tc.message+wanted+"\na closed")
				if e := r.wantEnd(t, EndProtocolError); e.Err == nil {
					t.Error("the end has no cause")
				}
			})
		}
	}
}

// TestRefusedTwice has what is refused only the second time.
func TestRefusedTwice(t *testing.T) {
	for name, script := range map[string]string{
		"subscription exists": "a > SUBSCRIBE; id:x; destination:/topic/t\na > SUBSCRIBE; id:x; destination:/topic/u; receipt:r",
		"transaction is open": "a > BEGIN; transaction:t\na > BEGIN; transaction:t; receipt:r",
		"unknown transaction": "a > BEGIN; transaction:t\na > COMMIT; transaction:t\na > COMMIT; transaction:t; receipt:r",
	} {
		for _, version := range allVersions {
			t.Run(name+"/"+version, func(t *testing.T) {
				play(t, start(t, Options{}).addr, version, script+"\na < ERROR; receipt-id:r; message:"+name+"\na closed")
			})
		}
	}
}

// A receipt is named as it was, also where the frame is malformed.
func TestRefusedReceiptIsEscaped(t *testing.T) {
	for version, want := range map[string]string{"1.0": `a:b`, "1.1": `a\cb`, "1.2": `a\cb`} {
		play(t, start(t, Options{}).addr, version,
			"a > SEND; destination:/topic/t; receipt:"+want+"; nonsense\na < ERROR; receipt-id:"+want+"\na closed")
	}
}
