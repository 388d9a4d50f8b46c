package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// writeSize is how many bytes of frames go into one write, at most, where a
// frame is not larger by itself.
const writeSize = 64 << 10

// chunksAhead is how many chunks a session keeps under way: enough that
// nobody waits for the answer to one.
const chunksAhead = 3

// measureIn streams frames from clients to the broker, which swallows them
// and gives a receipt for the last one of each chunk.
func measureIn(ctx context.Context, j job) (result, error) {
	frame := sendFrame(destSink, j.Size, "")
	perWrite := max(1, writeSize/len(frame))
	writes := max(1, j.Chunk/(perWrite*len(frame)))
	return measureBulk(ctx, j, bulk{
		perChunk: perWrite * writes,
		answers:  1,
		ask: func(c *client) func() error {
			var some, last []byte
			for i := range perWrite {
				some = append(some, c.message(frame)...)
				if i < perWrite-1 {
					last = append(last, c.message(frame)...)
				}
			}
			last = append(last, c.message(sendFrame(destSink, j.Size, "r"))...)
			return func() error {
				for range writes - 1 {
					if _, err := c.conn.Write(some); err != nil {
						return err
					}
				}
				_, err := c.conn.Write(last)
				return err
			}
		},
	})
}

// measureOut has the broker stream frames to clients, a chunk for each request.
func measureOut(ctx context.Context, j job) (result, error) {
	count := max(1, j.Chunk/len(messageFrame(j.Size, 0)))
	return measureBulk(ctx, j, bulk{
		perChunk: count,
		answers:  count,
		ask: func(c *client) func() error {
			req := c.message(blastFrame(count, j.Size))
			return func() error {
				_, err := c.conn.Write(req)
				return err
			}
		},
	})
}

// bulk is one direction of a stream of chunks.
type bulk struct {
	perChunk int                          // frames relayed for a chunk
	answers  int                          // frames the client receives for a chunk
	ask      func(c *client) func() error // prepares the bytes, gives what starts one chunk
}

func measureBulk(ctx context.Context, j job, b bulk) (result, error) {
	var r result
	all, err := openAll(ctx, j.To, j.Sessions, 0, 0)
	if err != nil {
		return r, err
	}
	defer closeAll(all)
	var (
		answers atomic.Int64
		over    atomic.Bool
		wg      sync.WaitGroup
	)
	errs := make(chan error, 2*len(all)) // two for each session
	for _, c := range all {
		// Large enough that the generator is not what limits a batch.
		c.buf = make([]byte, 256<<10)
		free := make(chan struct{}, chunksAhead) // a token for each chunk that may start
		for range chunksAhead {
			free <- struct{}{}
		}
		ask := b.ask(c)
		if err := c.conn.SetDeadline(time.Now().Add(j.Warm + j.Measure + 20*time.Second)); err != nil {
			return r, err
		}
		wg.Go(func() {
			for range free {
				if err := ask(); err != nil && !over.Load() {
					errs <- fmt.Errorf("write: %w", err)
					return
				}
			}
		})
		wg.Go(func() {
			defer close(free)
			if err := c.drain(b.answers, free, &answers, &over); err != nil && !over.Load() {
				errs <- fmt.Errorf("read: %w", err)
			}
		})
	}
	time.Sleep(j.Warm)
	w, err := j.begin()
	if err != nil {
		return r, err
	}
	before := answers.Load()
	time.Sleep(j.Measure)
	err = w.end(&r)
	r.Frames = (answers.Load() - before) * int64(b.perChunk) / int64(b.answers)
	r.Bytes = r.Frames * int64(j.Size)
	over.Store(true)
	closeAll(all)
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

// drain counts answers and frees a chunk for each perChunk of them.
func (c *client) drain(perChunk int, free chan<- struct{}, answers *atomic.Int64, over *atomic.Bool) error {
	start, chunks := c.took, int64(0)
	for !over.Load() {
		before := c.took
		if err := c.read(); err != nil {
			return err
		}
		answers.Add(c.took - before)
		for ; (c.took-start)/int64(perChunk) > chunks; chunks++ {
			free <- struct{}{}
		}
	}
	return nil
}
