package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// job is one measurement for one subject, read by the generator process.
type job struct {
	Kind     string        `json:"kind"` // rtt, loop, in, out, idle, topic-rtt, topic-rate
	To       target        `json:"to"`
	Subject  int           `json:"subject"` // its process, 0 for none
	Backend  int           `json:"backend"` // its process, 0 for none
	Sessions int           `json:"sessions"`
	Size     int           `json:"size"`    // of a body, in bytes
	Chunk    int           `json:"chunk"`   // bytes between two receipts
	Rate     int           `json:"rate"`    // sessions opened a second, 0: as fast as it goes
	Beat     int           `json:"beat"`    // heart-beat in milliseconds, 0 for none
	Wait     time.Duration `json:"wait"`    // before idle sessions are judged
	Measure  time.Duration `json:"measure"` // a slice
	Metrics  string        `json:"metrics"` // base URL of the subject's admin listener, "" for none
}

// result is what the generator measured.
type result struct {
	Frames  int64         `json:"frames"` // relayed in the window
	Bytes   int64         `json:"bytes"`  // of bodies relayed in the window
	Elapsed time.Duration `json:"elapsed"`
	CPU     usage         `json:"cpu"`    // of the subject in the window
	Others  float64       `json:"others"` // cores busy with what is none of the benchmark's
	P50     time.Duration `json:"p50"`
	P99     time.Duration `json:"p99"`
	RSS     float64       `json:"rss"`  // user memory a session, bytes
	Heap    float64       `json:"heap"` // heap and stacks in use a session, bytes; 0 where the subject does not say
	Alive   int           `json:"alive"`
}

// load is a job under way: its sessions are open.
type load interface {
	// slice works for a while (job.Measure) and leaves the sessions idle.
	slice(ctx context.Context) (result, error)
	close()
}

// runGenerator reads a job and sets it up. Then, for each line it reads, it works
// for a slice of time and writes a result. It ends with the input.
func runGenerator(in io.Reader, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	lines := bufio.NewScanner(in)
	if !lines.Scan() {
		return fmt.Errorf("read job: %w", errors.Join(lines.Err(), io.ErrUnexpectedEOF))
	}
	var j job
	if err := json.Unmarshal(lines.Bytes(), &j); err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	open, ok := loads[j.Kind]
	if !ok {
		return fmt.Errorf("unknown kind of job %q", j.Kind)
	}
	l, err := open(ctx, j)
	if err != nil {
		return err
	}
	defer l.close()
	for lines.Scan() {
		r, err := l.slice(ctx)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

// loads open what a kind of job needs.
var loads = map[string]func(context.Context, job) (load, error){
	"rtt": openRTT, "loop": openLoop, "in": openIn, "out": openOut, "idle": openIdle,
	"topic-rtt": openTopicRTT, "topic-rate": openTopicRate,
}

// window measures what the subject uses between begin and end.
type window struct {
	j       job
	at      time.Time
	subject usage
	busy    time.Duration // of the whole machine
	ours    time.Duration // of subject, backend and generator
}

func (j job) begin() (window, error) {
	w := window{j: j, at: time.Now()}
	var err error
	if j.Subject > 0 {
		if w.subject, err = readUsage(j.Subject); err != nil {
			return w, err
		}
	}
	w.ours = w.subject.CPU
	for _, pid := range []int{os.Getpid(), j.Backend} {
		if pid > 0 {
			cpu, err := cpuClock(pid)
			if err != nil {
				return w, fmt.Errorf("read CPU clock of process %d: %w", pid, err)
			}
			w.ours += cpu
		}
	}
	w.busy, err = machineBusy()
	return w, err
}

func (w window) end(r *result) error {
	v, err := w.j.begin()
	if err != nil {
		return err
	}
	r.Elapsed = v.at.Sub(w.at)
	r.CPU = v.subject.sub(w.subject)
	r.Others = max(0, float64((v.busy-w.busy)-(v.ours-w.ours))/float64(r.Elapsed))
	return nil
}
