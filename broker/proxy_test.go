package broker

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// introduced dials a listener for the client and gives the header that it gets,
// and the connection's two addresses.
func introduced(t *testing.T, listen string, client *netip.AddrPort) (h *proxyproto.Header, local, remote net.Addr) {
	t.Helper()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		t.Skipf("listen at %s: %v", listen, err)
	}
	defer l.Close()
	s, _ := newSet(t, func(o *Options) { o.ProxyProtocol = true }, l.Addr().String())
	ctx := context.Background()
	if client != nil {
		ctx = WithClient(ctx, *client)
	}
	c, _, err := s.Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if err := far.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(far)
	if h, err = proxyproto.Read(r); err != nil || r.Buffered() > 0 {
		t.Fatalf("got %v, %v, %d bytes behind it", h, err, r.Buffered())
	}
	if h.Version != 2 {
		t.Errorf("got version %d", h.Version)
	}
	return h, far.RemoteAddr(), far.LocalAddr()
}

func TestProxyHeader(t *testing.T) {
	const v4, v6 = "127.0.0.1:0", "[::1]:0"
	for name, test := range map[string]struct{ broker, client, source string }{
		"IPv4":              {v4, "192.0.2.7:4711", "192.0.2.7:4711"},
		"IPv6":              {v6, "[2001:db8::7]:4711", "[2001:db8::7]:4711"},
		"IPv6 over IPv4":    {v4, "[2001:db8::7]:4711", "[2001:db8::7]:4711"},
		"IPv4 over IPv6":    {v6, "192.0.2.7:4711", "192.0.2.7:4711"},
		"port is not known": {v4, "192.0.2.7:0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := netip.MustParseAddrPort(test.client)
			h, local, remote := introduced(t, test.broker, &client)
			if test.source == "" { // the gateway's own port keeps connections distinct
				test.source = netip.AddrPortFrom(client.Addr(), local.(*net.TCPAddr).AddrPort().Port()).String()
			}
			if !h.Command.IsProxy() || h.SourceAddr.String() != test.source || h.DestinationAddr.String() != remote.String() {
				t.Errorf("got %v %v to %v, want %s to %s", h.Command, h.SourceAddr, h.DestinationAddr, test.source, remote)
			}
		})
	}
}

// A connection that is for no client, such as a probe, is local.
func TestProxyHeaderForNobody(t *testing.T) {
	if h, _, _ := introduced(t, "127.0.0.1:0", nil); !h.Command.IsLocal() {
		t.Errorf("got %v from %v", h.Command, h.SourceAddr)
	}
}

func TestProxyHeaderForClientWithoutAddress(t *testing.T) {
	h, local, _ := introduced(t, "127.0.0.1:0", &netip.AddrPort{})
	if !h.Command.IsProxy() || h.SourceAddr.String() != local.String() {
		t.Errorf("got %v from %v, want the gateway's own %v", h.Command, h.SourceAddr, local)
	}
}

// The header comes before TLS.
func TestProxyHeaderThenTLS(t *testing.T) {
	cert, roots := certificate(t, "broker.example")
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := tls.NewListener(&proxyproto.Listener{Listener: plain}, &tls.Config{Certificates: []tls.Certificate{cert}})
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = c.Write([]byte("hello"))
		got <- c.RemoteAddr().String()
	}()
	defer l.Close()
	s, _ := newSet(t, func(o *Options) {
		o.ProxyProtocol, o.Endpoints = true, []Endpoint{{TLS: true, Address: plain.Addr().String()}}
		o.TLS = func() *tls.Config { return &tls.Config{RootCAs: roots, ServerName: "broker.example"} }
	})
	c, _, err := s.Dial(WithClient(context.Background(), netip.MustParseAddrPort("192.0.2.7:4711")))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if client := <-got; client != "192.0.2.7:4711" {
		t.Errorf("got client %s", client)
	}
}

// Nobody gets a header who is not to.
func TestNoProxyHeader(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, _ := newSet(t, nil, l.Addr().String())
	c, _, err := s.Dial(WithClient(context.Background(), netip.MustParseAddrPort("192.0.2.7:4711")))
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	c.Close()
	var b strings.Builder
	if _, err := bufio.NewReader(far).WriteTo(&b); err != nil || b.Len() > 0 {
		t.Errorf("got %q, %v", b.String(), err)
	}
}
