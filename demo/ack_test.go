package demo

import "testing"

func TestAcknowledge(t *testing.T) {
	three := `
			p > SEND; destination:/queue/q | one
			p > SEND; destination:/queue/q | two
			p > SEND; destination:/queue/q; receipt:3 | three
			p < RECEIPT; receipt-id:3
			`
	tests := map[string]struct {
		versions []string
		script   string
	}{
		"auto needs no ACK": {allVersions, three + `
			a > SUBSCRIBE; id:x; destination:/queue/q
			a < MESSAGE; -ack | one
			a < MESSAGE; -ack | two
			a < MESSAGE; -ack | three
			a closes
			b > SUBSCRIBE; id:x; destination:/queue/q
			b sync`},
		"auto allows no ACK": {only("1.1"), three + `
			a > SUBSCRIBE; id:x; destination:/queue/q
			a < MESSAGE; as:1 | one
			a < MESSAGE | two
			a < MESSAGE | three
			a > ACK; of:1
			a < ERROR; message:nothing to acknowledge`},
		"client is cumulative": {allVersions, three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a < MESSAGE | one
			a < MESSAGE; as:2 | two
			a < MESSAGE | three
			a > ACK; of:2; receipt:1
			a < RECEIPT; receipt-id:1
			a closes
			b > SUBSCRIBE; id:y; destination:/queue/q
			b < MESSAGE; redelivered:true | three
			b sync`},
		"client-individual is not": {since11, three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client-individual
			a < MESSAGE | one
			a < MESSAGE; as:2 | two
			a < MESSAGE | three
			a > ACK; of:2; receipt:1
			a < RECEIPT; receipt-id:1
			a closes
			b > SUBSCRIBE; id:y; destination:/queue/q
			b < MESSAGE; redelivered:true | one
			b < MESSAGE; redelivered:true | three
			b sync`},
		"an ACK counts once": {allVersions, three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a < MESSAGE; as:1 | one
			a < MESSAGE | two
			a < MESSAGE | three
			a > ACK; of:1
			a > ACK; of:1; receipt:again
			a < ERROR; message:nothing to acknowledge; receipt-id:again
			a closed`},
		"an ACK of another's delivery": {only("1.2"), three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client-individual
			a < MESSAGE; as:1 | one
			b > ACK; of:1
			b < ERROR; message:nothing to acknowledge
			b closed`},
		"an ACK of another subscription": {only("1.1"), three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client-individual
			a < MESSAGE; message-id:m1 | one
			a < MESSAGE | two
			a < MESSAGE | three
			a > ACK; message-id:m1; subscription:y
			a < ERROR; message:nothing to acknowledge`},
		"NACK requeues in place": {since11, three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client-individual
			a < MESSAGE; as:1 | one
			a < MESSAGE; -redelivered | two
			a < MESSAGE | three
			a > NACK; of:1
			a < MESSAGE; redelivered:true; as:1 | one
			a > ACK; of:1
			a sync`},
		"NACK in client mode is cumulative": {since11, three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a < MESSAGE | one
			a < MESSAGE; as:2 | two
			a < MESSAGE | three
			a > NACK; of:2
			a < MESSAGE; redelivered:true | one
			a < MESSAGE; redelivered:true | two
			a sync`},
		"NACK goes to the next consumer": {since11, `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client; receipt:1
			a < RECEIPT; receipt-id:1
			b > SUBSCRIBE; id:y; destination:/queue/q; ack:client; receipt:1
			b < RECEIPT; receipt-id:1
			p > SEND; destination:/queue/q | one
			a < MESSAGE; as:1 | one
			a > NACK; of:1
			b < MESSAGE; redelivered:true | one`},
		"NACK with requeue:false drops": {since11, three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a < MESSAGE | one
			a < MESSAGE | two
			a < MESSAGE; as:3 | three
			a > NACK; requeue:false; of:3
			a sync`},
		"NACK on a topic comes back to the same subscription": {since11, `
			b > SUBSCRIBE; id:y; destination:/topic/t; receipt:1
			b < RECEIPT; receipt-id:1
			a > SUBSCRIBE; id:x; destination:/topic/t; ack:client
			a > SEND; destination:/topic/t | one
			a < MESSAGE; as:1; -redelivered | one
			a > NACK; of:1
			a < MESSAGE; redelivered:true | one
			b < MESSAGE; -redelivered | one
			b sync`},
		"UNSUBSCRIBE gives back": {allVersions, three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a < MESSAGE; as:1 | one
			a < MESSAGE | two
			a < MESSAGE | three
			a > ACK; of:1
			a > UNSUBSCRIBE; id:x
			a > SUBSCRIBE; id:y; destination:/queue/q
			a < MESSAGE; subscription:y; redelivered:true | two
			a < MESSAGE; subscription:y; redelivered:true | three
			a sync`},
		"an ACK after UNSUBSCRIBE": {allVersions, three + `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a < MESSAGE; as:1 | one
			a < MESSAGE | two
			a < MESSAGE | three
			a > UNSUBSCRIBE; id:x
			a > ACK; of:1
			a < ERROR; message:nothing to acknowledge
			a closed`},
		"a lost consumer's messages come first, and to whoever is there": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a > SEND; destination:/queue/q | one
			a < MESSAGE | one
			b > SUBSCRIBE; id:y; destination:/queue/q; receipt:1
			b < RECEIPT; receipt-id:1
			a closes
			b < MESSAGE; redelivered:true; message-id:m1 | one
			b sync`},
		"what comes back stands where it stood": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client; receipt:1
			a < RECEIPT; receipt-id:1
			b > SUBSCRIBE; id:y; destination:/queue/q; ack:client
			b > SEND; destination:/queue/q | one
			b > SEND; destination:/queue/q | two
			b > SEND; destination:/queue/q | three
			b < MESSAGE | two
			a < MESSAGE | one
			a < MESSAGE | three
			a closes
			b < MESSAGE; redelivered:true | one
			b < MESSAGE; redelivered:true | three
			b > UNSUBSCRIBE; id:y
			b > SEND; destination:/queue/q | four
			b > SUBSCRIBE; id:z; destination:/queue/q
			b < MESSAGE; redelivered:true | one
			b < MESSAGE; redelivered:true | two
			b < MESSAGE; redelivered:true | three
			b < MESSAGE; -redelivered | four`},
		"DISCONNECT gives back too": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a > SEND; destination:/queue/q | one
			a < MESSAGE | one
			a > DISCONNECT; receipt:1
			a < RECEIPT; receipt-id:1
			b > SUBSCRIBE; id:y; destination:/queue/q
			b < MESSAGE; redelivered:true | one`},
	}
	for name, tc := range tests {
		for _, version := range tc.versions {
			t.Run(name+"/"+version, func(t *testing.T) {
				play(t, start(t, Options{}).addr, version, tc.script)
			})
		}
	}
}

func TestTransactions(t *testing.T) {
	tests := map[string]struct {
		versions []string
		script   string
	}{
		"a message is sent at COMMIT": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q
			a > BEGIN; transaction:t
			a > SEND; destination:/queue/q; transaction:t | one
			a > SEND; destination:/queue/q; transaction:t | two
			a sync
			a > COMMIT; transaction:t
			a < MESSAGE; -transaction | one
			a < MESSAGE | two`},
		"ABORT sends nothing": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q
			a > BEGIN; transaction:t
			a > SEND; destination:/queue/q; transaction:t | one
			a > ABORT; transaction:t
			a sync`},
		"two at once, and a name again": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q
			a > BEGIN; transaction:t
			a > BEGIN; transaction:u
			a > SEND; destination:/queue/q; transaction:t | one
			a > SEND; destination:/queue/q; transaction:u | two
			a > COMMIT; transaction:u
			a < MESSAGE | two
			a > ABORT; transaction:t
			a > BEGIN; transaction:t
			a > COMMIT; transaction:t
			a sync`},
		"a name belongs to its connection": {allVersions, `
			a > BEGIN; transaction:t
			b > COMMIT; transaction:t
			b < ERROR; message:unknown transaction
			a sync`},
		"an open one dies with its connection": {allVersions, `
			a > BEGIN; transaction:t
			a > SEND; destination:/queue/q; transaction:t | one
			a > DISCONNECT; receipt:1
			a < RECEIPT; receipt-id:1
			a closed
			b > SUBSCRIBE; id:x; destination:/queue/q
			b sync`},
		"ACK counts at COMMIT": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a > SEND; destination:/queue/q | one
			a < MESSAGE; as:1 | one
			a > BEGIN; transaction:t
			a > ACK; transaction:t; of:1
			a > COMMIT; transaction:t; receipt:1
			a < RECEIPT; receipt-id:1
			a closes
			b > SUBSCRIBE; id:y; destination:/queue/q
			b sync`},
		"ACK does not count after ABORT": {allVersions, `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a > SEND; destination:/queue/q | one
			a < MESSAGE; as:1 | one
			a > BEGIN; transaction:t
			a > ACK; transaction:t; of:1
			a > ABORT; transaction:t
			a sync
			a closes
			b > SUBSCRIBE; id:y; destination:/queue/q
			b < MESSAGE; redelivered:true | one`},
		"NACK counts at COMMIT": {since11, `
			a > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			a > SEND; destination:/queue/q | one
			a < MESSAGE; as:1 | one
			a > BEGIN; transaction:t
			a > NACK; transaction:t; of:1
			a sync
			a > COMMIT; transaction:t
			a < MESSAGE; redelivered:true | one`},
		"COMMIT does all or nothing": {allVersions, `
			b > SUBSCRIBE; id:y; destination:/queue/q; receipt:1
			b < RECEIPT; receipt-id:1
			a > SUBSCRIBE; id:x; destination:/queue/other; ack:client
			a > SEND; destination:/queue/other | one
			a < MESSAGE; as:1 | one
			a > BEGIN; transaction:t
			a > SEND; destination:/queue/q; transaction:t | two
			a > ACK; transaction:t; of:1
			a > ACK; of:1
			a > COMMIT; transaction:t; receipt:c
			a < ERROR; message:nothing to acknowledge; receipt-id:c
			a closed
			b sync`},
	}
	for name, tc := range tests {
		for _, version := range tc.versions {
			t.Run(name+"/"+version, func(t *testing.T) {
				play(t, start(t, Options{}).addr, version, tc.script)
			})
		}
	}
}
