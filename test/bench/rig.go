package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"time"
)

// rig is a subject with what stands behind it and the generator in front.
type rig struct {
	name    string
	job     job
	backend *process // nil where a real broker stands behind
	relay   relay
	gen     *exec.Cmd
	ask     io.WriteCloser // a line to it starts a slice
	answers *bufio.Reader
	said    bytes.Buffer // by the generator, of what went wrong
}

// rig starts all of it. The caller stops it.
func (b *bench) rig(ctx context.Context, f figure, name string) (*rig, error) {
	subjectCore, otherCore := f.place.cores()
	r := &rig{name: name, job: f.job}
	if err := b.assemble(ctx, r, f, subjectCore, otherCore); err != nil {
		r.stop()
		return nil, err
	}
	if err := r.startGenerator(b, otherCore); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// assemble starts the broker or backend and the subject.
func (b *bench) assemble(ctx context.Context, r *rig, f figure, subjectCore, otherCore int) error {
	var backend string
	var err error
	if f.broker {
		if err := b.startBroker(ctx); err != nil {
			return err
		}
		backend = b.broker.stomp
	} else {
		if r.backend, backend, err = b.startBackend(ctx, otherCore); err != nil {
			return err
		}
		r.job.Backend = r.backend.pid()
	}
	if r.name == webStomp {
		r.job.To = b.broker.webStomp()
		return nil
	}
	s, err := subjectNamed(r.name)
	if err != nil {
		return err
	}
	if r.relay, err = b.startSubject(ctx, s, backend, subjectCore, f.tls); err != nil {
		return err
	}
	r.job.To, r.job.Subject = r.relay.to, r.relay.pid()
	if s.slow {
		r.job.Sessions, r.job.Chunk = min(r.job.Sessions, 200), min(r.job.Chunk, 16<<10)
	}
	if r.job.Kind == "idle" && r.job.Beat == 0 {
		r.job.Metrics = r.relay.metrics
	}
	return nil
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

func (r *rig) startGenerator(b *bench, core int) error {
	args := []string{b.self, "generate"}
	if core != anyCore {
		args = append([]string{"taskset", "-c", strconv.Itoa(core)}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = &r.said
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start generator: %w", err)
	}
	r.gen, r.ask, r.answers = cmd, in, bufio.NewReader(out)
	return json.NewEncoder(in).Encode(r.job)
}

// slice has the generator work once. One that takes far too long is ended.
func (r *rig) slice(ctx context.Context) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, r.job.Wait+r.job.Measure+2*time.Minute)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = r.gen.Process.Kill() })()
	var res result
	_, err := io.WriteString(r.ask, "go\n")
	if err == nil {
		var line []byte
		if line, err = r.answers.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &res)
		}
	}
	if err != nil {
		r.endGenerator()
		err = errors.Join(ctx.Err(), fmt.Errorf("generator: %w: %s", err, bytes.TrimSpace(r.said.Bytes())))
		if r.relay.proc != nil {
			err = fmt.Errorf("%w; %s says %q", err, r.name, r.relay.proc.tail())
		}
	}
	return res, err
}

// endGenerator lets it end by itself, for a while.
func (r *rig) endGenerator() {
	if r.gen == nil {
		return
	}
	_ = r.ask.Close()
	late := time.AfterFunc(5*time.Second, func() { _ = r.gen.Process.Kill() })
	defer late.Stop()
	_ = r.gen.Wait() // what went wrong, it has said
	r.gen = nil
}

// stop ends all of it; twice is once.
func (r *rig) stop() {
	r.endGenerator()
	r.relay.proc.stop()
	r.backend.stop()
	r.relay.proc, r.backend = nil, nil
}
