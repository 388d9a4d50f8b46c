package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// idleLoad is many sessions that do nothing, but for heart-beats if asked for.
type idleLoad struct {
	job       job
	all       []*client
	alive     atomic.Int64
	heap, rss float64 // of the subject before
}

func openIdle(ctx context.Context, j job) (load, error) {
	if err := touch(ctx, j); err != nil {
		return nil, err
	}
	l := &idleLoad{job: j}
	var err error
	if l.heap, err = heapInUse(j.Metrics); err != nil {
		return nil, err
	}
	if l.rss, err = readRSS(j.Subject); err != nil {
		return nil, err
	}
	if l.all, err = openAll(ctx, j.To, j.Sessions, j.Rate, j.Beat); err != nil {
		return nil, err
	}
	l.alive.Store(int64(len(l.all)))
	beats := newBeater()
	for _, c := range l.all {
		if j.Beat > 0 {
			every := time.Duration(j.Beat) * time.Millisecond
			beats.add(c.conn, c.message([]byte("\n")), every, time.Duration(rand.Int64N(int64(every))))
		}
		go func() {
			for c.read() == nil {
			}
			l.alive.Add(-1)
		}()
	}
	return l, nil
}

func (l *idleLoad) close() { closeAll(l.all) }

// slice waits, then watches for a while: CPU over the watch, memory at its end.
func (l *idleLoad) slice(ctx context.Context) (result, error) {
	var r result
	if err := wait(ctx, l.job.Wait); err != nil {
		return r, err
	}
	w, err := l.job.begin()
	if err != nil {
		return r, err
	}
	if err := wait(ctx, l.job.Measure); err != nil {
		return r, err
	}
	if err := w.end(&r); err != nil {
		return r, err
	}
	n := float64(len(l.all))
	if r.Alive = int(l.alive.Load()); r.Alive < len(l.all) {
		return r, fmt.Errorf("%d of %d idle sessions ended", len(l.all)-r.Alive, len(l.all))
	}
	rss, err := readRSS(l.job.Subject)
	if err != nil {
		return r, err
	}
	r.RSS = (rss - l.rss) / n
	heap, err := heapInUse(l.job.Metrics)
	r.Heap = (heap - l.heap) / n
	return r, err
}

// touch has the subject serve a few sessions, so that what it sets up once
// is not counted as theirs.
func touch(ctx context.Context, j job) error {
	all, err := openAll(ctx, j.To, min(8, j.Sessions), 0, 0)
	if err != nil {
		return err
	}
	closeAll(all)
	return wait(ctx, time.Second)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// heapInUse asks a Go subject for heap and stacks in use after a collection,
// in bytes; 0 where it has no admin listener.
func heapInUse(base string) (float64, error) {
	if base == "" {
		return 0, nil
	}
	// The heap profile collects first. Twice: pools empty at the second.
	for range 2 {
		if err := get(base+"/debug/pprof/heap?gc=1", io.Discard); err != nil {
			return 0, err
		}
	}
	var sum float64
	var text strings.Builder
	if err := get(base+"/metrics", &text); err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(strings.NewReader(text.String()))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if name == "go_memstats_heap_inuse_bytes" || name == "go_memstats_stack_inuse_bytes" {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, fmt.Errorf("read metric %s: %w", name, err)
			}
			sum += v
		}
	}
	return sum, lines.Err()
}

func get(url string, to io.Writer) error {
	c := http.Client{Timeout: 20 * time.Second}
	resp, err := c.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", url, resp.Status)
	}
	_, err = io.Copy(to, resp.Body)
	return err
}
