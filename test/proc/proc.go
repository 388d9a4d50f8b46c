// Package proc runs the programs that the tests need as child processes which never outlive the test.
//
// Each child leads a process group of its own. A watchdog holds the other end of a pipe and kills that group when the
// test process is gone, however it went, so that a test that is interrupted or times out leaves no broker behind.
package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Command says what to run.
type Command struct {
	Path string   // program, looked up in PATH when it holds no slash
	Args []string // without the program's own name
	Env  []string // the whole environment, "NAME=value"; nil means the test's own
	Dir  string   // working directory; empty means the test's own
	Log  string   // file that takes stdout and stderr; it is created or appended to
}

// Process is a running child. Its methods may be called from any goroutine.
type Process struct {
	// Set once by Start.
	name     string
	log      string
	cmd      *exec.Cmd
	watchdog *exec.Cmd
	leash    *os.File // write end of the watchdog's stdin
	exited   chan struct{}
	err      error // of Wait; read after exited is closed

	release sync.Once
}

var raiseFileLimit = sync.OnceFunc(func() {
	var lim syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim) == nil && lim.Cur < lim.Max {
		lim.Cur = lim.Max
		// Setting it explicitly also stops the Go runtime from handing children the old soft limit.
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim)
	}
})

// Start runs the command in a process group of its own. The caller ends it with Stop or Kill.
func Start(c Command) (*Process, error) {
	raiseFileLimit()
	name := filepath.Base(c.Path)
	out, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer out.Close()
	// The watchdog is there first, so that no child is ever without one.
	watchdog, leash, err := startWatchdog()
	if err != nil {
		return nil, fmt.Errorf("start %s: watchdog: %w", name, err)
	}
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = c.Env, c.Dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &Process{name: name, log: c.Log, cmd: cmd, watchdog: watchdog, leash: leash, exited: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		p.free()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	fmt.Fprintln(leash, p.Pid())
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// startWatchdog starts a shell that is told a process group and kills it once the returned file is closed.
func startWatchdog() (*exec.Cmd, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	dog := exec.Command("/bin/sh", "-c", `read -r group && { read -r _; kill -s KILL -- "-$group" 2>/dev/null; }`)
	dog.Stdin = r
	dog.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := dog.Start(); err != nil {
		w.Close()
		return nil, nil, err
	}
	return dog, w, nil
}

// Pid is the child's process id, which is also its process group's.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Exited is closed when the child has ended and was waited for.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Stop sends SIGTERM to the child and waits for it; after the grace it is killed, which is an error. It returns the
// child's exit error, nil for status 0.
func (p *Process) Stop(grace time.Duration) error {
	select {
	case <-p.exited:
	default:
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	return p.end(grace, " of SIGTERM")
}

// Wait waits for a child that ends by itself, and kills it after the timeout. It returns the child's exit error.
func (p *Process) Wait(timeout time.Duration) error {
	return p.end(timeout, "")
}

// end waits for the child's end, and kills it after the time. of completes "within 5s".
func (p *Process) end(within time.Duration, of string) error {
	select {
	case <-p.exited:
		p.free()
		return p.err
	case <-time.After(within):
		_ = p.Kill()
		return fmt.Errorf("%s did not end within %s%s and was killed; its last output:\n%s", p.name, within, of, Tail(p.log, 30))
	}
}

// Signal sends a signal to the child alone.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Kill sends SIGKILL to the child's process group and to every process that descends from it, and waits until all
// are gone.
func (p *Process) Kill() error {
	family := descendants(p.Pid())
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL)
	for _, d := range family {
		d.kill()
	}
	<-p.exited
	deadline := time.Now().Add(10 * time.Second)
	for _, d := range family {
		for d.alive() {
			if time.Now().After(deadline) {
				p.free()
				return fmt.Errorf("kill %s: process %d is still there", p.name, d.pid)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	p.free()
	return nil
}

// free lets the watchdog go, which takes with it whatever is left of the group.
func (p *Process) free() {
	p.release.Do(func() {
		p.leash.Close()
		_ = p.watchdog.Wait()
	})
}

// ExitCode is the child's exit status, -1 while it runs or when a signal ended it.
func (p *Process) ExitCode() int {
	select {
	case <-p.exited:
		var exit *exec.ExitError
		if errors.As(p.err, &exit) {
			return exit.ExitCode()
		}
		if p.err == nil {
			return 0
		}
	default:
	}
	return -1
}
