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
	Joining  bool   `json:"joining,omitempty"` // the state is joining; State says ready, because members of before know no other
	Port     int    `json:"port"`              // where the sender listens, at the address it calls from
	Back     bool   `json:"back"`              // it answers a hello of the receiver's
	// Members are where others have answered the sender: two that join at the same
	// time learn of each other, though no name shows them yet.
	Members []string `json:"members,omitempty"`
}

const maxHello = 64 << 10

// join looks for the members that there are, so that what they have is found from
// the first request on. It gives each, and each name to show one, the time of two
// answers, and tells whether all have answered.
func (c *Cluster) join(ctx context.Context) (all bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*c.options.answerTimeout)
	defer cancel()
	for ctx.Err() == nil {
		resolved := c.resolve(ctx)
		c.greetAll(ctx)
		missing := c.members.missing()
		if resolved && len(missing) == 0 {
			return true
		}
		if len(missing) > 0 {
			c.log.Warn("cluster: not all members answer", zap.Strings("silent", missing))
		}
		select {
		case <-ctx.Done():
		case <-time.After(helloInterval):
		}
	}
	return false
}

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

// resolve looks the names up that the peers have, and tells whether each has an
// address: where one has none, members that start now may not be shown yet. Where
// a look-up fails, what there was before stays.
func (c *Cluster) resolve(ctx context.Context) (ok bool) {
	ctx, cancel := context.WithTimeout(ctx, resolveInterval)
	defer cancel()
	ok = true
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
		ips, err := c.options.lookup(ctx, host)
		if err != nil {
			ok = false
			c.log.Warn("cluster: peers not looked up", zap.String("name", host), zap.Error(err))
			var failed *net.DNSError
			if !errors.As(err, &failed) || !failed.IsNotFound {
				return false
			}
		}
		for _, ip := range ips {
			addrs = append(addrs, net.JoinHostPort(ip, port))
		}
	}
	c.members.list(addrs)
	return ok
}

// greetAll says hello to every peer, those that their answers tell of with them,
// and waits for the answers.
func (c *Cluster) greetAll(ctx context.Context) {
	greeted := map[*peer]bool{}
	for before := -1; before < len(greeted); {
		before = len(greeted)
		var all sync.WaitGroup
		for _, p := range c.members.all() {
			if !greeted[p] {
				greeted[p] = true
				all.Go(func() { c.greet(ctx, p, false) })
			}
		}
		all.Wait()
	}
}

// greet says hello to a peer. back says that it is because that one has.
func (c *Cluster) greet(ctx context.Context, p *peer, back bool) {
	limited, cancel := context.WithTimeout(ctx, c.options.answerTimeout)
	defer cancel()
	asked := time.Now()
	h, err := c.sayHello(limited, p.addr, back)
	if err == nil {
		if c.members.heard(p, asked, h) {
			c.log.Info("cluster: a member has come", zap.String("addr", p.addr), zap.String("instance", h.Instance))
		}
		return
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return // it is we who go
	}
	c.notReached(p, asked, err)
}

// notReached notes that a peer did not answer what it was asked at a time.
func (c *Cluster) notReached(p *peer, asked time.Time, cause error) {
	if c.members.failed(p, asked, cause) {
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
	if h.Joining && h.State == ready {
		h.State = joining
	}
	return nil
}

func (c *Cluster) hello(back bool) hello {
	mine := c.members.me()
	return hello{Instance: c.instance, State: max(mine, ready), Joining: mine == joining, Port: c.port, Back: back, Members: c.members.reached()}
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
			c.greet(r.Context(), p, true)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(c.hello(true)) // nobody is left to tell
}
