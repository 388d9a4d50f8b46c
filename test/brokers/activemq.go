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

const activeHome = "/usr/share/activemq"

// ActiveMQ is a running ActiveMQ Classic. Addresses are host:port on loopback.
type ActiveMQ struct {
	STOMP, STOMPNIO, STOMPTLS string
	Admin                     User // all rights
	Other                     User // may use queues and topics as well
	Certs                     *Certs
	LogFile                   string

	dir  string
	java string
	jvm  *proc.Process
}

// StartActiveMQ starts a broker with its data in dir and waits until it accepts STOMP. The cause of the error is
// ErrMissing when ActiveMQ or Java is not installed. The caller ends it with Stop or Kill.
func StartActiveMQ(dir string) (*ActiveMQ, error) {
	if err := needs(activeHome + "/bin/activemq.jar"); err != nil {
		return nil, fmt.Errorf("start ActiveMQ: %w", err)
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, fmt.Errorf("start ActiveMQ: java: %w", ErrMissing)
	}
	a := &ActiveMQ{
		dir: dir, java: java, LogFile: filepath.Join(dir, "activemq.out"),
		Admin: User{"admin", "admin secret", "localhost"}, Other: User{"other", "other secret", "localhost"},
	}
	certs, err := NewCerts(filepath.Join(dir, "certs"))
	if err != nil {
		return nil, fmt.Errorf("configure ActiveMQ: %w", err)
	}
	a.Certs = certs
	if err := listeners(&a.STOMP, &a.STOMPNIO, &a.STOMPTLS); err != nil {
		return nil, err
	}
	if err := write(dir, map[string]string{"conf/activemq.xml": a.xml(), "conf/log4j.properties": log4j}); err != nil {
		return nil, fmt.Errorf("configure ActiveMQ: %w", err)
	}
	if err := a.Start(); err != nil {
		return nil, err
	}
	return a, nil
}

// Start starts a broker that was stopped or killed again, on the same addresses. Its messages are kept in memory
// only, so they are gone.
func (a *ActiveMQ) Start() error {
	conf := filepath.Join(a.dir, "conf")
	jvm, err := proc.Start(proc.Command{
		Path: a.java, Dir: a.dir, Log: a.LogFile,
		Env: []string{"HOME=" + a.dir, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"},
		Args: []string{
			"-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + a.dir,
			"--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.net=ALL-UNNAMED",
			"-Dactivemq.home=" + activeHome, "-Dactivemq.base=" + a.dir, "-Dactivemq.conf=" + conf,
			"-Dactivemq.data=" + filepath.Join(a.dir, "data"), "-Dactivemq.classpath=" + conf,
			"-Dlog4j.configuration=file:" + filepath.Join(conf, "log4j.properties"),
			"-jar", activeHome + "/bin/activemq.jar", "start", "xbean:file:" + filepath.Join(conf, "activemq.xml"),
		},
	})
	if err != nil {
		return fmt.Errorf("start ActiveMQ: %w", err)
	}
	a.jvm = jvm
	for _, addr := range []string{a.STOMP, a.STOMPNIO, a.STOMPTLS} {
		if err := proc.AwaitListen(jvm, addr, 90*time.Second); err != nil {
			return errors.Join(fmt.Errorf("start ActiveMQ: %w", err), a.Kill())
		}
	}
	for _, addr := range []string{a.STOMP, a.STOMPNIO} {
		if err := awaitAnswer(addr, "", a.Admin, 60*time.Second); err != nil {
			return errors.Join(fmt.Errorf("start ActiveMQ: %w", err), a.Kill())
		}
	}
	return nil
}

// Stop shuts the broker down in order and waits until nothing of it is left.
func (a *ActiveMQ) Stop() error {
	err := a.jvm.Stop(30 * time.Second)
	if a.jvm.ExitCode() == 128+15 { // what a JVM returns after SIGTERM, its hooks done
		err = nil
	}
	return errors.Join(err, a.Kill())
}

// Kill ends the broker at once, by SIGKILL to what this test started. Start brings it back.
func (a *ActiveMQ) Kill() error { return a.jvm.Kill() }

// Restart kills the broker and starts it again on the same addresses.
func (a *ActiveMQ) Restart() error {
	if err := a.Kill(); err != nil {
		return err
	}
	return a.Start()
}

// Pid is the process group of the broker.
func (a *ActiveMQ) Pid() int { return a.jvm.Pid() }
