package e2e

import (
	"context"
	"encoding/binary"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/brokers"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// prefaced begins every connection with the bytes.
func prefaced(preface string) func(net.Conn) net.Conn {
	return func(c net.Conn) net.Conn {
		_, _ = c.Write([]byte(preface)) // a connection that is broken is found by reading
		return c
	}
}

const proxyV1 = "PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n"

// proxyV2 is the same client, with an extension behind the addresses.
func proxyV2() string {
	b := []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x11")
	b = append(b, 198, 51, 100, 7, 192, 0, 2, 1)
	b = binary.BigEndian.AppendUint16(b, 4711)
	b = binary.BigEndian.AppendUint16(b, 443)
	return string(append(b, 4, 0, 2, 'h', 'i'))
}

// addrOf is the address that the log gives the last session.
func addrOf(t *testing.T, g *gw.Gateway) string {
	t.Helper()
	entries, err := g.Log()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range slices.Backward(entries) {
		if e.String("msg") == "session started" {
			return e.String("addr")
		}
	}
	return ""
}

func dialPrefaced(url, preface string, o stompws.Options) (*stompws.Client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), stompws.Patience)
	defer cancel()
	o.Wrap = prefaced(preface)
	return stompws.Dial(ctx, url, o)
}

// The address that a named proxy's header gives is the client's, in the log and for limits, with TLS and without.
func TestProxyProtocolFromNamedPeers(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	certs := ownCerts(t)
	for name, env := range map[string]map[string]string{"plain": {}, "TLS": tlsEnv(certs)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gw.Run(t, gw.Options{Env: b.env(env, map[string]string{
				"STOMPGW_PROXY_PROTOCOL_FROM": "127.0.0.0/8", "STOMPGW_MAX_SESSIONS_PER_IP": "2",
			})})
			options := stompws.Options{TLS: certs.Client()}
			for _, preface := range []string{proxyV1, proxyV2()} {
				c, err := dialPrefaced(g.URL, preface, options)
				if err != nil {
					t.Fatal(err)
				}
				s := stompws.With(t, c)
				s.Connect(b.login()...)
				alive(t, b, s)
				if got := addrOf(t, g); got != "198.51.100.7" {
					t.Errorf("got address %q", got)
				}
			}
			if c, err := dialPrefaced(g.URL, proxyV1, options); err == nil {
				c.Abort()
				t.Error("a third session of one address, where two are the most")
			}
			if c, err := dialPrefaced(g.URL, strings.Replace(proxyV1, ".7", ".8", 1), options); err != nil {
				t.Errorf("another address: %v", err)
			} else {
				c.Abort()
			}
			for name, preface := range map[string]string{"none": "", "nonsense": "PROXY TCP5 a b c d\r\n"} {
				if c, err := dialPrefaced(g.URL, preface, options); err == nil {
					c.Abort()
					t.Errorf("%s: got in", name)
				}
			}
			gw.Eventually(t, 10*time.Second, "two refusals", func() bool { return g.Metric(t, "stompgw_proxy_protocol_refused_total") == 2 })
		})
	}
}

// Nobody else can say who they are.
func TestProxyProtocolFromOthers(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	for name, env := range map[string]map[string]string{"off": {}, "others named": {"STOMPGW_PROXY_PROTOCOL_FROM": "192.0.2.0/24"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gw.Run(t, gw.Options{Env: b.env(env)})
			for _, preface := range []string{proxyV1, proxyV2()} {
				if c, err := dialPrefaced(g.URL, preface, stompws.Options{}); err == nil {
					c.Abort()
					t.Errorf("%.20q got in", preface)
				}
			}
			stompws.Open(t, g.URL, stompws.Options{}).Connect(b.login()...)
			if got := addrOf(t, g); got != "127.0.0.1" {
				t.Errorf("got address %q", got)
			}
		})
	}
}

// A proxy on the same machine comes by a Unix socket. Who has no address is named, if they are to be believed.
func TestUnixSocket(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	for trusted, want := range map[string]string{"": "unix", "unix": "198.51.100.9"} {
		path := filepath.Join(t.TempDir(), "gw.sock")
		g := gw.Run(t, gw.Options{Env: b.env(map[string]string{
			"STOMPGW_LISTEN": "unix:" + path, "STOMPGW_TRUSTED_PROXIES": trusted,
		})})
		s := stompws.Open(t, "ws://gateway.example/stomp", stompws.Options{
			Unix: path, Origin: "http://gateway.example", Header: map[string][]string{"X-Forwarded-For": {"198.51.100.9"}},
		})
		s.Connect(b.login()...)
		alive(t, b, s)
		if got := addrOf(t, g); got != want {
			t.Errorf("trusted proxies %q: got address %q, want %q", trusted, got, want)
		}
	}
}

// RabbitMQ lists the browsers by their own addresses. It bears the gateway's probes: the first was before there was
// any session.
func TestProxyProtocolToRabbitMQ(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	rabbitMQ(t) // is it installed?
	rabbit, err := brokers.StartRabbitMQBehindProxy(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rabbit.Stop(); err != nil {
			t.Error(err)
		}
	})
	b := &backend{name: "RabbitMQ", stomp: rabbit.STOMP, user: rabbit.Guest}
	for name, broker := range map[string]map[string]string{
		"plain": {},
		"TLS":   {"STOMPGW_BROKERS": "tls://" + rabbit.STOMPTLS, "STOMPGW_BROKER_TLS_CA_FILE": rabbit.Certs.CA},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "gw.sock")
			g := gw.Run(t, gw.Options{Env: b.env(broker, map[string]string{
				"STOMPGW_BROKER_PROXY_PROTOCOL": "v2", "STOMPGW_PROXY_PROTOCOL_FROM": "127.0.0.0/8",
				"STOMPGW_LISTEN": "127.0.0.1:0,unix:" + path,
			})})
			listeners := strings.Split(logged(t, g, "serving").String("listen"), ",")
			for _, client := range []struct{ preface, want string }{
				{proxyV1, "198.51.100.7:4711"},
				{"PROXY TCP6 2001:db8::7 2001:db8::1 4712 443\r\n", "[2001:db8::7]:4712"},
			} {
				c, err := dialPrefaced("ws://"+listeners[0]+"/stomp", client.preface, stompws.Options{})
				if err != nil {
					t.Fatal(err)
				}
				s := stompws.With(t, c)
				s.Connect(b.login()...)
				alive(t, b, s)
				gw.Eventually(t, 20*time.Second, client.want+" among RabbitMQ's connections", func() bool {
					peers, err := rabbit.Peers()
					return err == nil && slices.ContainsFunc(peers, func(p string) bool { return sameAddr(p, client.want) })
				})
			}
			// One that has no address.
			s := stompws.Open(t, "ws://gateway.example/stomp", stompws.Options{Unix: path})
			s.Connect(b.login()...)
			alive(t, b, s)
		})
	}
}

// sameAddr compares host:port, whichever way the broker writes IPv6.
func sameAddr(a, b string) bool {
	x, errX := net.ResolveTCPAddr("tcp", a)
	y, errY := net.ResolveTCPAddr("tcp", b)
	return errX == nil && errY == nil && x.IP.Equal(y.IP) && x.Port == y.Port
}

// logged is the first line of the log with the message.
func logged(t *testing.T, g *gw.Gateway, message string) gw.Entry {
	t.Helper()
	entries, err := g.Log()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.String("msg") == message {
			return e
		}
	}
	t.Fatalf("no line %q in the log", message)
	return nil
}
