package proc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/proc"
)

func start(t *testing.T, script string) *proc.Process {
	t.Helper()
	return startIn(t, t.TempDir(), script)
}

func startIn(t *testing.T, dir, script string) *proc.Process {
	t.Helper()
	p, err := proc.Start(proc.Command{Path: "/bin/sh", Args: []string{"-c", script}, Log: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

// readPid waits until the script has written a process id into the file.
func readPid(t *testing.T, file string) int {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var pid int
		if b, err := os.ReadFile(file); err == nil && strings.HasSuffix(string(b), "\n") {
			if _, err := fmt.Sscan(string(b), &pid); err == nil {
				return pid
			}
		}
	}
	t.Fatalf("no process id in %s", file)
	return 0
}

func gone(pid int) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return true
		}
		// An orphan that nobody has waited for yet is a zombie, which is gone as well.
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(b), ") Z ") {
			return true
		}
	}
	return false
}

func TestKillTakesTheFamily(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	p := start(t, "setsid sh -c 'echo $$ >"+file+"; sleep 60' & sleep 60")
	grandchild := readPid(t, file)
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if !gone(grandchild) {
		t.Errorf("process %d, a descendant with a session of its own, outlived Kill", grandchild)
	}
}

func TestStopReportsTheStatus(t *testing.T) {
	p := start(t, "trap 'exit 3' TERM; echo up; while :; do sleep 0.01; done")
	time.Sleep(50 * time.Millisecond) // until the trap is set; an earlier SIGTERM gives -1, which fails below
	_ = p.Stop(5 * time.Second)
	if got := p.ExitCode(); got != 3 {
		t.Errorf("exit code: got %d, want 3", got)
	}
}

func TestStopKillsTheStubborn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	p := start(t, "trap '' TERM; echo $$ >"+file+"; while :; do sleep 1; done")
	readPid(t, file)
	err := p.Stop(100 * time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("Stop of a process that ignores SIGTERM: got %v, want an error that says it was killed", err)
	}
}

// A test process that is killed closes its end of the watchdog's pipe, as any other of its files.
func TestWatchdogKillsOrphans(t *testing.T) {
	if file := os.Getenv("PROC_TEST_ORPHAN"); file != "" {
		startIn(t, filepath.Dir(file), "echo $$ >"+file+"; sleep 60") // a folder that outlives this process
		time.Sleep(time.Minute)
	}
	file := filepath.Join(t.TempDir(), "pid")
	self, err := proc.Start(proc.Command{
		Path: os.Args[0], Args: []string{"-test.run=^TestWatchdogKillsOrphans$"},
		Env: append(os.Environ(), "PROC_TEST_ORPHAN="+file), Log: filepath.Join(t.TempDir(), "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	orphan := readPid(t, file)
	if err := self.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if !gone(orphan) {
		t.Errorf("process %d outlived the test process that started it", orphan)
	}
	_ = self.Wait(5 * time.Second)
}
