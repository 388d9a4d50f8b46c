package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// anyCore as a placement leaves a process to the scheduler.
const anyCore = -1

// process is one child of the benchmark, the leader of its own process group.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string // its output
	done chan struct{}
}

// command says how to start a process.
type command struct {
	name string
	args []string // args[0] is the program
	env  []string // added to the benchmark's own
	core int      // pinned there with taskset, or anyCore
}

// start runs c with its output in a file under dir. The caller owns the
// process and ends it with stop.
func start(dir string, c command) (*process, error) {
	args := c.args
	if c.core != anyCore {
		args = append([]string{"taskset", "-c", strconv.Itoa(c.core)}, args...)
	}
	f, err := os.CreateTemp(dir, c.name+"-*.log")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = f, f
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	p := &process{name: c.name, cmd: cmd, log: f.Name(), done: make(chan struct{})}
	go p.wait()
	return p, nil
}

func (p *process) wait() {
	_ = p.cmd.Wait() // the exit status of a process told to end says nothing
	close(p.done)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks the process to end, and ends its whole group two seconds later.
// A nil process is already stopped.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = syscall.Kill(p.pid(), syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(2 * time.Second):
	}
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
	<-p.done
}

// tail is the end of the process's output, for an error message.
func (p *process) tail() string {
	b, _ := os.ReadFile(p.log)
	if len(b) > 600 {
		b = b[len(b)-600:]
	}
	return strings.TrimSpace(string(b))
}

// waitListening returns once addr accepts, or says why the process behind it
// does not.
func waitListening(ctx context.Context, p *process, addr string, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.done:
			return fmt.Errorf("%s ended at once: %s", p.name, p.tail())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not listen on %s: %s", p.name, addr, p.tail())
		}
	}
}

// freeAddr is a loopback address nobody listened on a moment ago.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// errMissing marks a rival that is not installed.
var errMissing = errors.New("not installed")

// program finds a rival's program, also in the folders of the superuser.
func program(names ...string) (string, error) {
	for _, n := range names {
		if filepath.IsAbs(n) {
			if _, err := os.Stat(n); err == nil {
				return n, nil
			}
		} else if p, err := exec.LookPath(n); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s: %w", filepath.Base(names[0]), errMissing)
}
