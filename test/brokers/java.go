package brokers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/stompgw/stompgw/test/proc"
)

// java is what the brokers have in common that run in Java.
type java struct {
	LogFile string

	dir  string
	path string // of the program
	jvm  *proc.Process
}

// newJava is for a broker with its data in dir.
func newJava(dir string) (java, error) {
	path, err := exec.LookPath("java")
	if err != nil {
		return java{}, fmt.Errorf("java: %w", ErrMissing)
	}
	return java{dir: dir, path: path, LogFile: filepath.Join(dir, "broker.out")}, nil
}

// run starts the broker, and waits until it listens at the addresses.
func (j *java) run(addrs []string, args ...string) error {
	jvm, err := proc.Start(proc.Command{
		Path: j.path, Dir: j.dir, Log: j.LogFile,
		Env:  []string{"HOME=" + j.dir, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"},
		Args: append([]string{"-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + j.dir}, args...),
	})
	if err != nil {
		return err
	}
	j.jvm = jvm
	for _, addr := range addrs {
		if err := proc.AwaitListen(jvm, addr, 3*time.Minute); err != nil {
			return errors.Join(err, j.Kill())
		}
	}
	return nil
}

// Stop shuts the broker down in order and waits until nothing of it is left.
func (j *java) Stop() error {
	err := j.jvm.Stop(30 * time.Second)
	if j.jvm.ExitCode() == 128+15 { // what a JVM returns after SIGTERM, its hooks done
		err = nil
	}
	return errors.Join(err, j.Kill())
}

// Kill ends the broker at once, by SIGKILL to what this test started. Start brings it back.
func (j *java) Kill() error { return j.jvm.Kill() }
