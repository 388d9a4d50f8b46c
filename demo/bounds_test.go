package demo

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/frameinspect"
)

func TestOptions(t *testing.T) {
	tests := map[string]struct {
		options Options
		want    string
	}{
		"negative": {Options{Connections: -1, WriteTimeout: -time.Second},
			"new demo broker: option Connections: -1 is negative\noption WriteTimeout: -1s is negative"},
		"version": {Options{Version: "a b"}, `new demo broker: option Version: "a b" holds white space, a colon or a backslash`},
		"queue for no frame": {Options{QueueBytes: 10, Frame: frameinspect.Limits{Head: 5, Body: 6}},
			"new demo broker: option QueueBytes: 10 cannot hold one frame of 11 bytes (Frame.Head and Frame.Body)"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := NewBroker(tc.options); err == nil || err.Error() != tc.want {
				t.Errorf("got %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestBounds crosses each bound of what a client may do, at the last step.
func TestBounds(t *testing.T) {
	small := frameinspect.Limits{Head: 200, Headers: 4, Body: 50}
	tests := map[string]struct {
		options Options
		script  string
		message string
	}{
		"queue messages": {Options{QueueMessages: 2}, `
			a > SEND; destination:/queue/q
			a > SEND; destination:/queue/q
			a sync
			a > SEND; destination:/queue/q; receipt:r`, "queue is full; receipt-id:r"},
		"queue messages that are not acknowledged": {Options{QueueMessages: 2}, `
			b > SUBSCRIBE; id:x; destination:/queue/q; ack:client
			b > SEND; destination:/queue/q
			b < MESSAGE
			a > SEND; destination:/queue/q
			b < MESSAGE
			a > SEND; destination:/queue/q`, "queue is full"},
		"queue bytes": {Options{QueueBytes: 250, Frame: small}, `
			a > SEND; destination:/queue/q | ` + strings.Repeat("x", 50) + `
			a > SEND; destination:/queue/q | ` + strings.Repeat("x", 50) + `
			a > SEND; destination:/queue/q | ` + strings.Repeat("x", 50) + `
			a > SEND; destination:/queue/q | ` + strings.Repeat("x", 50) + `
			a sync
			a > SEND; destination:/queue/q | ` + strings.Repeat("x", 50), "queue is full"},
		"queues": {Options{Queues: 2}, `
			a > SEND; destination:/queue/1
			a > SUBSCRIBE; id:x; destination:/queue/2
			a sync
			a > SEND; destination:/queue/3`, "too many queues"},
		"queues, subscribing": {Options{Queues: 1}, `
			a > SEND; destination:/queue/1
			a > SUBSCRIBE; id:x; destination:/queue/2`, "too many queues"},
		"queues, in a transaction": {Options{Queues: 1}, `
			a > BEGIN; transaction:t
			a > SEND; transaction:t; destination:/queue/1
			a > SEND; transaction:t; destination:/queue/1
			a > SEND; transaction:t; destination:/queue/2
			a sync
			a > COMMIT; transaction:t`, "too many queues"},
		"queue messages, in a transaction": {Options{QueueMessages: 3}, `
			a > SEND; destination:/queue/1
			a > SEND; destination:/queue/1
			a > BEGIN; transaction:t
			a > SEND; transaction:t; destination:/queue/1
			a > SEND; transaction:t; destination:/queue/1
			a sync
			a > COMMIT; transaction:t`, "queue is full"},
		"frames of a transaction": {Options{QueueMessages: 1}, `
			a > BEGIN; transaction:t
			a > SEND; transaction:t; destination:/topic/1
			a sync
			a > SEND; transaction:t; destination:/topic/1`, "transaction too big"},
		"bytes of a transaction": {Options{QueueBytes: 250, Frame: small}, `
			a > BEGIN; transaction:t
			a > SEND; transaction:t; destination:/topic/` + strings.Repeat("x", 100) + `
			a > SEND; transaction:t; destination:/topic/` + strings.Repeat("x", 100) + `
			a sync
			a > SEND; transaction:t; destination:/topic/` + strings.Repeat("x", 100), "transaction too big"},
		"transactions": {Options{Transactions: 1}, `
			a > BEGIN; transaction:1
			a sync
			a > BEGIN; transaction:2`, "too many transactions"},
		"subscriptions": {Options{Subscriptions: 1}, `
			a > SUBSCRIBE; id:1; destination:/topic/t
			a sync
			a > SUBSCRIBE; id:2; destination:/topic/t`, "too many subscriptions"},
		"head": {Options{Frame: small}, `
			a > SEND; destination:/topic/t; k:` + strings.Repeat("x", 160) + `
			a sync
			a > SEND; destination:/topic/t; k:` + strings.Repeat("x", 200), "malformed frame"},
		"headers": {Options{Frame: small}, `
			a > SEND; destination:/topic/t; b:; c:; d:
			a sync
			a > SEND; destination:/topic/t; b:; c:; d:; e:`, "malformed frame"},
		"body": {Options{Frame: small}, `
			a > SEND; destination:/topic/t | ` + strings.Repeat("x", 50) + `
			a sync
			a > SEND; destination:/topic/t; receipt:r | ` + strings.Repeat("x", 51), "malformed frame; receipt-id:r"},
		"body, counted": {Options{Frame: small}, `
			a > SEND; destination:/topic/t; receipt:r; content-length:51 | `, "malformed frame; receipt-id:r"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := start(t, tc.options)
			play(t, r.addr, "1.2", tc.script+"\na < ERROR; message:"+tc.message+"\na closed")
		})
	}
}

// What is empty and unused is forgotten, so that it does not count.
func TestQueuesAreForgotten(t *testing.T) {
	r := start(t, Options{Queues: 1})
	script := ""
	for i := range 3 {
		script += fmt.Sprintf(`
			a > SEND; destination:/queue/%[1]d
			a > SUBSCRIBE; id:x; destination:/queue/%[1]d; ack:client
			a < MESSAGE; as:1
			a > ACK; of:1
			a > SUBSCRIBE; id:y; destination:/topic/%[1]d
			a > UNSUBSCRIBE; id:y
			a > UNSUBSCRIBE; id:x`, i)
	}
	play(t, r.addr, "1.2", script+"\na sync\na > DISCONNECT\na closed")
	r.wantEnd(t, EndDisconnected)
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	if q, tp := len(r.store.queues), len(r.store.topics); q != 0 || tp != 0 {
		t.Errorf("the store holds %d queues and %d topics, want none", q, tp)
	}
}

func TestConnections(t *testing.T) {
	r := start(t, Options{Connections: 2})
	connect(t, r.addr, "1.2")
	second := connect(t, r.addr, "1.2")
	third := dial(t, r.addr)
	third.tell("CONNECT\naccept-version:1.2\n\n\x00")
	third.want("ERROR; message:too many connections")
	third.wantClosed()
	third.conn.Close()
	r.wantEnd(t, EndTurnedAway)
	second.tell("DISCONNECT\n\n\x00")
	second.wantClosed()
	second.conn.Close()
	r.wantEnd(t, EndDisconnected)
	for r.open.Load() != 1 { // it is counted down just after it is reported
		time.Sleep(time.Millisecond)
	}
	connect(t, r.addr, "1.2")
}

// A client that does not read is put off, and then ended; what it did not get
// of a queue goes to another.
func TestSlowConsumerOfQueue(t *testing.T) {
	r := start(t, Options{WriteTimeout: 500 * time.Millisecond, Outbound: 64 << 10, QueueBytes: 64 << 20})
	slow, sender := connect(t, r.addr, "1.2"), connect(t, r.addr, "1.2")
	slow.takeLittle()
	slow.tell("SUBSCRIBE\nid:x\ndestination:/queue/q\nack:client\n\n\x00")
	const messages = 200
	for range messages {
		sender.tell("SEND\ndestination:/queue/q\n\n" + strings.Repeat("x", 64<<10) + "\x00")
	}
	sender.tell("DISCONNECT\nreceipt:r\n\n\x00")
	sender.want("RECEIPT; receipt-id:r")
	sender.wantClosed()
	r.store.mu.Lock()
	waiting := len(r.store.queues["/queue/q"].waiting)
	r.store.mu.Unlock()
	if waiting == 0 {
		t.Error("all messages were pushed to a client that does not read")
	}
	r.wantEnds(t, EndDisconnected, EndSlowConsumer)
	second := connect(t, r.addr, "1.2")
	second.tell("SUBSCRIBE\nid:x\ndestination:/queue/q\n\n\x00")
	for range messages {
		second.want("MESSAGE")
	}
}

// takeLittle keeps the system from reading ahead for a client that does not read.
func (c *client) takeLittle() {
	c.t.Helper()
	if err := c.conn.(*net.TCPConn).SetReadBuffer(16 << 10); err != nil {
		c.t.Fatal(err)
	}
}

// A client that reads slowly, but reads, gets everything.
func TestUnhurriedConsumer(t *testing.T) {
	r := start(t, Options{Outbound: 1 << 10, QueueBytes: 64 << 20})
	c, sender := connect(t, r.addr, "1.2"), connect(t, r.addr, "1.2")
	c.tell("SUBSCRIBE\nid:x\ndestination:/topic/t\nreceipt:r\n\n\x00")
	c.want("RECEIPT; receipt-id:r")
	const messages = 500
	for i := range messages {
		sender.tell(fmt.Sprintf("SEND\ndestination:/topic/t\nn:%d\n\n%s\x00", i, strings.Repeat("x", 20<<10)))
	}
	for i := range messages {
		c.want(fmt.Sprintf("MESSAGE; n:%d", i))
	}
}

// A topic does not wait: who lets its backlog grow is ended, with a reason.
func TestSlowConsumerOfTopic(t *testing.T) {
	r := start(t, Options{QueueMessages: 3})
	play(t, r.addr, "1.2", `
		slow > SUBSCRIBE; id:x; destination:/topic/t; ack:client; receipt:r
		slow < RECEIPT
		quick > SUBSCRIBE; id:x; destination:/topic/t
		quick > SEND; destination:/topic/t | 1
		quick > SEND; destination:/topic/t | 2
		quick > SEND; destination:/topic/t | 3
		quick < MESSAGE | 1
		quick < MESSAGE | 2
		quick < MESSAGE | 3
		slow < MESSAGE | 1
		slow < MESSAGE | 2
		slow < MESSAGE | 3
		quick > SEND; destination:/topic/t | 4
		quick < MESSAGE | 4
		slow < ERROR; message:slow consumer
		slow closed
		quick sync`)
	r.wantEnds(t, EndSlowConsumer, EndClientClosed)
}

// A client that sends and does not read is no longer read from, and ended.
func TestReceiptsAreBounded(t *testing.T) {
	r := start(t, Options{WriteTimeout: time.Second, Outbound: 1 << 10})
	c := connect(t, r.addr, "1.2")
	c.takeLittle()
	frame := []byte("SEND\ndestination:/topic/t\nreceipt:" + strings.Repeat("r", 60<<10) + "\n\n\x00")
	sent := 0
	for {
		_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
		n, err := c.conn.Write(frame)
		if sent += n; err != nil {
			break // it was ended while it wrote
		}
		if sent > 64<<20 { // more than sockets hold
			t.Fatal("the broker goes on reading, and keeps the receipts")
		}
	}
	r.wantEnd(t, EndSlowConsumer)
}
