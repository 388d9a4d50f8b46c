import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Set;
import org.hornetq.api.core.SimpleString;
import org.hornetq.core.postoffice.PostOffice;
import org.hornetq.core.server.HornetQServer;
import org.hornetq.core.server.embedded.EmbeddedHornetQ;
import org.hornetq.spi.core.security.HornetQSecurityManagerImpl;
import org.hornetq.utils.ConcurrentHashSet;

/**
 * Runs the HornetQ of the hornetq-configuration.xml on the class path: pairs of login and passcode.
 *
 * HornetQ has only the queues and topics that somebody made. Here one is made when it is first used, as other brokers
 * do: jms.queue.x and, as its JMS does it with a queue that takes no message, jms.topic.x.
 */
class HornetQ {
    static HornetQServer server;

    public static void main(String[] args) throws Exception {
        HornetQSecurityManagerImpl users = new HornetQSecurityManagerImpl();
        for (int i = 0; i < args.length; i += 2) {
            users.addUser(args[i], args[i + 1]);
            users.addRole(args[i], "users");
        }
        EmbeddedHornetQ broker = new EmbeddedHornetQ();
        broker.setSecurityManager(users);
        broker.start();
        server = broker.getHornetQServer();
        PostOffice post = server.getPostOffice();
        Class<?>[] types = {PostOffice.class};
        field(server, "postOffice").set(server, Proxy.newProxyInstance(HornetQ.class.getClassLoader(), types, (proxy, method, a) -> {
            if (method.getName().equals("getBinding")) {
                make(post, a[0].toString());
            }
            try {
                return method.invoke(post, a);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
        Object stomp = ((Map<?, ?>) field(server.getRemotingService(), "protocolMap").get(server.getRemotingService())).get("STOMP");
        Set<String> destinations = new ConcurrentHashSet<String>() {
            @Override
            public boolean contains(Object name) {
                make(post, String.valueOf(name));
                return super.contains(name);
            }
        };
        destinations.add("hornetq.management");
        field(stomp, "destinations").set(stomp, destinations);
        System.out.println("HornetQ " + server.getVersion().getFullVersion() + " is up");
    }

    static void make(PostOffice post, String name) {
        boolean queue = name.startsWith("jms.queue."), topic = name.startsWith("jms.topic.");
        if (!queue && !topic || Thread.holdsLock(HornetQ.class)) { // createQueue asks for the binding, too
            return;
        }
        synchronized (HornetQ.class) {
            SimpleString address = new SimpleString(name);
            if (post.getBinding(address) != null) {
                return;
            }
            try {
                server.createQueue(address, address, queue ? null : new SimpleString("__HQX=-1"), false, false);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    static Field field(Object of, String name) throws Exception {
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }
}
