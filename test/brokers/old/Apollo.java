import java.io.File;
import org.apache.activemq.apollo.broker.Broker;
import org.apache.activemq.apollo.dto.*;

/** Runs an Apollo that stores nothing: host:port for STOMP, then the folder with its login.config. */
class Apollo {
    public static void main(String[] args) throws InterruptedException {
        VirtualHostDTO host = new VirtualHostDTO();
        host.id = "localhost";
        host.host_names.add("localhost");
        AcceptingConnectorDTO stomp = new AcceptingConnectorDTO();
        stomp.id = "stomp";
        stomp.bind = "tcp://" + args[0];
        stomp.protocol = "stomp";
        BrokerDTO config = new BrokerDTO();
        config.virtual_hosts.add(host);
        config.connectors.add(stomp);
        config.authentication = new AuthenticationDTO();
        config.authentication.domain = "apollo";
        AccessRuleDTO everything = new AccessRuleDTO();
        everything.allow = "*";
        config.access_rules.add(everything);
        Broker broker = new Broker();
        broker.setTmp(new File(args[1], "tmp"));
        broker.setConfig(config);
        broker.start(() -> System.out.println("Apollo " + Broker.version() + " listens at " + stomp.bind));
        Thread.currentThread().join(); // its own threads keep no program alive
    }
}
