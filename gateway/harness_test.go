package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 10 * time.Second

func testOptions() Options {
	return Options{
		Origins:         OriginPolicy{Same: true, Missing: true},
		ClientHeartBeat: frameinspect.HeartBeat{Send: 10 * time.Second, Receive: 10 * time.Second},
		BrokerHeartBeat: frameinspect.HeartBeat{Send: 10 * time.Second, Receive: 10 * time.Second},
		Credentials:     Credentials{AllowMissingLogin: true},
		PingInterval:    25 * time.Second,
		ConnectTimeout:  patience, LoginTimeout: patience, FrameTimeout: patience,
		DisconnectTimeout: patience, CloseTimeout: time.Second, SlowClientTimeout: patience,
		MaxSessions: 100, MaxHeadBeforeLogin: 1 << 10, MaxHead: 4 << 10, MaxHeaders: 20, MaxBody: 1 << 20,
	}
}

// testGateway is a gateway on a port of its own, in front of a broker that the
// test plays.
type testGateway struct {
	*Gateway
	t        *testing.T
	url      string // host:port
	listener net.Listener
	logs     *observer.ObservedLogs
}

func newTestGateway(t *testing.T, change func(*Options)) *testGateway {
	t.Helper()
	t.Parallel()
	return newSerialGateway(t, change)
}

// newSerialGateway is newTestGateway for a test that must have the process to
// itself.
func newSerialGateway(t *testing.T, change func(*Options)) *testGateway {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	set, err := broker.New(broker.Options{
		Endpoints:   []broker.Endpoint{{Address: listener.Addr().String()}},
		DialTimeout: time.Second, BackoffMin: time.Millisecond, BackoffMax: time.Millisecond, WriteLimit: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	o := testOptions()
	if change != nil {
		change(&o)
	}
	core, logs := observer.New(zapcore.DebugLevel)
	g := New(o, set, zap.New(core), prometheus.NewRegistry())
	srv := httptest.NewServer(g)
	tg := &testGateway{Gateway: g, t: t, url: srv.Listener.Addr().String(), listener: listener, logs: logs}
	t.Cleanup(func() {
		listener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := g.Drain(ctx, 0); err != nil {
			t.Errorf("drain: %v", err)
		}
		srv.Close()
	})
	return tg
}

// ended waits until sessions have ended for the reason so many times.
func (g *testGateway) ended(reason CloseReason, times float64) {
	g.t.Helper()
	g.eventually("session to end with "+string(reason), func() bool {
		return testutil.ToFloat64(g.metrics.ends.WithLabelValues(string(reason))) >= times
	})
}

// only gives the one session there is.
func (g *testGateway) only() *session {
	g.t.Helper()
	all := g.sessions.all()
	if len(all) != 1 {
		g.t.Fatalf("got %d sessions, want one; log:\n%s", len(all), g.log())
	}
	return all[0]
}

func (g *testGateway) eventually(what string, cond func() bool) {
	g.t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("waited in vain for %s; log:\n%s", what, g.log())
		}
	}
}

func (g *testGateway) log() string {
	var b strings.Builder
	for _, e := range g.logs.All() {
		fmt.Fprintln(&b, e.Message, e.ContextMap())
	}
	return b.String()
}

// peer is a connection whose reads and writes fail the test when they do not
// come to an end.
type peer struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func newPeer(t *testing.T, c net.Conn) *peer {
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		t.Fatal(err)
	}
	return &peer{t, c, bufio.NewReaderSize(c, 256<<10)}
}

func (p *peer) write(b string) {
	p.t.Helper()
	if _, err := io.WriteString(p.Conn, b); err != nil {
		p.t.Fatal(err)
	}
}

// accept plays the broker: it takes the gateway's connection.
func (g *testGateway) accept() *peer {
	g.t.Helper()
	_ = g.listener.(*net.TCPListener).SetDeadline(time.Now().Add(2 * patience)) // else it waits for ever
	c, err := g.listener.Accept()
	if err != nil {
		g.t.Fatal(err)
	}
	return newPeer(g.t, c)
}

// wantFrame reads one frame, without its NUL, past line ends.
func (p *peer) wantFrame(want string) {
	p.t.Helper()
	if got := p.frame(); got != want {
		p.t.Fatalf("got frame %q, want %q", got, want)
	}
}

func (p *peer) frame() string {
	p.t.Helper()
	b, err := p.r.ReadBytes(0)
	if err != nil {
		p.t.Fatalf("read frame: %v (after %q)", err, b)
	}
	return strings.TrimLeft(string(b[:len(b)-1]), "\n")
}

// wantEOF reads to the end, which must come with nothing before it.
func (p *peer) wantEOF() {
	p.t.Helper()
	if b, err := io.ReadAll(p.r); err != nil || len(b) > 0 {
		p.t.Fatalf("got %q, %v, want the end", b, err)
	}
}

// browser is a WebSocket client, as plain as can be.
type browser struct{ *peer }

// dial does the handshake with the extra header lines.
func (g *testGateway) dial(headers ...string) (*browser, *http.Response) {
	g.t.Helper()
	c, err := net.Dial("tcp", g.url)
	if err != nil {
		g.t.Fatal(err)
	}
	p := newPeer(g.t, c)
	head := "GET /stomp HTTP/1.1\r\nHost: gw.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, h := range headers {
		head += h + "\r\n"
	}
	p.write(head + "\r\n")
	response, err := http.ReadResponse(p.r, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return &browser{p}, response
}

// open is dial for a handshake that must succeed.
func (g *testGateway) open() *browser {
	g.t.Helper()
	b, response := g.dial("Sec-WebSocket-Protocol: v12.stomp")
	if response.StatusCode != http.StatusSwitchingProtocols {
		g.t.Fatalf("handshake: got %s", response.Status)
	}
	return b
}

// connect opens a session and logs it in, with CONNECT and CONNECTED headers.
func (g *testGateway) connect(request, answer string) (*browser, *peer) {
	g.t.Helper()
	b := g.open()
	b.text("CONNECT\naccept-version:1.2\n" + request + "\n\x00")
	p := g.accept()
	p.frame()
	p.write("CONNECTED\nversion:1.2\n" + answer + "\n\x00\n")
	b.message()
	return b, p
}

func wsFrame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{1, 2, 3, 4}
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

func (b *browser) text(payload string)   { b.t.Helper(); b.write(string(wsFrame(0x81, payload))) }
func (b *browser) binary(payload string) { b.t.Helper(); b.write(string(wsFrame(0x82, payload))) }

// wsMessage is what the browser gets: an opcode and what it carried.
type wsMessage struct {
	op      byte
	payload string
	frames  int // of which the message was made
}

// wsFragment is one WebSocket frame that the browser gets.
type wsFragment struct {
	op      byte
	fin     bool
	payload string
}

// nextFrame reads a WebSocket frame.
func (b *browser) nextFrame() (f wsFragment, err error) {
	var head [2]byte
	if _, err = io.ReadFull(b.r, head[:]); err != nil {
		return f, err
	}
	n := uint64(head[1])
	var wide [8]byte
	switch n {
	case 126:
		_, err = io.ReadFull(b.r, wide[6:])
		n = binary.BigEndian.Uint64(wide[:])
	case 127:
		_, err = io.ReadFull(b.r, wide[:])
		n = binary.BigEndian.Uint64(wide[:])
	}
	if err != nil {
		return f, err
	}
	payload := make([]byte, n)
	_, err = io.ReadFull(b.r, payload)
	return wsFragment{head[0] & 0x0f, head[0]&0x80 != 0, string(payload)}, err
}

// next reads a message or a control frame.
func (b *browser) next() (m wsMessage, err error) {
	for {
		f, err := b.nextFrame()
		if err != nil {
			return m, err
		}
		if f.op != 0 {
			if f.op < 8 && m.frames > 0 {
				return m, fmt.Errorf("a message inside a message")
			}
			m.op = f.op
		}
		m.payload += f.payload
		m.frames++
		if f.fin {
			return m, nil
		}
	}
}

// message reads the next message, past pings, without the NUL at its end.
func (b *browser) message() string {
	b.t.Helper()
	for {
		m, err := b.next()
		if err != nil {
			b.t.Fatalf("read message: %v", err)
		}
		switch {
		case m.op == 8:
			b.t.Fatalf("got close %q, want a message", m.payload)
		case m.op < 8:
			return strings.TrimSuffix(m.payload, "\x00")
		}
	}
}

func (b *browser) wantMessage(want string) {
	b.t.Helper()
	if got := b.message(); got != want {
		b.t.Fatalf("got message %q, want %q", got, want)
	}
}

// wantError reads the gateway's ERROR with the code, and gives it.
func (b *browser) wantError(code string) string {
	b.t.Helper()
	got := b.message()
	if !strings.HasPrefix(got, "ERROR\ncode:"+code+"\n") {
		b.t.Fatalf("got %q, want an ERROR with code %s", got, code)
	}
	return got
}

// wantClose reads the close frame, past data where skip says so, and answers it.
func (b *browser) wantClose(code int) {
	b.t.Helper()
	for {
		m, err := b.next()
		if err != nil {
			b.t.Fatalf("read close: %v", err)
		}
		if m.op == 9 || m.op == 10 {
			continue
		}
		if m.op != 8 || len(m.payload) < 2 {
			b.t.Fatalf("got opcode %d with %.200q, want close %d", m.op, m.payload, code)
		}
		if got := int(binary.BigEndian.Uint16([]byte(m.payload))); got != code {
			b.t.Fatalf("got close %d %q, want %d", got, m.payload[2:], code)
		}
		_, _ = b.Write(wsFrame(0x88, m.payload[:2])) // the gateway may be gone
		return
	}
}

func repeat(s string, n int) string { return string(bytes.Repeat([]byte(s), n)) }
