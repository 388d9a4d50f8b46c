package brokers

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// HornetQ is a running HornetQ 2.4, of which Artemis came. STOMP is host:port on loopback. Its topics begin with
// jms.topic. and its queues with jms.queue., or with /queue/ here.
type HornetQ struct {
	STOMP string
	Admin User // all rights
	Other User // the same

	java
}

// StartHornetQ starts a broker with its data in dir and waits until it accepts STOMP. The cause of the error is
// ErrMissing when HornetQ or Java is not installed. The caller ends it with Stop or Kill.
func StartHornetQ(dir string) (*HornetQ, error) {
	if err := needs(oldHome("hornetq") + "/HornetQ.class"); err != nil {
		return nil, fmt.Errorf("start HornetQ: %w", err)
	}
	jvm, err := newJava(dir)
	if err != nil {
		return nil, fmt.Errorf("start HornetQ: %w", err)
	}
	h := &HornetQ{
		java:  jvm,
		Admin: User{"admin", "admin secret", "localhost"}, Other: User{"other", "other secret", "localhost"},
	}
	if err := listeners(&h.STOMP); err != nil {
		return nil, err
	}
	if err := write(dir, map[string]string{"conf/hornetq-configuration.xml": h.xml()}); err != nil {
		return nil, fmt.Errorf("configure HornetQ: %w", err)
	}
	if err := h.Start(); err != nil {
		return nil, err
	}
	return h, nil
}

// Start starts a broker that was stopped or killed again, on the same address. Its messages are kept in memory
// only, so they are gone.
func (h *HornetQ) Start() error {
	err := h.run([]string{h.STOMP}, "-cp", oldClasses("hornetq", filepath.Join(h.dir, "conf")), "HornetQ",
		h.Admin.Login, h.Admin.Passcode, h.Other.Login, h.Other.Passcode)
	if err != nil {
		return fmt.Errorf("start HornetQ: %w", err)
	}
	if err := awaitAnswer(h.STOMP, "", h.Admin, 60*time.Second); err != nil {
		return errors.Join(fmt.Errorf("start HornetQ: %w", err), h.Kill())
	}
	return nil
}

// Restart kills the broker and starts it again on the same address.
func (h *HornetQ) Restart() error {
	if err := h.Kill(); err != nil {
		return err
	}
	return h.Start()
}

// xml is the broker's hornetq-configuration.xml. Nothing is stored, nothing is managed over JMX. Wildcards are off: once
// subscriptions with them have come and gone, HornetQ 2.4.7 fails to make the queues that they matched.
func (h *HornetQ) xml() string {
	return strings.NewReplacer("{data}", filepath.Join(h.dir, "data"), "{port}", portOf(h.STOMP)).Replace(`<configuration xmlns="urn:hornetq">
  <persistence-enabled>false</persistence-enabled>
  <wild-card-routing-enabled>false</wild-card-routing-enabled>
  <jmx-management-enabled>false</jmx-management-enabled>
  <paging-directory>{data}/paging</paging-directory>
  <bindings-directory>{data}/bindings</bindings-directory>
  <journal-directory>{data}/journal</journal-directory>
  <large-messages-directory>{data}/large</large-messages-directory>
  <acceptors>
    <acceptor name="stomp">
      <factory-class>org.hornetq.core.remoting.impl.netty.NettyAcceptorFactory</factory-class>
      <param key="protocols" value="STOMP"/>
      <param key="host" value="127.0.0.1"/>
      <param key="port" value="{port}"/>
      <param key="stomp-min-large-message-size" value="-1"/>
      <param key="stomp-consumer-credits" value="-1"/>
    </acceptor>
  </acceptors>
  <security-settings>
    <security-setting match="#">
      <permission type="createNonDurableQueue" roles="users"/>
      <permission type="deleteNonDurableQueue" roles="users"/>
      <permission type="createDurableQueue" roles="users"/>
      <permission type="deleteDurableQueue" roles="users"/>
      <permission type="consume" roles="users"/>
      <permission type="send" roles="users"/>
    </security-setting>
  </security-settings>
</configuration>
`)
}
