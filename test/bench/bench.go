package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
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

	mu     sync.Mutex         // guards what follows while repeats run at once
	trials map[string][]trial // by subject
	absent map[string]error   // subjects that are not installed
}

// trial is one slice of one repeat for one subject; Err says why it has no
// result.
type trial struct {
	Repeat int    `json:"repeat"`
	Slice  int    `json:"slice"`
	Result result `json:"result"`
	Err    string `json:"err,omitempty"`
}

func (m *measured) add(b *bench, name string, t trial, err error) {
	if err != nil {
		t.Err = err.Error()
		fmt.Fprintf(b.progress, "%s %s: %v\n", m.figure.key, name, err)
	}
	m.trials[name] = append(m.trials[name], t)
}

// measure repeats f. In each repeat all subjects are started anew; then they
// work in turns, a slice of time each, so that what disturbs the machine
// disturbs them alike.
func (b *bench) measure(ctx context.Context, f figure) *measured {
	m := &measured{figure: f, trials: make(map[string][]trial), absent: make(map[string]error)}
	for repeat := 0; repeat < b.repeats && ctx.Err() == nil; repeat++ {
		// Another subject begins each time: none has always the same forerunner.
		at := repeat % len(f.subjects)
		names := slices.Concat(f.subjects[at:], f.subjects[:at])
		if f.slices > 1 || f.together {
			b.repeat(ctx, m, repeat, names)
			continue
		}
		for _, name := range names {
			b.repeat(ctx, m, repeat, []string{name})
		}
	}
	return m
}

// repeat starts the subjects, has them work in turns, or together where the
// figure says so, and ends them.
func (b *bench) repeat(ctx context.Context, m *measured, repeat int, names []string) {
	f := m.figure
	rigs := make(map[string]*rig)
	var wg sync.WaitGroup
	one := func(name string, r *rig, slice int) {
		res, err := r.slice(ctx)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.add(b, name, trial{Repeat: repeat, Slice: slice, Result: res}, err)
		if err != nil {
			r.stop()
			delete(rigs, name)
			return
		}
		if slice == f.slices-1 {
			fmt.Fprintf(b.progress, "%s %s: %s\n", f.key, name, f.summary(res))
		}
	}
	for _, name := range names {
		if ctx.Err() != nil {
			break
		}
		r, err := b.rig(ctx, f, name)
		m.mu.Lock()
		switch {
		case errors.Is(err, errMissing):
			m.absent[name] = err
		case err != nil:
			m.add(b, name, trial{Repeat: repeat}, err)
		default:
			defer r.stop()
			rigs[name] = r
		}
		m.mu.Unlock()
	}
	for slice := range f.slices {
		for _, name := range names {
			m.mu.Lock()
			r := rigs[name]
			m.mu.Unlock()
			if r == nil || ctx.Err() != nil {
				continue
			}
			if f.together {
				wg.Go(func() { one(name, r, slice) })
			} else {
				one(name, r, slice)
			}
		}
		wg.Wait()
	}
}

func (f figure) summary(r result) string {
	var s bytes.Buffer
	for _, v := range f.values {
		fmt.Fprintf(&s, "%s %s, ", format(v.of(r)), v.unit)
	}
	fmt.Fprintf(&s, "others %.0f %% of a core", 100*r.Others)
	return s.String()
}
