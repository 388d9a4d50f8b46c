package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
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
	_ = c.conn.SetDeadline(time.Now().Add(20 * time.Second))
	sub := fmt.Sprintf("SUBSCRIBE\nid:0\ndestination:%s\nack:auto\nreceipt:sub\n\n\x00", topic)
	if _, err = c.conn.Write(c.message([]byte(sub))); err == nil {
		err = c.await(c.took + 1)
	}
	if err != nil {
		closeAll(all)
		return nil, "", fmt.Errorf("subscribe: %w", err)
	}
	return c, topic, nil
}

// measureTopicRTT times SEND to MESSAGE through a real broker, one session.
func measureTopicRTT(ctx context.Context, j job) (result, error) {
	var r result
	c, topic, err := subscribed(ctx, j.To)
	if err != nil {
		return r, err
	}
	defer closeAll([]*client{c})
	if err := c.conn.SetDeadline(time.Now().Add(j.Warm + j.Measure + 20*time.Second)); err != nil {
		return r, err
	}
	msg := c.message(sendFrame(topic, j.Size, ""))
	var took []time.Duration
	start := time.Now()
	for time.Since(start) < j.Warm+j.Measure {
		at := time.Now()
		if _, err := c.conn.Write(msg); err != nil {
			return r, err
		}
		if err := c.await(c.took + 1); err != nil {
			return r, err
		}
		if at.Sub(start) > j.Warm {
			took = append(took, time.Since(at))
		}
	}
	r.P50, r.P99 = quantiles(took)
	r.Frames = int64(len(took))
	return r, nil
}

// measureTopicRate has one session send and another receive, with a bounded
// number of messages under way, as fast as the broker goes.
func measureTopicRate(ctx context.Context, j job) (result, error) {
	const ahead, perWrite = 2048, 16
	var r result
	in, topic, err := subscribed(ctx, j.To)
	if err != nil {
		return r, err
	}
	defer closeAll([]*client{in})
	senders, err := openAll(ctx, j.To, 1, 0, 0)
	if err != nil {
		return r, err
	}
	defer closeAll(senders)
	out := senders[0]
	for _, c := range []*client{in, out} {
		c.buf = make([]byte, 256<<10)
		if err := c.conn.SetDeadline(time.Now().Add(j.Warm + j.Measure + 20*time.Second)); err != nil {
			return r, err
		}
	}
	var (
		got  atomic.Int64
		over atomic.Bool
		wg   sync.WaitGroup
	)
	free := make(chan struct{}, ahead/perWrite) // a token for each write under way
	for range cap(free) {
		free <- struct{}{}
	}
	var some []byte
	for range perWrite {
		some = append(some, out.message(sendFrame(topic, j.Size, ""))...)
	}
	errs := make(chan error, 2) // one for each way
	wg.Go(func() {
		for range free {
			if _, err := out.conn.Write(some); err != nil && !over.Load() {
				errs <- fmt.Errorf("send: %w", err)
				return
			}
		}
	})
	wg.Go(func() {
		defer close(free)
		if err := in.drain(perWrite, free, &got, &over); err != nil && !over.Load() {
			errs <- fmt.Errorf("receive: %w", err)
		}
	})
	time.Sleep(j.Warm)
	w, err := j.begin()
	if err != nil {
		return r, err
	}
	before := got.Load()
	time.Sleep(j.Measure)
	err = w.end(&r)
	r.Frames = got.Load() - before
	over.Store(true)
	closeAll([]*client{in, out})
	wg.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	if err == nil && r.Frames == 0 {
		err = errors.New("nothing arrived in the window")
	}
	return r, err
}
