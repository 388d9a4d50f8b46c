package e2e

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/proc"
)

// loginMeter is a TCP relay to a broker that notes when each login comes. A connection that says nothing, as a health
// check's, is none.
type loginMeter struct {
	addr, target string
	relays       sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while it refuses
	conns    map[net.Conn]bool
	logins   []time.Time
	closed   bool
}

func startLoginMeter(t *testing.T, target string) *loginMeter {
	t.Helper()
	port, err := proc.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	m := &loginMeter{addr: fmt.Sprintf("127.0.0.1:%d", port), target: target, conns: map[net.Conn]bool{}}
	m.accept(t)
	t.Cleanup(m.close)
	return m
}

// accept takes connections, again after refuse.
func (m *loginMeter) accept(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", m.addr)
	if err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listener = l
	m.relays.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			m.relays.Go(func() { m.relay(c) })
		}
	})
}

// refuse is as if no broker were there, for who comes from now on.
func (m *loginMeter) refuse() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listener.Close()
	m.listener = nil
}

func (m *loginMeter) close() {
	m.mu.Lock()
	m.closed = true
	if m.listener != nil {
		m.listener.Close()
	}
	for c := range m.conns {
		c.Close()
	}
	m.mu.Unlock()
	m.relays.Wait()
}

// hold keeps a connection for close to end. It tells whether there was no close yet.
func (m *loginMeter) hold(c net.Conn) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns[c] = true
	return !m.closed
}

func (m *loginMeter) drop(c net.Conn) {
	m.mu.Lock()
	delete(m.conns, c)
	m.mu.Unlock()
	c.Close()
}

func (m *loginMeter) relay(near net.Conn) {
	defer m.drop(near)
	far, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(context.Background(), "tcp", m.target)
	if err != nil {
		return
	}
	defer m.drop(far)
	if !m.hold(near) || !m.hold(far) {
		return
	}
	var down sync.WaitGroup
	down.Go(func() { pass(near, far, func() {}) })
	pass(far, near, sync.OnceFunc(func() {
		m.mu.Lock()
		m.logins = append(m.logins, time.Now())
		m.mu.Unlock()
	}))
	down.Wait()
}

// pass copies until the end, which it passes on. io.Copy would hold two pipes more for each direction.
func pass(to, from net.Conn, came func()) {
	buf := make([]byte, 4<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			came()
			if _, err := to.Write(buf[:n]); err != nil {
				from.Close()
				return
			}
		}
		if err != nil {
			_ = to.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

// since gives the logins from a time on, in order.
func (m *loginMeter) since(begin time.Time) []time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.logins), func(at time.Time) bool { return at.Before(begin) })
}

// peak gives the most of the times that lie within one second.
func peak(times []time.Time) int {
	slices.SortFunc(times, time.Time.Compare)
	most, first := 0, 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
