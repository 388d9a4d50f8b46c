// Package faultproxy is a TCP relay that misbehaves when told to: it stalls, drips byte by byte, resets, or forgets
// to say that an end is gone.
package faultproxy

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// Direction of bytes through the relay.
type Direction int

const (
	Up   Direction = iota // from the client that dialled to the target
	Down                  // from the target to the client
)

// receiveBuffer is what the kernel takes for the relay of each connection, in bytes. Left alone it would grow to tens
// of MiB, and a relay that stalls would not make its sender wait.
const receiveBuffer = 256 << 10

// Proxy relays connections to one target. Its faults hold for all of its connections, open and to come.
type Proxy struct {
	Addr string // host:port that clients dial

	target   string
	listener net.Listener
	workers  sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	closed  bool
	stalled [2]bool
	drip    [2]time.Duration // wait after each byte; 0 means whole reads
	mute    bool             // an end that closes is not told to the other
	pairs   map[*pair]bool
	carried [2]int64
	record  bool
	heard   []*[]byte // what was carried up, by connection, where record says so
}

type pair struct{ ends [2]*net.TCPConn } // ends[Up] leads to the target, ends[Down] to the client

// Start relays to the target until the test ends.
func Start(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, listener: l, pairs: map[*pair]bool{}}
	p.changed = sync.NewCond(&p.mu)
	p.workers.Add(1)
	go p.accept()
	t.Cleanup(p.Close)
	return p
}

// Close ends the relay and its connections.
func (p *Proxy) Close() {
	p.set(func() { p.closed = true })
	p.listener.Close()
	p.CloseAll()
	p.workers.Wait()
}

// Stall stops reading in the direction, so that the sender's writes block in the end, until Resume.
func (p *Proxy) Stall(d Direction) { p.set(func() { p.stalled[d] = true }) }

// Resume ends Stall.
func (p *Proxy) Resume(d Direction) { p.set(func() { p.stalled[d] = false }) }

// Drip passes single bytes with a wait after each; 0 wait means one byte a write without a pause.
func (p *Proxy) Drip(d Direction, wait time.Duration) {
	p.set(func() { p.drip[d] = max(wait, time.Nanosecond) })
}

// Blackhole stalls both directions and keeps the end of either side from the other, as a network that is cut does.
func (p *Proxy) Blackhole() {
	p.set(func() { p.stalled, p.mute = [2]bool{true, true}, true })
}

// Reset ends all connections with a TCP reset to both sides.
func (p *Proxy) Reset() {
	p.each(func(c *net.TCPConn) { _ = c.SetLinger(0) })
	p.CloseAll()
}

// CloseAll ends all connections in order, with FIN.
func (p *Proxy) CloseAll() { p.each(func(c *net.TCPConn) { _ = c.Close() }) }

// Record keeps what clients send, of the connections to come.
func (p *Proxy) Record() { p.set(func() { p.record = true }) }

// Heard gives what clients have sent since Record, of each connection.
func (p *Proxy) Heard() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all [][]byte
	for _, h := range p.heard {
		all = append(all, bytes.Clone(*h))
	}
	return all
}

// Carried is the number of bytes passed on in the direction so far.
func (p *Proxy) Carried(d Direction) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.carried[d]
}

// Open is the number of connections that are relayed now.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pairs)
}

func (p *Proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	p.changed.Broadcast()
}

func (p *Proxy) each(do func(*net.TCPConn)) {
	p.mu.Lock()
	var all []*net.TCPConn
	for pr := range p.pairs {
		all = append(all, pr.ends[Up], pr.ends[Down])
	}
	p.mu.Unlock()
	for _, c := range all {
		do(c)
	}
}

func (p *Proxy) accept() {
	defer p.workers.Done()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		target, err := net.DialTimeout("tcp", p.target, 5*time.Second)
		if err != nil {
			client.Close()
			continue
		}
		_ = client.(*net.TCPConn).SetReadBuffer(receiveBuffer)
		_ = target.(*net.TCPConn).SetReadBuffer(receiveBuffer)
		pr := &pair{[2]*net.TCPConn{target.(*net.TCPConn), client.(*net.TCPConn)}}
		p.set(func() { p.pairs[pr] = true })
		var both sync.WaitGroup
		both.Add(2)
		p.workers.Add(2)
		for _, d := range []Direction{Up, Down} {
			go func() {
				defer p.workers.Done()
				p.pump(pr.ends[1-d], pr.ends[d], d)
				both.Done()
				if d == Up {
					both.Wait()
					p.set(func() { delete(p.pairs, pr) })
				}
			}()
		}
	}
}

// pump passes bytes from one connection to the other until either ends, then ends the other unless that is muted.
func (p *Proxy) pump(from, to *net.TCPConn, d Direction) {
	buf := make([]byte, 64<<10)
	heard := p.hear(d)
	for p.wait(d) {
		n, err := from.Read(buf)
		if !p.wait(d) {
			break
		}
		if heard != nil {
			p.set(func() { *heard = append(*heard, buf[:n]...) })
		}
		if n > 0 && !p.pass(to, buf[:n], d) {
			break
		}
		if err != nil {
			break
		}
	}
	p.mu.Lock()
	for p.mute && !p.closed {
		p.changed.Wait()
	}
	p.mu.Unlock()
	from.Close()
	to.Close()
}

// hear makes room for what a connection carries, nil where nobody wants it.
func (p *Proxy) hear(d Direction) (heard *[]byte) {
	p.set(func() {
		if p.record && d == Up {
			heard = new([]byte)
			p.heard = append(p.heard, heard)
		}
	})
	return heard
}

func (p *Proxy) pass(to *net.TCPConn, b []byte, d Direction) bool {
	p.mu.Lock()
	drip := p.drip[d]
	p.carried[d] += int64(len(b))
	p.mu.Unlock()
	if drip == 0 {
		_, err := to.Write(b)
		return err == nil
	}
	for i := range b {
		if _, err := to.Write(b[i : i+1]); err != nil {
			return false
		}
		time.Sleep(drip)
	}
	return true
}

// wait blocks while the direction is stalled and says whether to go on.
func (p *Proxy) wait(d Direction) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.stalled[d] && !p.closed {
		p.changed.Wait()
	}
	return !p.closed
}
