package brokers

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const activeHome = "/usr/share/activemq"

// ActiveMQ is a running ActiveMQ Classic. Addresses are host:port on loopback.
type ActiveMQ struct {
	STOMP, STOMPNIO, STOMPTLS string
	Admin                     User // all rights
	Other                     User // may use queues and topics as well
	Certs                     *Certs

	java
}

// StartActiveMQ starts a broker with its data in dir and waits until it accepts STOMP. The cause of the error is
// ErrMissing when ActiveMQ or Java is not installed. The caller ends it with Stop or Kill.
func StartActiveMQ(dir string) (*ActiveMQ, error) {
	if err := needs(activeHome + "/bin/activemq.jar"); err != nil {
		return nil, fmt.Errorf("start ActiveMQ: %w", err)
	}
	jvm, err := newJava(dir)
	if err != nil {
		return nil, fmt.Errorf("start ActiveMQ: %w", err)
	}
	a := &ActiveMQ{
		java:  jvm,
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
	err := a.run([]string{a.STOMP, a.STOMPNIO, a.STOMPTLS},
		"--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.net=ALL-UNNAMED",
		"-Dactivemq.home="+activeHome, "-Dactivemq.base="+a.dir, "-Dactivemq.conf="+conf,
		"-Dactivemq.data="+filepath.Join(a.dir, "data"), "-Dactivemq.classpath="+conf,
		"-Dlog4j.configuration=file:"+filepath.Join(conf, "log4j.properties"),
		"-jar", activeHome+"/bin/activemq.jar", "start", "xbean:file:"+filepath.Join(conf, "activemq.xml"))
	if err != nil {
		return fmt.Errorf("start ActiveMQ: %w", err)
	}
	for _, addr := range []string{a.STOMP, a.STOMPNIO} {
		if err := awaitAnswer(addr, "", a.Admin, 60*time.Second); err != nil {
			return errors.Join(fmt.Errorf("start ActiveMQ: %w", err), a.Kill())
		}
	}
	return nil
}

// Restart kills the broker and starts it again on the same addresses.
func (a *ActiveMQ) Restart() error {
	if err := a.Kill(); err != nil {
		return err
	}
	return a.Start()
}
