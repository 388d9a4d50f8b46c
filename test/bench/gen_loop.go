package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// warmUp is how long a slice works before it is measured: what others left in
// the caches is gone by then.
const warmUp = 50 * time.Millisecond

// patience is how long a session may wait for bytes.
const patience = 30 * time.Second

// rttLoad is one session that sends a frame and waits for its echo, over and
// over.
type rttLoad struct {
	job job
	c   *client
	msg []byte
}

func openRTT(ctx context.Context, j job) (load, error) {
	all, err := openAll(ctx, j.To, 1, 0, 0)
	if err != nil {
		return nil, err
	}
	return &rttLoad{j, all[0], all[0].message(sendFrame(destEcho, j.Size, ""))}, nil
}

func (l *rttLoad) close() { closeAll([]*client{l.c}) }

func (l *rttLoad) slice(context.Context) (result, error) {
	var r result
	if err := l.c.conn.SetDeadline(time.Now().Add(l.job.Measure + patience)); err != nil {
		return r, err
	}
	for start := time.Now(); time.Since(start) < warmUp; {
		if err := l.c.trip(l.msg); err != nil {
			return r, err
		}
	}
	took := make([]time.Duration, 0, 1<<16)
	w, err := l.job.begin()
	if err != nil {
		return r, err
	}
	for at := time.Now(); at.Sub(w.at) < l.job.Measure; {
		if err := l.c.trip(l.msg); err != nil {
			return r, err
		}
		now := time.Now()
		took = append(took, now.Sub(at))
		at = now
	}
	if err := w.end(&r); err != nil {
		return r, err
	}
	r.P50, r.P99 = quantiles(took)
	r.Frames = 2 * int64(len(took))
	return r, nil
}

// trip sends a message and waits for one frame.
func (c *client) trip(msg []byte) error {
	if _, err := c.conn.Write(msg); err != nil {
		return err
	}
	return c.await(c.took + 1)
}

// quantiles sorts d.
func quantiles(d []time.Duration) (p50, p99 time.Duration) {
	if len(d) == 0 {
		return 0, 0
	}
	slices.Sort(d)
	return d[len(d)/2], d[len(d)*99/100]
}

// closedLoop has every session send a frame and wait for its echo.
type closedLoop struct {
	job  job
	all  []*client
	msgs [][]byte
}

func openLoop(ctx context.Context, j job) (load, error) {
	all, err := openAll(ctx, j.To, j.Sessions, 0, 0)
	if err != nil {
		return nil, err
	}
	l := &closedLoop{job: j, all: all}
	for _, c := range all {
		l.msgs = append(l.msgs, c.message(sendFrame(destEcho, j.Size, "")))
	}
	return l, nil
}

func (l *closedLoop) close() { closeAll(l.all) }

func (l *closedLoop) slice(context.Context) (result, error) {
	var (
		r     result
		trips atomic.Int64
		over  atomic.Bool
		wg    sync.WaitGroup
	)
	errs := make(chan error, len(l.all)) // one for each session
	for i, c := range l.all {
		if err := c.conn.SetDeadline(time.Now().Add(l.job.Measure + patience)); err != nil {
			return r, err
		}
		wg.Go(func() {
			for !over.Load() {
				if err := c.trip(l.msgs[i]); err != nil {
					errs <- err
					return
				}
				trips.Add(1)
			}
		})
	}
	time.Sleep(warmUp)
	w, err := l.job.begin()
	before := trips.Load()
	if err == nil {
		time.Sleep(l.job.Measure)
		err = w.end(&r)
	}
	r.Frames = 2 * (trips.Load() - before)
	r.Bytes = r.Frames * int64(l.job.Size)
	over.Store(true)
	wg.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return r, err
}
