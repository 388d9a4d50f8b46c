package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// bench runs the figures; its fields are set once.
type bench struct {
	self       string // this program, started anew as generator, backend and copy
	dir        string // for logs and configurations, removed at the end
	gateway    string // the built gateway, "" where there is none
	gatewayErr error  // why there is none
	before     string // another build of it, "" for none
	gatewayEnv []string
	repeats    int
	progress   io.Writer
	broker     *rabbit // started when first needed
}

// measured is what one figure gave.
type measured struct {
	figure figure
	runs   map[string][]trial // by subject, in the order of the repeats
	absent map[string]error   // subjects that could not be started
}

// trial is one repeat for one subject; Err says why it has no result.
type trial struct {
	Repeat int    `json:"repeat"`
	Result result `json:"result"`
	Err    string `json:"err,omitempty"`
}

// measure repeats f for its subjects in turn, so that what disturbs the
// machine disturbs them alike.
func (b *bench) measure(ctx context.Context, f figure) measured {
	m := measured{figure: f, runs: make(map[string][]trial), absent: make(map[string]error)}
	var mu sync.Mutex // guards m
	var wg sync.WaitGroup
	one := func(repeat int, name string) {
		r, err := b.once(ctx, f, name)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case errors.Is(err, errMissing):
			m.absent[name] = err
		case err != nil:
			fmt.Fprintf(b.progress, "%s %s: %v\n", f.key, name, err)
			m.runs[name] = append(m.runs[name], trial{Repeat: repeat, Err: err.Error()})
		default:
			fmt.Fprintf(b.progress, "%s %s: %s\n", f.key, name, f.summary(r))
			m.runs[name] = append(m.runs[name], trial{Repeat: repeat, Result: r})
		}
	}
	for repeat := range b.repeats {
		for i := range f.subjects {
			// Another one begins each time: none has always the same forerunner.
			name := f.subjects[(i+repeat)%len(f.subjects)]
			mu.Lock()
			missing := m.absent[name] != nil
			mu.Unlock()
			if missing || ctx.Err() != nil {
				continue
			}
			if f.together {
				wg.Go(func() { one(repeat, name) })
			} else {
				one(repeat, name)
			}
		}
	}
	wg.Wait()
	return m
}

func (f figure) summary(r result) string {
	var s bytes.Buffer
	for _, v := range f.values {
		fmt.Fprintf(&s, "%s %s, ", format(v.of(r)), v.unit)
	}
	fmt.Fprintf(&s, "others %.0f %% of a core", 100*r.Others)
	return s.String()
}

// once starts what stands behind the subject, the subject and the generator,
// and ends them all.
func (b *bench) once(ctx context.Context, f figure, name string) (result, error) {
	subjectCore, otherCore := f.place.cores()
	j := f.job
	var backendAddr string
	if f.broker {
		if err := b.startBroker(ctx); err != nil {
			return result{}, err
		}
		backendAddr = b.broker.stomp
	} else {
		p, addr, err := b.startBackend(ctx, otherCore)
		if err != nil {
			return result{}, err
		}
		defer p.stop()
		backendAddr, j.Backend = addr, p.pid()
	}
	if name == webStomp {
		j.To = b.broker.webStomp()
		return b.generate(ctx, j, otherCore)
	}
	s, err := subjectNamed(name)
	if err != nil {
		return result{}, err
	}
	r, err := b.startSubject(ctx, s, backendAddr, subjectCore)
	if err != nil {
		return result{}, err
	}
	defer r.proc.stop()
	j.To, j.Subject = r.to, r.pid()
	if s.slow {
		j.Sessions, j.Chunk = min(j.Sessions, 200), min(j.Chunk, 128<<10)
	}
	if j.Kind == "idle" && j.Beat == 0 {
		j.Metrics = r.metrics
	}
	res, err := b.generate(ctx, j, otherCore)
	if err != nil && r.proc != nil {
		err = fmt.Errorf("%w; %s says %q", err, name, r.proc.tail())
	}
	return res, err
}

func (b *bench) startBackend(ctx context.Context, core int) (*process, string, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, "", err
	}
	p, err := start(b.dir, command{name: "backend", args: []string{b.self, "backend", addr}, core: core})
	if err != nil {
		return nil, "", err
	}
	if err := waitListening(ctx, p, addr, 10*time.Second); err != nil {
		p.stop()
		return nil, "", err
	}
	return p, addr, nil
}

// generate runs the job in a process of its own, with a limit on its time.
func (b *bench) generate(ctx context.Context, j job, core int) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, j.Warm+j.Measure+2*time.Minute)
	defer cancel()
	args := []string{b.self, "generate"}
	if core != anyCore {
		args = append([]string{"taskset", "-c", strconv.Itoa(core)}, args...)
	}
	in, err := json.Marshal(j)
	if err != nil {
		return result{}, err
	}
	var out, msg bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &msg
	if err := cmd.Run(); err != nil {
		return result{}, fmt.Errorf("generator: %w: %s", err, bytes.TrimSpace(msg.Bytes()))
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return result{}, fmt.Errorf("read the generator's result: %w", err)
	}
	return r, nil
}
