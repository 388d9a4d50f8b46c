package demo

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// write carries the outbox to the socket, and heart-beats where it is empty. It
// tells whether all was written when the session ended.
func (s *session) write() bool {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	last := time.Now()
	for {
		batch, size, beat, open := s.out.take()
		if size == 0 {
			if !open {
				return true
			}
			var due <-chan time.Time
			if beat > 0 {
				timer.Reset(time.Until(last.Add(beat)))
				due = timer.C
			}
			select {
			case <-s.out.wake:
				continue
			case <-due:
				batch = net.Buffers{{'\n'}}
			}
		}
		if err := s.writeBatch(batch); err != nil {
			reason := EndClientClosed
			if errors.Is(err, os.ErrDeadlineExceeded) {
				reason = EndSlowConsumer
			}
			s.end(reason, err, nil)
			return false
		}
		last = time.Now()
		if s.out.wrote(size) {
			s.broker.store.resume(s)
		}
	}
}

// writeBatch writes all of a batch, as long as the client takes some of it
// within each write timeout.
func (s *session) writeBatch(batch net.Buffers) error {
	for {
		if err := s.conn.SetWriteDeadline(time.Now().Add(s.broker.options.WriteTimeout)); err != nil {
			return fmt.Errorf("write to client: %w", err)
		}
		ending := false
		select {
		case <-s.ending: // after which there is less time
			ending = true
			_ = s.conn.SetWriteDeadline(time.Now().Add(lastWords))
		default:
		}
		n, err := batch.WriteTo(s.conn) // which takes off what it wrote
		switch {
		case err == nil:
			return nil
		case n > 0 && !ending && errors.Is(err, os.ErrDeadlineExceeded):
			continue
		}
		return fmt.Errorf("write to client: %w", err)
	}
}
