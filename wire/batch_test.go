package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// What Fits says can be gathered with no more memory, and pieces stay fewer than
// the kernel takes.
func TestBatchFits(t *testing.T) {
	const room = 8 << 10
	b := &NewPool(0, room).Get().Out
	for range 1000 {
		n := rand.IntN(2 * copyBelow)
		if !b.Fits(n) {
			b.reset()
		}
		if !b.Fits(n) {
			t.Fatalf("an empty batch does not take %d bytes", n)
		}
		b.Add(make([]byte, n))
		b.endCopies()
		if len(b.pieces) > maxPieces || cap(b.copies) != room {
			t.Fatalf("%d pieces, copies in %d bytes", len(b.pieces), cap(b.copies))
		}
	}
}

// Pieces that are copied may change afterwards; their order stays.
func TestBatchKeepsOrder(t *testing.T) {
	near, far := tcpPair(t)
	c, buf := New(near, patience), NewPool(0, 4<<10).Get()
	var want strings.Builder
	scratch := make([]byte, 20)
	for i := range 40 {
		switch i % 3 {
		case 0:
			text := fmt.Sprintf("copied %d,", i)
			buf.Out.Add(append(scratch[:0], text...))
			want.WriteString(text)
		case 1:
			text := fmt.Sprintf("grown %d,", i)
			buf.Out.Extend(append(buf.Out.Tail(), text...))
			want.WriteString(text)
		default:
			text := strings.Repeat(string(rune('a'+i%26)), copyBelow+i)
			buf.Out.Add([]byte(text))
			want.WriteString(text)
		}
		copy(scratch, "overwritten, overwritten")
	}
	if buf.Out.Len() != want.Len() {
		t.Errorf("Len: got %d, want %d", buf.Out.Len(), want.Len())
	}
	if err := buf.Out.Flush(c, Now()); err != nil {
		t.Fatal(err)
	}
	wantText(t, far, want.String())
}

// Grow beyond what Fits allowed loses nothing.
func TestBatchGrowsBeyond(t *testing.T) {
	near, far := tcpPair(t)
	c, buf := New(near, patience), NewPool(0, 16).Get()
	big := strings.Repeat("g", 100)
	for _, p := range []string{"small,", big, ",after", big} {
		buf.Out.Extend(append(buf.Out.Tail(), p...))
	}
	buf.Out.Add([]byte(",end"))
	if err := buf.Out.Flush(c, Now()); err != nil {
		t.Fatal(err)
	}
	wantText(t, far, "small,"+big+",after"+big+",end")
}

// A flush that a full socket cut short goes on where it stopped.
func TestFlushResumes(t *testing.T) {
	for _, name := range []string{"one piece", "many pieces", "with copies"} {
		t.Run(name, func(t *testing.T) {
			near, far := tcpPair(t)
			narrow(t, near, far)
			c, buf := New(near, 50*time.Millisecond), NewPool(0, 64<<10).Get()
			var want bytes.Buffer
			add := func(n int) {
				p := make([]byte, n)
				for i := range p {
					p[i] = byte(rand.Uint32())
				}
				want.Write(p)
				buf.Out.Add(p)
			}
			switch name {
			case "one piece":
				add(4 << 20)
			case "many pieces":
				for range 40 {
					add(100 << 10)
				}
			default:
				for range 20 {
					add(1000)
					add(200 << 10)
				}
			}
			failed := 0
			if err := buf.Out.Flush(c, Now()); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("got %v with nobody reading, want a passed deadline", err)
			}
			got := make(chan []byte, 1)
			go func() {
				p, _ := io.ReadAll(far)
				got <- p
			}()
			for err := error(os.ErrDeadlineExceeded); err != nil; failed++ {
				if !errors.Is(err, os.ErrDeadlineExceeded) || failed > 1000 {
					t.Fatalf("flush %d: %v", failed, err)
				}
				err = buf.Out.Flush(c, Now())
			}
			near.Close()
			if p := <-got; !bytes.Equal(p, want.Bytes()) {
				t.Errorf("got %d bytes, want %d; equal at all: %t", len(p), want.Len(), bytes.Equal(p, want.Bytes()))
			}
		})
	}
}

// A buffer that comes back keeps nothing of what it was lent for.
func TestPoolForgets(t *testing.T) {
	pool := NewPool(16, 16)
	b := pool.Get()
	b.B = append(b.B, "secret"...)
	b.Out.Add([]byte("secret"))
	b.Out.Add(make([]byte, copyBelow))
	pool.Put(b)
	if len(b.B) != 0 || b.Out.Len() != 0 || len(b.Out.pieces) != 0 || len(b.Out.copies) != 0 {
		t.Errorf("the buffer still holds %d and %d bytes", len(b.B), b.Out.Len())
	}
	for i, p := range b.Out.array {
		if p != nil {
			t.Errorf("piece %d is still referred to", i)
		}
	}
	pool.Put(nil)
}
