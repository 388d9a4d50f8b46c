package brokers

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// Apollo is a running ActiveMQ Apollo 1.7. STOMP is host:port on loopback.
type Apollo struct {
	STOMP string
	Admin User // all rights
	Other User // the same

	java
}

// StartApollo starts a broker with its data in dir and waits until it accepts STOMP. The cause of the error is
// ErrMissing when Apollo or Java is not installed. The caller ends it with Stop or Kill.
func StartApollo(dir string) (*Apollo, error) {
	if err := needs(oldHome("apollo") + "/Apollo.class"); err != nil {
		return nil, fmt.Errorf("start Apollo: %w", err)
	}
	jvm, err := newJava(dir)
	if err != nil {
		return nil, fmt.Errorf("start Apollo: %w", err)
	}
	a := &Apollo{
		java:  jvm,
		Admin: User{"admin", "admin secret", "localhost"}, Other: User{"other", "other secret", "localhost"},
	}
	if err := listeners(&a.STOMP); err != nil {
		return nil, err
	}
	err = write(dir, map[string]string{
		"etc/login.config": `apollo {
  org.apache.activemq.apollo.broker.security.FileUserLoginModule required file="users.properties";
};
`,
		"etc/users.properties": a.Admin.Login + "=" + a.Admin.Passcode + "\n" + a.Other.Login + "=" + a.Other.Passcode + "\n",
	})
	if err != nil {
		return nil, fmt.Errorf("configure Apollo: %w", err)
	}
	if err := a.Start(); err != nil {
		return nil, err
	}
	return a, nil
}

// Start starts a broker that was stopped or killed again, on the same address. Its messages are kept in memory
// only, so they are gone.
func (a *Apollo) Start() error {
	err := a.run([]string{a.STOMP}, "-Djava.security.auth.login.config="+filepath.Join(a.dir, "etc", "login.config"),
		"-cp", oldClasses("apollo"), "Apollo", a.STOMP, a.dir)
	if err != nil {
		return fmt.Errorf("start Apollo: %w", err)
	}
	if err := awaitAnswer(a.STOMP, "", a.Admin, 60*time.Second); err != nil {
		return errors.Join(fmt.Errorf("start Apollo: %w", err), a.Kill())
	}
	return nil
}

// Restart kills the broker and starts it again on the same address.
func (a *Apollo) Restart() error {
	if err := a.Kill(); err != nil {
		return err
	}
	return a.Start()
}
