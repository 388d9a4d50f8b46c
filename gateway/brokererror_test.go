package gateway

import (
	"strings"
	"testing"
)

// What ActiveMQ 5.17 and RabbitMQ 3.10 were seen to send, shortened.
func TestCleanError(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{
			"ActiveMQ's stack trace",
			"ERROR\ncontent-type:text/plain\nmessage:User name [x] or password is invalid.\n\n" +
				"java.lang.SecurityException: User name [x] or password is invalid.\n" +
				"\tat org.apache.activemq.security.SimpleAuthenticationBroker.authenticate(SimpleAuthenticationBroker.java:103)\n" +
				"\tat java.base/java.lang.Thread.run(Thread.java:840)\n" +
				"Caused by: java.io.IOException: x\n\t... 4 more\n\x00",
			"ERROR\ncontent-type:text/plain\nmessage:User name [x] or password is invalid.\ncontent-length:38\n\n" +
				"User name [x] or password is invalid.\n\x00",
		},
		{
			"a class name as the message",
			"ERROR\nmessage:java.lang.NullPointerException\nreceipt-id:7\ncontent-length:0\n\n\x00",
			"ERROR\nmessage:the broker reported an error\nreceipt-id:7\ncontent-length:0\n\n\x00",
		},
		{
			"RabbitMQ's words",
			"ERROR\nmessage:access_refused\ncontent-type:text/plain\nversion:1.0,1.1,1.2\ncontent-length:19\n\nAccess to 'q' is no\x00",
			"",
		},
		{"a body that is no text", "ERROR\nmessage:m\ncontent-length:2\n\n\xff\x00\x00", "ERROR\nmessage:m\ncontent-length:0\n\n\x00"},
		{"a long body", "ERROR\nmessage:m\n\n" + strings.Repeat("x", maxToClean+1) + "\x00", "ERROR\nmessage:m\ncontent-length:0\n\n\x00"},
		{"no ERROR", "MESSAGE\nmessage:java.lang.NullPointerException\n\n\tat a.b(c)\n\x00", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			if want == "" {
				want = c.in
			}
			if got := string(cleanError([]byte(c.in))); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
