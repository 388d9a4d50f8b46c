package listen

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// version2 makes a header with a client at 192.0.2.7:4711, or for no client.
func version2(t testing.TB, command proxyproto.ProtocolVersionAndCommand, tlvs ...proxyproto.TLV) string {
	t.Helper()
	h := proxyproto.HeaderProxyFromAddrs(2, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4711}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443})
	h.Command = command
	if err := h.SetTLVs(tlvs); err != nil {
		t.Fatal(err)
	}
	b, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// unproxied keeps the peers that were refused.
type unproxied struct {
	mu   sync.Mutex
	errs []error
}

func (u *unproxied) note(_ net.Addr, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.errs = append(u.errs, err)
}

func proxies(refused *unproxied, from ...string) *Proxies {
	p := &Proxies{Timeout: patience, Refused: refused.note}
	for _, f := range from {
		p.From = append(p.From, netip.MustParsePrefix(f))
	}
	return p
}

func TestProxyHeaders(t *testing.T) {
	const self = "127.0.0.1:"
	for name, test := range map[string]struct{ header, client string }{
		"1, IPv4":         {"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n", "192.0.2.7:4711"},
		"1, IPv6":         {"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", "[2001:db8::7]:4711"},
		"1, unknown":      {"PROXY UNKNOWN\r\n", self},
		"1, unknown, all": {"PROXY UNKNOWN ffff:f:f:f:f:f:f:ffff ffff:f:f:f:f:f:f:ffff 65535 65535\r\n", self},
		"2, IPv4":         {version2(t, proxyproto.PROXY), "192.0.2.7:4711"},
		"2, extensions":   {version2(t, proxyproto.PROXY, proxyproto.TLV{Type: proxyproto.PP2_TYPE_NOOP, Value: make([]byte, 1500)}), "192.0.2.7:4711"},
		"2, local":        {version2(t, proxyproto.LOCAL), self},
		"2, local, bare":  {signature2 + "\x20\x00\x00\x00", self},
	} {
		for way, pieces := range map[string]int{"at once": 4096, "in pieces": 7} {
			t.Run(name+" "+way, func(t *testing.T) {
				var refused unproxied
				l := open(t, Options{Addresses: []string{"127.0.0.1:0"}, Proxies: proxies(&refused, "127.0.0.0/8")})[0]
				c := dial(t, l)
				text := test.header + "what follows"
				go func() {
					for part := range slices.Chunk([]byte(text), pieces) {
						_, _ = c.Write(part)
						time.Sleep(time.Millisecond) // so that pieces arrive as such
					}
				}()
				s := accept(t, l)
				if got := s.RemoteAddr().String(); got != test.client && !(test.client == self && strings.HasPrefix(got, self)) {
					t.Errorf("got client %s, want %s", got, test.client)
				}
				got := make([]byte, len("what follows"))
				if _, err := io.ReadFull(s, got); err != nil || string(got) != "what follows" {
					t.Errorf("got %q, %v behind the header", got, err)
				}
				if len(refused.errs) > 0 {
					t.Errorf("refused: %v", refused.errs)
				}
			})
		}
	}
}

func TestBadProxyHeaders(t *testing.T) {
	for name, test := range map[string]struct {
		sent string
		want error // nil is any
	}{
		"none":               {"GET /stomp HTTP/1.1\r\nHost: a\r\n\r\n", proxyproto.ErrNoProxyProtocol},
		"TLS":                {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00", proxyproto.ErrNoProxyProtocol},
		"1, endless":         {"PROXY TCP4 " + strings.Repeat("1", 200), proxyproto.ErrVersion1HeaderTooLong},
		"1, LF only":         {"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\n", proxyproto.ErrLineMustEndWithCrlf},
		"1, bad address":     {"PROXY TCP4 192.0.2.777 192.0.2.1 4711 443\r\n", proxyproto.ErrInvalidAddress},
		"1, bad port":        {"PROXY TCP4 192.0.2.7 192.0.2.1 65536 443\r\n", nil},
		"1, families differ": {"PROXY TCP4 2001:db8::7 192.0.2.1 4711 443\r\n", proxyproto.ErrInvalidAddress},
		"1, cut":             {"PROXY TCP4 192.0.2.7", io.ErrUnexpectedEOF},
		"2, cut":             {version2(t, proxyproto.PROXY)[:20], io.ErrUnexpectedEOF},
		"2, cut early":       {signature2 + "\x21", io.ErrUnexpectedEOF},
		"2, too long":        {signature2 + "\x21\x11\xff\xff", nil},
		"2, another version": {signature2 + "\x31\x11\x00\x0c" + strings.Repeat("x", 12), proxyproto.ErrUnsupportedProtocolVersionAndCommand},
		"2, too short":       {signature2 + "\x21\x11\x00\x02xx", proxyproto.ErrInvalidLength},
		"one byte":           {"P", io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			var refused unproxied
			l := open(t, Options{Addresses: []string{"127.0.0.1:0"}, Proxies: proxies(&refused, "127.0.0.1/32")})[0]
			c := dial(t, l)
			if _, err := io.WriteString(c, test.sent); err != nil {
				t.Fatal(err)
			}
			if err := c.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			s := accept(t, l)
			if got := s.RemoteAddr().String(); !strings.HasPrefix(got, "127.0.0.1:") {
				t.Errorf("got client %s", got)
			}
			if n, err := s.Read(make([]byte, 100)); n > 0 || err == nil {
				t.Errorf("%d bytes were read behind the header, %v", n, err)
			}
			if len(refused.errs) != 1 || test.want != nil && !errors.Is(refused.errs[0], test.want) {
				t.Errorf("got %v, want %v, once", refused.errs, test.want)
			}
			if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the peer got %d bytes, %v, want the end", n, err)
			}
		})
	}
}

// A header is looked at only where it comes from a peer that is named.
func TestProxyHeaderOfAnybody(t *testing.T) {
	var refused unproxied
	l := open(t, Options{Addresses: []string{"127.0.0.1:0"}, Proxies: proxies(&refused, "192.0.2.0/24", "::1/128")})[0]
	c := dial(t, l)
	const text = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n"
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	s := accept(t, l)
	if got := s.RemoteAddr().String(); got != c.LocalAddr().String() {
		t.Errorf("got client %s", got)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(s, got); err != nil || string(got) != text {
		t.Errorf("got %q, %v, want what was sent, to be refused for what it is", got, err)
	}
}

func TestProxyHeaderTimeout(t *testing.T) {
	for _, begun := range []string{"", "PROXY TCP4 192"} {
		var refused unproxied
		p := proxies(&refused, "127.0.0.1/32")
		p.Timeout = 50 * time.Millisecond
		l := open(t, Options{Addresses: []string{"127.0.0.1:0"}, Proxies: p})[0]
		c := dial(t, l)
		if _, err := io.WriteString(c, begun); err != nil {
			t.Fatal(err)
		}
		if _, err := accept(t, l).Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: got %v", begun, err)
		}
		if len(refused.errs) != 1 {
			t.Errorf("%q: got %v", begun, refused.errs)
		}
	}
}

// Load balancers look whether somebody listens; that is no news.
func TestProbeIsNotReported(t *testing.T) {
	var refused unproxied
	l := open(t, Options{Addresses: []string{"127.0.0.1:0"}, Proxies: proxies(&refused, "127.0.0.1/32")})[0]
	dial(t, l).Close()
	if _, err := accept(t, l).Read(make([]byte, 1)); err == nil {
		t.Error("a closed connection can be read")
	}
	if len(refused.errs) != 0 {
		t.Errorf("got %v", refused.errs)
	}
}

func TestProxyOverUnixSocket(t *testing.T) {
	var refused unproxied
	p := proxies(&refused)
	p.From = []netip.Prefix{{}}
	l := open(t, Options{Addresses: []string{"unix:" + t.TempDir() + "/gw.sock"}, UnixMode: 0o600, Proxies: p})[0]
	if _, err := io.WriteString(dial(t, l), version2(t, proxyproto.PROXY)); err != nil {
		t.Fatal(err)
	}
	if got := accept(t, l).RemoteAddr().String(); got != "192.0.2.7:4711" {
		t.Errorf("got client %s", got)
	}
}

// Whatever comes, a header is bounded, and nothing behind it is taken.
func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\nrest"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte(version2(f, proxyproto.PROXY) + "rest"))
	f.Add([]byte(signature2 + "\x20\x00\x00\x03abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		if _, err := readHeader(r); err != nil {
			return
		}
		taken := b[:len(b)-r.Len()]
		if len(taken) > mostHead2 {
			t.Errorf("%d bytes were taken", len(taken))
		}
		again := bytes.NewReader(taken)
		if _, err := readHeader(again); err != nil || again.Len() > 0 {
			t.Errorf("the header alone: %v, %d bytes left", err, again.Len())
		}
	})
}

// TestNamedProxies: who must send a header.
func TestNamedProxies(t *testing.T) {
	tcp := func(addr string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr)) }
	socket := &net.UnixAddr{Net: "unix"}
	for _, test := range []struct {
		from string // "" is the Unix socket
		peer net.Addr
		want bool
	}{
		{"10.0.0.0/8", tcp("10.1.2.3:1"), true},
		{"10.0.0.0/8", tcp("11.1.2.3:1"), false},
		{"10.0.0.0/8", tcp("[::ffff:10.1.2.3]:1"), true}, // IPv4 that came to a socket for both
		{"10.0.0.0/8", socket, false},
		{"fe80::/10", tcp("[fe80::1%eth0]:1"), true},
		{"::/0", tcp("10.1.2.3:1"), false},
		{"", socket, true},
		{"", tcp("10.1.2.3:1"), false},
	} {
		var from netip.Prefix
		if test.from != "" {
			from = netip.MustParsePrefix(test.from)
		}
		if got := (&Proxies{From: []netip.Prefix{from}}).names(test.peer); got != test.want {
			t.Errorf("%v of %v: got %v", test.peer, from, got)
		}
	}
}

// deadlines is a connection that notes its read deadlines.
type deadlines struct {
	net.Conn
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return d.Conn.SetReadDeadline(t)
}

// TestHeaderTimeoutEndsWithTheHeader: the time for it is not the session's.
func TestHeaderTimeoutEndsWithTheHeader(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	noted := &deadlines{Conn: near}
	c := &proxied{Conn: noted, proxies: &Proxies{Timeout: patience}}
	go far.Write([]byte("PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n"))
	if got := c.RemoteAddr().String(); got != "192.0.2.7:4711" {
		t.Errorf("got client %s", got)
	}
	if len(noted.set) != 2 || noted.set[0].IsZero() || !noted.set[1].IsZero() {
		t.Errorf("got read deadlines %v, want one and then none", noted.set)
	}
}

// TestHeaderBounds: at its largest a header of version 2 is read, and one octet more is
// refused before it is waited for.
func TestHeaderBounds(t *testing.T) {
	bare := len(version2(t, proxyproto.PROXY, proxyproto.TLV{Type: proxyproto.PP2_TYPE_NOOP}))
	header := func(size int) io.Reader {
		return strings.NewReader(version2(t, proxyproto.PROXY, proxyproto.TLV{Type: proxyproto.PP2_TYPE_NOOP, Value: make([]byte, size-bare)}))
	}
	if h, err := readHeader(header(mostHead2)); err != nil || h.SourceAddr.String() != "192.0.2.7:4711" {
		t.Errorf("got %v, %v", h, err)
	}
	if h, err := readHeader(header(mostHead2 + 1)); err == nil || err.Error() != "it has 2065 bytes, more than 2064" {
		t.Errorf("one octet more: got %v, %v", h, err)
	}
}
