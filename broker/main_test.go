package broker

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// listen gives a listener that takes connections and keeps them open until the
// test ends, and its address.
func listen(t *testing.T) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepting(t, l)
	return l, l.Addr().String()
}

func accepting(t *testing.T, l net.Listener) {
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	})
	t.Cleanup(func() { l.Close(); done.Wait() })
}

// refusing gives an address at which nothing listens.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// blackHole gives an address that takes no connection and refuses none: a
// listener whose queue is full.
func blackHole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}).String()
	for range 10 {
		c, err := net.DialTimeout("tcp", addr, 300*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this system takes connections beyond a full queue, so the test has no black hole")
	return ""
}

// attempts counts the attempts at each endpoint.
type attempts struct {
	mu    sync.Mutex
	count map[string]int
	took  map[string]time.Duration
	errs  map[string]error
}

func (a *attempts) note(endpoint string, took time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count[endpoint]++
	a.took[endpoint], a.errs[endpoint] = took, err
}

func (a *attempts) of(addr string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count["tcp://"+addr] + a.count["tls://"+addr]
}

// newSet makes a set of plain endpoints that counts its attempts.
func newSet(t *testing.T, change func(*Options), addrs ...string) (*Set, *attempts) {
	t.Helper()
	a := &attempts{count: map[string]int{}, took: map[string]time.Duration{}, errs: map[string]error{}}
	o := Options{DialTimeout: patience, BackoffMin: time.Hour, BackoffMax: time.Hour, WriteLimit: patience, OnDial: a.note}
	for _, addr := range addrs {
		o.Endpoints = append(o.Endpoints, Endpoint{Address: addr})
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

// dial connects and closes again; it gives where it got to.
func dial(t *testing.T, s *Set) string {
	t.Helper()
	c, target, err := s.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	return target.Address
}
