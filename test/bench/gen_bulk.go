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

// stream sends chunks of frames one way, on several sessions at once.
type stream struct {
	job   job
	lanes []*lane
	frame int // frames relayed for a chunk
}

// lane is one session of a stream.
type lane struct {
	out, in *client // what asks and what is answered: one session, or two
	ask     func() error
	answers int64 // frames that answer a chunk
	ahead   int   // chunks under way
}

// openIn streams frames from clients to the broker, which swallows them and
// gives a receipt for the last one of each chunk.
func openIn(ctx context.Context, j job) (load, error) {
	frame := sendFrame(destSink, j.Size, "")
	perWrite := max(1, writeSize/len(frame))
	writes := max(1, j.Chunk/(perWrite*len(frame)))
	all, err := openAll(ctx, j.To, j.Sessions, 0, 0)
	if err != nil {
		return nil, err
	}
	s := &stream{job: j, frame: perWrite * writes}
	for _, c := range all {
		var some, last []byte
		for i := range perWrite {
			some = append(some, c.message(frame)...)
			if i < perWrite-1 {
				last = append(last, c.message(frame)...)
			}
		}
		last = append(last, c.message(sendFrame(destSink, j.Size, "r"))...)
		s.add(&lane{out: c, in: c, answers: 1, ahead: chunksAhead, ask: func() error {
			for range writes - 1 {
				if _, err := c.conn.Write(some); err != nil {
					return err
				}
			}
			_, err := c.conn.Write(last)
			return err
		}})
	}
	return s, nil
}

// openOut has the broker stream frames to clients, a chunk for each request.
func openOut(ctx context.Context, j job) (load, error) {
	count := max(1, j.Chunk/len(messageFrame(j.Size, 0)))
	all, err := openAll(ctx, j.To, j.Sessions, 0, 0)
	if err != nil {
		return nil, err
	}
	s := &stream{job: j, frame: count}
	for _, c := range all {
		req := c.message(blastFrame(count, j.Size))
		s.add(&lane{out: c, in: c, answers: int64(count), ahead: chunksAhead, ask: func() error {
			_, err := c.conn.Write(req)
			return err
		}})
	}
	return s, nil
}

// add takes a lane in. Its reads are large, so that the generator is not what
// limits a batch.
func (s *stream) add(l *lane) {
	l.in.buf = make([]byte, 256<<10)
	s.lanes = append(s.lanes, l)
}

func (s *stream) close() {
	for _, l := range s.lanes {
		closeAll([]*client{l.in, l.out})
	}
}

func (s *stream) slice(context.Context) (result, error) {
	var (
		r       result
		answers atomic.Int64
		over    atomic.Bool
		wg      sync.WaitGroup
	)
	errs := make(chan error, 2*len(s.lanes)) // two for each lane
	for _, l := range s.lanes {
		for _, c := range []*client{l.in, l.out} {
			if err := c.conn.SetDeadline(time.Now().Add(s.job.Measure + patience)); err != nil {
				return r, err
			}
		}
		free := make(chan struct{}, l.ahead) // a token for each chunk that may start
		for range l.ahead {
			free <- struct{}{}
		}
		wg.Go(func() {
			for range free {
				if err := l.ask(); err != nil {
					errs <- fmt.Errorf("write: %w", err)
					return
				}
			}
		})
		wg.Go(func() {
			defer close(free)
			if err := l.drain(free, &answers, &over); err != nil {
				errs <- fmt.Errorf("read: %w", err)
			}
		})
	}
	time.Sleep(warmUp)
	w, err := s.job.begin()
	before := answers.Load()
	if err == nil {
		time.Sleep(s.job.Measure)
		err = w.end(&r)
	}
	r.Frames = (answers.Load() - before) * int64(s.frame) / s.lanes[0].answers
	r.Bytes = r.Frames * int64(s.job.Size)
	over.Store(true)
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

// drain counts answers and frees a chunk for each that is answered, until it is
// over and all chunks are answered.
func (l *lane) drain(free chan<- struct{}, answers *atomic.Int64, over *atomic.Bool) error {
	start, done, begun := l.in.took, int64(0), int64(l.ahead)
	for done < begun {
		before := l.in.took
		if err := l.in.read(); err != nil {
			return err
		}
		answers.Add(l.in.took - before)
		for ; (l.in.took-start)/l.answers > done; done++ {
			if !over.Load() {
				begun++
				free <- struct{}{}
			}
		}
	}
	return nil
}
