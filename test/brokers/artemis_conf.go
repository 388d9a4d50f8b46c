package brokers

import (
	"path/filepath"
	"strings"
)

// files are the configuration of the broker. Nothing is stored, nothing is managed over JMX. Queues and topics have the
// prefixes that other brokers know them by, and come to be
// when they are used, and stay.
func (a *Artemis) files() map[string]string {
	fill := strings.NewReplacer(
		"{etc}", filepath.Join(a.dir, "etc"), "{data}", filepath.Join(a.dir, "data"), "{stomp}", a.STOMP,
		"{login1}", a.Admin.Login, "{passcode1}", a.Admin.Passcode, "{login2}", a.Other.Login, "{passcode2}", a.Other.Passcode,
	).Replace
	return map[string]string{
		"etc/bootstrap.xml": fill(`<broker xmlns="http://activemq.apache.org/schema">
  <jaas-security domain="activemq"/>
  <server configuration="file:{etc}/broker.xml"/>
</broker>
`),
		"etc/management.xml": `<management-context xmlns="http://activemq.apache.org/schema"/>
`,
		"etc/broker.xml": fill(`<configuration xmlns="urn:activemq">
  <core xmlns="urn:activemq:core">
    <name>test</name>
    <persistence-enabled>false</persistence-enabled>
    <jmx-management-enabled>false</jmx-management-enabled>
    <journal-directory>{data}/journal</journal-directory>
    <bindings-directory>{data}/bindings</bindings-directory>
    <large-messages-directory>{data}/large</large-messages-directory>
    <paging-directory>{data}/paging</paging-directory>
    <max-disk-usage>-1</max-disk-usage>
    <acceptors>
      <acceptor name="stomp">tcp://{stomp}?protocols=STOMP;anycastPrefix=/queue/;multicastPrefix=/topic/</acceptor>
    </acceptors>
    <security-settings>
      <security-setting match="#">
        <permission type="createNonDurableQueue" roles="users"/>
        <permission type="deleteNonDurableQueue" roles="users"/>
        <permission type="createDurableQueue" roles="users"/>
        <permission type="deleteDurableQueue" roles="users"/>
        <permission type="createAddress" roles="users"/>
        <permission type="deleteAddress" roles="users"/>
        <permission type="consume" roles="users"/>
        <permission type="browse" roles="users"/>
        <permission type="send" roles="users"/>
      </security-setting>
    </security-settings>
    <address-settings>
      <address-setting match="#">
        <auto-delete-queues>false</auto-delete-queues>
        <auto-delete-addresses>false</auto-delete-addresses>
      </address-setting>
    </address-settings>
  </core>
</configuration>
`),
		"etc/login.config": `activemq {
  org.apache.activemq.artemis.spi.core.security.jaas.PropertiesLoginModule required
    org.apache.activemq.jaas.properties.user="artemis-users.properties"
    org.apache.activemq.jaas.properties.role="artemis-roles.properties";
};
`,
		"etc/artemis-users.properties": fill("{login1} = {passcode1}\n{login2} = {passcode2}\n"),
		"etc/artemis-roles.properties": fill("users = {login1},{login2}\n"),
		"etc/log4j2.properties": `rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %-5level [%logger] %msg%n
`,
	}
}
