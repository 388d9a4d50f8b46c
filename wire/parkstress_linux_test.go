package wire

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// restless is a reader that parks whenever it can, takes beats in its sleep, and
// notes what else comes.
type restless struct {
	*Conn
	pool *Pool
	got  strings.Builder
	done chan error
}

// Take implements Taker.
func (r *restless) Take(b *Buffer) (*Buffer, error) {
	r.got.Write(b.B)
	b.B = b.B[:0]
	return b, nil
}

// Doze implements Sleeper.
func (r *restless) Doze(p []byte) bool { return string(p) == "\n" }

// Resume implements Sleeper.
func (r *restless) Resume() {
	err := r.Serve(r.pool, nil, r)
	for errors.Is(err, os.ErrDeadlineExceeded) { // of somebody who wanted to be sure
		r.SetReadDeadline(time.Time{})
		err = r.Serve(r.pool, nil, r)
	}
	if err != ErrParked {
		r.done <- err
	}
}

// Whatever else goes on with many connections that park and come back, what is sent
// arrives, in order, and so does the end.
func TestParkingLosesNothing(t *testing.T) {
	poller, pool := &Poller{ParkAfter: time.Nanosecond}, NewPool(1<<10, 1<<10)
	var all sync.WaitGroup
	for i := range 60 {
		near, far := tcpPair(t)
		r := &restless{Conn: New(near, patience), pool: pool, done: make(chan error, 1)}
		r.ParkIn(poller, r)
		go r.Resume()
		all.Go(func() { wantAllOf(t, r, far, i) })
	}
	all.Wait()
}

func wantAllOf(t *testing.T, r *restless, far *net.TCPConn, i int) {
	defer r.Close()
	var want strings.Builder
	for n := range 100 {
		text := "\n"
		if rand.IntN(3) > 0 {
			text = fmt.Sprintf("%d,", n)
			want.WriteString(text)
		}
		if _, err := io.WriteString(far, text); err != nil {
			t.Error(err)
			return
		}
		switch rand.IntN(20) {
		case 0:
			time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		case 1:
			r.SetReadDeadline(time.Unix(1, 0))
		}
	}
	wantErr := error(io.EOF)
	if i%3 == 0 {
		wantErr = net.ErrClosed
		time.Sleep(10 * time.Millisecond) // else closing would overtake what is on its way
		r.Close()
	} else {
		far.Close()
	}
	select {
	case err := <-r.done:
		if got := strings.ReplaceAll(r.got.String(), "\n", ""); !errors.Is(err, wantErr) || wantErr == io.EOF && got != want.String() {
			t.Errorf("connection %d: got %q, %v, want %q, %v", i, got, err, want.String(), wantErr)
		}
	case <-time.After(patience):
		t.Errorf("connection %d: waited in vain for its end", i)
	}
}
