package frameinspect

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/internal/eventually"
)

// A session that is quiet must not keep the buffer that its last frame came in:
// after a fan-out to many sessions each would keep one of 72 KiB.
func TestReleaseLetsGoOfTheInput(t *testing.T) {
	s := NewScanner(Broker, wide)
	s.SetVersion(V12)
	gone := make(chan struct{})
	func() {
		buf := make([]byte, 72<<10)
		runtime.AddCleanup(&buf[0], func(c chan struct{}) { close(c) }, gone)
		n := copy(buf, "MESSAGE\nsubscription:1\nmessage-id:1\ndestination:/q\n\nhi\x00")
		if got := s.Whole(buf[:n+8]); got != n {
			t.Fatalf("got %d, want %d", got, n)
		}
		s.Release()
	}()
	eventually.True(t, "the input to be collected", func() bool {
		runtime.GC()
		select {
		case <-gone:
			return true
		default:
			return false
		}
	})
	runtime.KeepAlive(&s)
}

// Release in the middle of a frame loses nothing that an ERROR needs.
func TestReleaseKeepsReceipt(t *testing.T) {
	for _, in := range []string{"SEND\nreceipt:r-1\n", "SEND\nx:a:b\nreceipt:r-1\n\n", "SEND\nx:a:b\nreceipt:r-1\n\nx"} {
		s := NewScanner(Client, Limits{Head: 100, Headers: 3, Body: 4})
		s.SetVersion(V12)
		scanned(&s, []byte(in))
		s.Release()
		var v *Violation
		if _, _, err := s.Next([]byte(strings.Repeat("x", 200))); !errors.As(err, &v) || string(v.Receipt) != "r-1" {
			t.Errorf("%q: got %v, want a violation with receipt r-1", in, err)
		}
	}
}
