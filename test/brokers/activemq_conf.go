package brokers

import (
	"path/filepath"
	"strings"
)

const log4j = `log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %-5p %c{1} %m%n
`

// xml is the broker's activemq.xml. Nothing is stored, nothing is managed over JMX.
func (a *ActiveMQ) xml() string {
	return strings.NewReplacer(
		"{data}", filepath.Join(a.dir, "data"), "{stomp}", a.STOMP, "{nio}", a.STOMPNIO, "{tls}", a.STOMPTLS,
		"{login1}", a.Admin.Login, "{passcode1}", a.Admin.Passcode, "{login2}", a.Other.Login, "{passcode2}", a.Other.Passcode,
		"{keys}", a.Certs.ServerP12, "{trust}", a.Certs.TrustP12, "{password}", a.Certs.Password,
	).Replace(`<beans xmlns="http://www.springframework.org/schema/beans"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd
  http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="localhost" useJmx="false" persistent="false"
    dataDirectory="{data}" advisorySupport="true" useShutdownHook="true">
    <plugins>
      <simpleAuthenticationPlugin>
        <users>
          <authenticationUser username="{login1}" password="{passcode1}" groups="admins,users"/>
          <authenticationUser username="{login2}" password="{passcode2}" groups="users"/>
        </users>
      </simpleAuthenticationPlugin>
    </plugins>
    <sslContext>
      <sslContext keyStore="file:{keys}" keyStorePassword="{password}" keyStoreType="PKCS12"
        trustStore="file:{trust}" trustStorePassword="{password}" trustStoreType="PKCS12"/>
    </sslContext>
    <systemUsage>
      <systemUsage>
        <memoryUsage><memoryUsage limit="256 mb"/></memoryUsage>
        <storeUsage><storeUsage limit="256 mb"/></storeUsage>
        <tempUsage><tempUsage limit="256 mb"/></tempUsage>
      </systemUsage>
    </systemUsage>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://{stomp}?transport.hbGracePeriodMultiplier=1.5"/>
      <transportConnector name="stomp+nio" uri="stomp+nio://{nio}?transport.hbGracePeriodMultiplier=1.5"/>
      <transportConnector name="stomp+ssl" uri="stomp+ssl://{tls}?transport.hbGracePeriodMultiplier=1.5&amp;needClientAuth=false"/>
    </transportConnectors>
  </broker>
</beans>
`)
}
