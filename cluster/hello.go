package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// hello is what members say to each other every second, both ways.
type hello struct {
	Instance string `json:"instance"`
	State    state  `json:"state"`
	Port     int    `json:"port"` // where the sender listens, at the address it calls from
	Back     bool   `json:"back"` // it answers a hello of the receiver's
}

const maxHello = 1 << 10

// keepUp greets the peers again and again, until the context ends.
func (c *Cluster) keepUp(ctx context.Context) {
	tick := time.NewTicker(helloInterval)
	defer tick.Stop()
	resolved := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(resolved) >= resolveInterval {
			c.resolve(ctx)
			resolved = time.Now()
		}
		c.greetAll(ctx)
	}
}

// resolve looks the names up that the peers have. Where that fails, what they had
// before stays.
func (c *Cluster) resolve(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, resolveInterval)
	defer cancel()
	var addrs []string
	for _, p := range c.options.Peers {
		name, isName := strings.CutPrefix(p, "dns:")
		if !isName {
			addrs = append(addrs, p)
			continue
		}
		host, port, err := net.SplitHostPort(name)
		if err != nil {
			c.log.Error("cluster: no such peer can be", zap.String("peer", p), zap.Error(err))
			continue
		}
		ips, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			c.log.Warn("cluster: peers not looked up", zap.String("name", host), zap.Error(err))
			return
		}
		for _, ip := range ips {
			addrs = append(addrs, net.JoinHostPort(ip, port))
		}
	}
	c.members.list(addrs)
}

// greetAll says hello to every peer and waits for the answers.
func (c *Cluster) greetAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var all sync.WaitGroup
	for _, p := range c.members.all() {
		all.Go(func() { c.greet(ctx, p, false) })
	}
	all.Wait()
}

func (c *Cluster) greet(ctx context.Context, p *peer, back bool) {
	h, err := c.sayHello(ctx, p.addr, back)
	if err == nil {
		if c.members.heard(p, h) {
			c.log.Info("cluster: a member has come", zap.String("addr", p.addr), zap.String("instance", h.Instance))
		}
		return
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return // it is we who go
	}
	c.notReached(p, err)
}

// notReached notes that a peer did not answer.
func (c *Cluster) notReached(p *peer, cause error) {
	if c.members.failed(p, cause) {
		c.log.Info("cluster: a member has gone", zap.String("addr", p.addr), zap.Error(cause))
	}
}

func (c *Cluster) sayHello(ctx context.Context, addr string, back bool) (hello, error) {
	var theirs hello
	body, err := json.Marshal(c.hello(back))
	if err != nil {
		return theirs, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+addr+helloPath, bytes.NewReader(body))
	if err != nil {
		return theirs, err
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return theirs, err
	}
	defer func() { _ = answer.Body.Close() }() // read to its end
	if answer.StatusCode != http.StatusOK {
		return theirs, fmt.Errorf("hello: %s", answer.Status)
	}
	return theirs, readHello(answer.Body, &theirs)
}

func readHello(body io.Reader, h *hello) error {
	if err := json.NewDecoder(io.LimitReader(body, maxHello)).Decode(h); err != nil {
		return fmt.Errorf("read hello: %w", err)
	}
	if h.Instance == "" || h.Port < 1 || h.Port > 65535 {
		return errors.New("read hello: it does not say who, or where")
	}
	return nil
}

func (c *Cluster) hello(back bool) hello {
	return hello{Instance: c.instance, State: c.members.me(), Port: c.port, Back: back}
}

// takeHello answers a hello, and learns of whoever says it: names take a while to
// show a member that is new. One that joins is known by those it knows before it
// has their answers, so that the sessions it then begins are found by them.
func (c *Cluster) takeHello(w http.ResponseWriter, r *http.Request) {
	var theirs hello
	if err := readHello(r.Body, &theirs); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && theirs.Instance != c.instance {
		p := c.members.called(net.JoinHostPort(from.Addr().Unmap().String(), strconv.Itoa(theirs.Port)), theirs)
		if p != nil && !theirs.Back { // else both would go on and on
			ctx, cancel := context.WithTimeout(r.Context(), answerTimeout/2)
			defer cancel()
			c.greet(ctx, p, true)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(c.hello(true)) // nobody is left to tell
}
