package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// subscribed opens a session that gets what is sent to a new topic of a real
// broker.
func subscribed(ctx context.Context, to target) (*client, string, error) {
	all, err := openAll(ctx, to, 1, 0, 0)
	if err != nil {
		return nil, "", err
	}
	c, topic := all[0], fmt.Sprintf("/topic/bench-%d", rand.Uint64())
	_ = c.conn.SetDeadline(time.Now().Add(patience))
	sub := fmt.Sprintf("SUBSCRIBE\nid:0\ndestination:%s\nack:auto\nreceipt:sub\n\n\x00", topic)
	if err := c.trip(c.message([]byte(sub))); err != nil {
		closeAll(all)
		return nil, "", fmt.Errorf("subscribe: %w", err)
	}
	return c, topic, nil
}

// openTopicRTT times SEND to MESSAGE through a real broker, one session.
func openTopicRTT(ctx context.Context, j job) (load, error) {
	c, topic, err := subscribed(ctx, j.To)
	if err != nil {
		return nil, err
	}
	return &rttLoad{j, c, c.message(sendFrame(topic, j.Size, ""))}, nil
}

// openTopicRate has one session send and another receive, with a bounded
// number of messages under way, as fast as the broker goes.
func openTopicRate(ctx context.Context, j job) (load, error) {
	const ahead, perWrite = 2048, 16
	in, topic, err := subscribed(ctx, j.To)
	if err != nil {
		return nil, err
	}
	senders, err := openAll(ctx, j.To, 1, 0, 0)
	if err != nil {
		closeAll([]*client{in})
		return nil, err
	}
	out := senders[0]
	var some []byte
	for range perWrite {
		some = append(some, out.message(sendFrame(topic, j.Size, ""))...)
	}
	s := &stream{job: j, frame: perWrite}
	s.add(&lane{out: out, in: in, answers: perWrite, ahead: ahead / perWrite, ask: func() error {
		_, err := out.conn.Write(some)
		return err
	}})
	return s, nil
}
