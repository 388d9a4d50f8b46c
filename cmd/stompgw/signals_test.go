//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

// program runs this binary as stompgw.
func program(t *testing.T, environ ...string) (*exec.Cmd, *output, <-chan error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr output
	cmd := exec.Command(self)
	cmd.Env = append([]string{asProgram + "=1", "STOMPGW_LISTEN=127.0.0.1:0", "STOMPGW_ADMIN_LISTEN=127.0.0.1:0"}, environ...)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	eventually.True(t, "the program to serve", func() bool { return stderr.line("serving") != nil })
	return cmd, &stderr, done
}

func TestSignals(t *testing.T) {
	broker := silentBroker(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(fmt.Sprint("one ", sig), func(t *testing.T) {
			cmd, stderr, done := program(t, "STOMPGW_BROKERS=tcp://"+broker.Addr().String(), "STOMPGW_DRAIN_DELAY=0s", "STOMPGW_DRAIN_SPREAD=0s")
			c, status := browser(t, fmt.Sprint(stderr.line("serving")["listen"]))
			if status != "101" {
				t.Fatalf("got %s", status)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			wantClose(t, c, 1001)
			c.Close()
			if err := eventually.Receive(t, "the program ends", done); err != nil {
				t.Errorf("got %v, want exit status 0; log:\n%s", err, stderr.String())
			}
		})
		t.Run(fmt.Sprint("two ", sig), func(t *testing.T) {
			cmd, stderr, done := program(t, "STOMPGW_BROKERS=tcp://"+broker.Addr().String(), "STOMPGW_DRAIN_DELAY=1h", "STOMPGW_DRAIN_TIMEOUT=2h")
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			eventually.True(t, "draining", func() bool { return stderr.line("draining") != nil })
			// The first signal's handler goes a moment after draining began.
			deadline := time.After(patience)
			for {
				_ = cmd.Process.Signal(sig) // it may have ended
				select {
				case <-done:
					state := cmd.ProcessState.Sys().(syscall.WaitStatus)
					if !state.Signaled() || state.Signal() != sig {
						t.Errorf("got %v, want an end by the signal", cmd.ProcessState)
					}
					return
				case <-deadline:
					t.Fatal("the second signal does not end it")
				case <-time.After(50 * time.Millisecond):
				}
			}
		})
	}
}
