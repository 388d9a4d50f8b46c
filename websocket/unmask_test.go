package websocket

import (
	"bytes"
	"testing"

	"github.com/gobwas/ws"
)

// Of every length, and wherever it lies, a payload comes out as by ws.Cipher, and
// nothing around it is touched.
func TestUnmask(t *testing.T) {
	mask := [4]byte{0x91, 0x02, 0xf3, 0x64}
	const around = 40
	for name, unmask := range map[string]func([]byte, [4]byte) bool{"for this processor": unmask, "in words": unmaskWords} {
		for n := range 300 {
			for high := range n + 1 { // where an octet is not ASCII; n for nowhere
				if high > 70 && high < n-40 {
					continue
				}
				want := bytes.Repeat([]byte("a"), 2*around+n)
				if high < n {
					want[around+high] = 0x80
				}
				got := bytes.Clone(want)
				ws.Cipher(got[around:around+n], mask, 0)
				if ascii := unmask(got[around:around+n], mask); ascii != (high == n) || !bytes.Equal(got, want) {
					t.Fatalf("%s, %d octets, not ASCII at %d: got %t, %q", name, n, high, ascii, got)
				}
			}
		}
	}
}
