package wire

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// sent gives how many segments with data a connection has sent. Over
// loopback each write of less than 64 KiB is one.
func sent(t *testing.T, c *Conn) uint32 {
	t.Helper()
	info, err := unix.GetsockoptTCPInfo(c.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		t.Fatal(err)
	}
	return info.Data_segs_out
}

func TestFlushIsOneWrite(t *testing.T) {
	big := strings.Repeat("B", copyBelow)
	tests := []struct {
		name   string
		pieces []string
		writes uint32
	}{
		{"nothing", nil, 0},
		{"empty pieces", []string{"", ""}, 0},
		{"one small", []string{"a"}, 1},
		{"many small", strings.Split(strings.Repeat("small,", 100), ","), 1},
		{"one large", []string{big}, 1},
		{"large ones", []string{big, big, big}, 1},
		{"mixed", []string{"head", big, "head", "head", big, "tail"}, 1},
		{"more small than the batch copies", strings.SplitAfter(strings.Repeat(strings.Repeat("x", 999)+"\n", 9), "\n"), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			near, far := tcpPair(t)
			c, buf := New(near, patience), NewPool(0, 4<<10).Get()
			for range 2 { // a batch serves again
				before := sent(t, c)
				for _, p := range tt.pieces {
					buf.Out.Add([]byte(p))
				}
				want := strings.Join(tt.pieces, "")
				if buf.Out.Len() != len(want) {
					t.Errorf("Len: got %d, want %d", buf.Out.Len(), len(want))
				}
				if err := buf.Out.Flush(c, Now()); err != nil {
					t.Fatal(err)
				}
				wantText(t, far, want)
				if got := sent(t, c) - before; got != tt.writes {
					t.Errorf("got %d writes, want %d", got, tt.writes)
				}
				if buf.Out.Len() != 0 {
					t.Errorf("%d bytes wait after Flush", buf.Out.Len())
				}
			}
		})
	}
}
