package brokers

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"
)

// artemisVersion is what test/setup.sh fetches.
const artemisVersion = "2.40.0"

// artemisHome is where setup.sh unpacks it.
func artemisHome() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "artemis", "apache-artemis-"+artemisVersion)
}

// Artemis is a running ActiveMQ Artemis. STOMP is host:port on loopback.
type Artemis struct {
	STOMP string
	Admin User // all rights
	Other User // may use queues and topics as well

	java
}

// StartArtemis starts a broker with its data in dir and waits until it accepts STOMP. The cause of the error is
// ErrMissing when Artemis or Java is not installed. The caller ends it with Stop or Kill.
func StartArtemis(dir string) (*Artemis, error) {
	if err := needs(artemisHome() + "/lib/artemis-boot.jar"); err != nil {
		return nil, fmt.Errorf("start Artemis: %w", err)
	}
	jvm, err := newJava(dir)
	if err != nil {
		return nil, fmt.Errorf("start Artemis: %w", err)
	}
	a := &Artemis{
		java:  jvm,
		Admin: User{"admin", "admin secret", "localhost"}, Other: User{"other", "other secret", "localhost"},
	}
	if err := listeners(&a.STOMP); err != nil {
		return nil, err
	}
	if err := write(dir, a.files()); err != nil {
		return nil, fmt.Errorf("configure Artemis: %w", err)
	}
	if err := a.Start(); err != nil {
		return nil, err
	}
	return a, nil
}

// Start starts a broker that was stopped or killed again, on the same address. Its messages are kept in memory
// only, so they are gone.
func (a *Artemis) Start() error {
	etc := filepath.Join(a.dir, "etc")
	err := a.run([]string{a.STOMP},
		"-Djava.security.auth.login.config="+filepath.Join(etc, "login.config"),
		"-Dlog4j2.configurationFile="+filepath.Join(etc, "log4j2.properties"),
		"-Dartemis.home="+artemisHome(), "-Dartemis.instance="+a.dir, "-Dartemis.instance.etc="+etc,
		"-Ddata.dir="+filepath.Join(a.dir, "data"),
		"-cp", artemisHome()+"/lib/artemis-boot.jar", "org.apache.activemq.artemis.boot.Artemis", "run")
	if err != nil {
		return fmt.Errorf("start Artemis: %w", err)
	}
	if err := awaitAnswer(a.STOMP, "", a.Admin, 60*time.Second); err != nil {
		return errors.Join(fmt.Errorf("start Artemis: %w", err), a.Kill())
	}
	return nil
}

// Restart kills the broker and starts it again on the same address.
func (a *Artemis) Restart() error {
	if err := a.Kill(); err != nil {
		return err
	}
	return a.Start()
}
