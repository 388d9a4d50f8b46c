package demo

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
)

// Nothing is lost when consumers come and go in the middle of their work.
func TestCrowd(t *testing.T) {
	const (
		messages  = 600
		producers = 3
		consumers = 8
	)
	r := start(t, Options{Outbound: 2 << 10})
	var mu sync.Mutex
	done := map[string]bool{}
	finished := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(done) == messages
	}

	var crowd sync.WaitGroup
	for p := range producers {
		crowd.Go(func() {
			c := connect(t, r.addr, "1.2")
			for n := p; n < messages; n += producers {
				c.tell(fmt.Sprintf("SEND\ndestination:/queue/work\nreceipt:%d\n\n%d\x00", n, n))
				if g, err := c.next(); err != nil || g.command != "RECEIPT" {
					t.Errorf("producer: got %s, %v", g, err)
					return
				}
			}
			c.conn.Close()
		})
	}
	// Each consumer acknowledges a few, takes a few more, and hangs up.
	consume := func(few int) error {
		c := dial(t, r.addr)
		defer c.conn.Close()
		c.tell("CONNECT\naccept-version:1.2\n\n\x00SUBSCRIBE\nid:x\ndestination:/queue/work\nack:client-individual\n\n\x00")
		for range few {
			if finished() {
				return nil
			}
			// The receipt of a message that nobody gets comes for sure.
			c.tell("SEND\ndestination:/topic/nobody\nreceipt:go on\n\n\x00")
			for {
				g, err := c.next()
				if err != nil {
					return err
				}
				if g.command == "RECEIPT" && g.headers["receipt-id"] == "go on" {
					break
				}
				if g.command != "MESSAGE" {
					continue
				}
				if n, _ := strconv.Atoi(g.body); (n+1)%few == 0 {
					continue // not now
				}
				c.tell("ACK\nid:" + g.headers["ack"] + "\nreceipt:ack " + g.body + "\n\n\x00")
				mu.Lock()
				done[g.body] = true
				mu.Unlock()
			}
		}
		return nil
	}
	for i := range consumers {
		crowd.Go(func() {
			for few := 2 + i; !finished(); few = 2 + (few+1)%9 {
				if err := consume(few); err != nil {
					t.Errorf("consumer: %v", err)
					return
				}
			}
		})
	}
	crowd.Wait()
	if len(done) != messages {
		t.Errorf("%d messages of %d were acknowledged", len(done), messages)
	}
}
