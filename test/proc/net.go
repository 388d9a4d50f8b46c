package proc

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

var given struct {
	sync.Mutex
	ports map[int]bool
}

// FreePort returns a loopback port that nothing listens on. No two calls of one test process return the same. It lies
// below the ports that the kernel gives to outgoing connections, so that it is still free when a broker restarts.
func FreePort() (int, error) {
	given.Lock()
	defer given.Unlock()
	for range 1000 {
		port := 12000 + rand.IntN(20000)
		if given.ports[port] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		if given.ports == nil {
			given.ports = map[int]bool{}
		}
		given.ports[port] = true
		return port, nil
	}
	return 0, errors.New("find a free port: 1000 tries were all taken")
}

// AwaitListen waits until something accepts at addr, and fails early when the process ends.
func AwaitListen(p *Process, addr string, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			c.Close()
			return nil
		}
		select {
		case <-p.Exited():
			return fmt.Errorf("%s ended before it listened on %s: %v; its last output:\n%s", p.name, addr, p.err, Tail(p.log, 30))
		case <-time.After(25 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not listen on %s after %s; its last output:\n%s", p.name, addr, timeout, Tail(p.log, 30))
		}
	}
}
