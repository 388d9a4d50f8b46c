package main

import (
	"context"
	"encoding/json"
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
	Size     int           `json:"size"`  // of a body, in bytes
	Chunk    int           `json:"chunk"` // bytes between two receipts
	Rate     int           `json:"rate"`  // sessions opened a second, 0: as fast as it goes
	Beat     int           `json:"beat"`  // heart-beat in milliseconds, 0 for none
	Warm     time.Duration `json:"warm"`
	Measure  time.Duration `json:"measure"`
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

// runGenerator reads a job, does it and writes its result.
func runGenerator(in io.Reader, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	do, ok := map[string]func(context.Context, job) (result, error){
		"rtt": measureRTT, "loop": measureLoop, "in": measureIn, "out": measureOut, "idle": measureIdle,
		"topic-rtt": measureTopicRTT, "topic-rate": measureTopicRate,
	}[j.Kind]
	if !ok {
		return fmt.Errorf("unknown kind of job %q", j.Kind)
	}
	r, err := do(ctx, j)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
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
