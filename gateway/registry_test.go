package gateway

import (
	"net/netip"
	"testing"
)

// A client cannot get round the limit with the many addresses of its IPv6 network.
func TestPlacesPerSite(t *testing.T) {
	r := newRegistry(10, 1)
	for _, tc := range []struct{ addr, want string }{
		{"192.0.2.1", ""}, {"192.0.2.2", ""}, {"192.0.2.1", refusedPerAddr},
		{"2001:db8::1", ""}, {"2001:db8::2", refusedPerAddr}, {"2001:db8:0:1::1", ""},
	} {
		if got := r.reserve(netip.MustParseAddr(tc.addr)); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.addr, got, tc.want)
		}
	}
	r.release(netip.MustParseAddr("2001:db8::2"), nil) // any address of the site
	if got := r.reserve(netip.MustParseAddr("2001:db8::3")); got != "" {
		t.Errorf("a place that was given back: got %q", got)
	}
}
