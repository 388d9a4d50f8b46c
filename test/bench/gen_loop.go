package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// measureRTT sends a frame and waits for its echo, one session, over and over.
func measureRTT(ctx context.Context, j job) (result, error) {
	var r result
	all, err := openAll(ctx, j.To, 1, 0, 0)
	if err != nil {
		return r, err
	}
	defer closeAll(all)
	c := all[0]
	msg := c.message(sendFrame(destEcho, j.Size, ""))
	took := make([]time.Duration, 0, 1<<19)
	warm := time.Now().Add(j.Warm)
	if err := c.conn.SetDeadline(warm.Add(j.Measure + 20*time.Second)); err != nil {
		return r, err
	}
	var w window
	for measuring := false; ; {
		at := time.Now()
		if !measuring && at.After(warm) {
			if w, err = j.begin(); err != nil {
				return r, err
			}
			measuring = true
			at = time.Now()
		}
		if measuring && at.Sub(w.at) > j.Measure {
			break
		}
		if _, err := c.conn.Write(msg); err != nil {
			return r, err
		}
		if err := c.await(c.took + 1); err != nil {
			return r, err
		}
		if measuring {
			took = append(took, time.Since(at))
		}
	}
	if err := w.end(&r); err != nil {
		return r, err
	}
	r.P50, r.P99 = quantiles(took)
	r.Frames = 2 * int64(len(took))
	return r, nil
}

// quantiles sorts d.
func quantiles(d []time.Duration) (p50, p99 time.Duration) {
	if len(d) == 0 {
		return 0, 0
	}
	slices.Sort(d)
	return d[len(d)/2], d[len(d)*99/100]
}

// measureLoop has every session send a frame and wait for its echo.
func measureLoop(ctx context.Context, j job) (result, error) {
	var r result
	all, err := openAll(ctx, j.To, j.Sessions, 0, 0)
	if err != nil {
		return r, err
	}
	defer closeAll(all)
	var (
		trips atomic.Int64
		over  atomic.Bool
		wg    sync.WaitGroup
	)
	errs := make(chan error, len(all)) // one for each session
	for _, c := range all {
		wg.Go(func() { errs <- c.loop(j.Size, &trips, &over) })
	}
	time.Sleep(j.Warm)
	w, err := j.begin()
	if err != nil {
		return r, err
	}
	before := trips.Load()
	time.Sleep(j.Measure)
	err = w.end(&r)
	r.Frames = 2 * (trips.Load() - before)
	r.Bytes = r.Frames * int64(j.Size)
	over.Store(true)
	wg.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return r, err
}

func (c *client) loop(size int, trips *atomic.Int64, over *atomic.Bool) error {
	msg := c.message(sendFrame(destEcho, size, ""))
	for !over.Load() {
		if err := c.conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			return err
		}
		for range 100 {
			if over.Load() {
				return nil
			}
			if _, err := c.conn.Write(msg); err != nil {
				return err
			}
			if err := c.await(c.took + 1); err != nil {
				return err
			}
			trips.Add(1)
		}
	}
	return nil
}
