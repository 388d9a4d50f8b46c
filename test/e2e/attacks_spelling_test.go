package e2e

// spellings are other ways to write a destination or to reach a queue. The policy grants everything below /queue/ and
// /topic/ and denies /queue/denied.>, so that each spelling is one that the grant covers.
var spellings = []attack{
	{name: "an honest spelling", octets: hidden, fools: everyone, code: "denied"},

	// Padded: ActiveMQ trims what Java trims, which is everything up to the blank.
	{name: "blank behind", octets: spelt("/queue/{denied} "), fools: active, code: "bad_destination"},
	{name: "blank in front", octets: spelt(" /queue/{denied}"), fools: active, code: "bad_destination"},
	{name: "tab behind", octets: spelt("/queue/{denied}\t"), fools: active, code: "bad_destination"},
	{name: "control character behind", octets: spelt("/queue/{denied}\x01"), fools: active, code: "bad_destination"},
	{name: "blank before the name", octets: spelt("/queue/ {denied}"), fools: active, code: "ambiguous_destination"},
	{name: "control character before the name", octets: spelt("/queue/\x01{denied}"), fools: active, code: "ambiguous_destination"},
	{name: "escaped line feed behind", octets: spelt(`/queue/{denied}\n`), fools: active, code: "ambiguous_destination",
		codes: map[string]string{"Artemis": "line_break_in_header", "ActiveMQ": "line_break_in_header"}},
	{name: "escaped line feed in front", octets: spelt(`\n/queue/{denied}`), fools: active, code: "ambiguous_destination",
		codes: map[string]string{"Artemis": "line_break_in_header", "ActiveMQ": "line_break_in_header"}},
	{name: "escaped carriage return behind", octets: spelt(`/queue/{denied}\r`), fools: active, code: "ambiguous_destination",
		codes: map[string]string{"Artemis": "line_break_in_header", "ActiveMQ": "line_break_in_header"}},
	{name: "escaped line feed before the name", octets: spelt(`/queue/\n{denied}`), fools: active, code: "ambiguous_destination",
		codes: map[string]string{"Artemis": "line_break_in_header", "ActiveMQ": "line_break_in_header"}},
	{name: "no-break space behind", octets: spelt("/queue/{denied}\u00a0"), fools: nobody, code: "denied"},
	{name: "zero width space inside", octets: spelt("/queue/denied\u200b{denied}"), fools: nobody},
	{name: "full-width letters", octets: spelt("/queue/ｄenied"), fools: nobody},
	{name: "in capitals", octets: spelt("/QUEUE/{denied}"), fools: nobody, code: "denied"},
	{name: "name in capitals", octets: spelt("/queue/DENIED"), fools: nobody},

	// Composite: ActiveMQ sends to each of a list.
	{name: "composite, the denied last", octets: spelt("/queue/{allowed},/queue/{denied}"), fools: active, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": ""}},
	{name: "composite, the denied first", octets: spelt("/queue/{denied},/queue/{allowed}"), fools: active, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": "denied"}},
	{name: "composite with a URL", octets: spelt("/queue/{allowed},queue://{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "composite without a prefix", octets: spelt("/queue/{allowed},{denied}"), fools: active, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": ""}},
	{name: "composite padded", octets: spelt("/queue/{allowed}, /queue/{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "composite by an encoded comma", octets: spelt("/queue/{allowed}%2c/queue/{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "composite with a topic", octets: spelt("/topic/{allowed},/queue/{denied}"), fools: active, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": ""}},

	// Options and wildcards.
	{name: "options", octets: spelt("/queue/{denied}?consumer.priority=1"), fools: active, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": "denied"}},
	{name: "options, empty", octets: spelt("/queue/{denied}?"), fools: active, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": "denied"}},
	{name: "options that look like segments", octets: spelt("/queue/{denied}?a.b"), fools: active, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": "denied"}},
	{name: "wildcard for a segment", octets: spelt("/queue/*.{tag}.x"), victim: "/queue/{denied}.x", fools: active, late: true, code: "ambiguous_destination"},
	{name: "wildcard for the rest", octets: spelt("/queue/{denied}.>"), fools: active, late: true, code: "ambiguous_destination"},

	// Other names of the same queue.
	{name: "URL", octets: spelt("queue://{denied}"), fools: nobody, code: "ambiguous_destination", codes: map[string]string{"Artemis": "denied"}},
	{name: "URL below the prefix", octets: spelt("/queue/queue://{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "slash twice", octets: spelt("/queue//{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "slash behind", octets: spelt("/queue/{denied}/"), fools: nobody, code: "ambiguous_destination"},
	{name: "dot segments", octets: spelt("/queue/x/../{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "dot in front", octets: spelt("/queue/.{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "two slashes in front", octets: spelt("//queue/{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "no slash in front", octets: spelt("queue/{denied}"), fools: nobody, code: "ambiguous_destination", codes: map[string]string{"Artemis": "denied", "RabbitMQ": "denied"}},
	{name: "the bare name", octets: spelt("{denied}"), fools: everyone, code: "ambiguous_destination", codes: map[string]string{"Artemis": "denied", "RabbitMQ": "denied"}},
	{name: "RabbitMQ's queues of AMQP", octets: spelt("/amq/queue/{denied}"), fools: rabbit, code: "denied"},
	{name: "RabbitMQ's default exchange", octets: spelt("/exchange//{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "RabbitMQ's default exchange by name", octets: spelt("/exchange/amq.default/{denied}"), fools: nobody, code: "denied"},
	{name: "RabbitMQ's reply queues", octets: spelt("/reply-queue/{denied}"), fools: rabbit, code: "denied"},
	{name: "a temporary queue", octets: spelt("/temp-queue/{denied}"), fools: nobody, code: "denied"},
	{name: "somebody's temporary queue", octets: spelt("/remote-temp-queue/{denied}"), fools: nobody, code: "denied"},
	{name: "Artemis' queue of an address", octets: spelt("/queue/{allowed}::{denied}"), fools: nobody, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": ""}},

	// Encodings.
	{name: "percent-encoded letter", octets: spelt("/queue/%64enied.{tag}"), fools: nobody, code: "ambiguous_destination"},
	{name: "percent-encoded dot", octets: spelt("/queue/denied%2e{tag}"), fools: nobody, code: "ambiguous_destination"},
	{name: "percent-encoded slash", octets: spelt("/queue%2F{denied}"), fools: nobody, code: "ambiguous_destination"},
	{name: "percent-encoded slash in a name", octets: spelt("/queue/{denied}%2Fx"), victim: "/queue/{denied}%2Fx", fools: everyone, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": "denied"}},
	{name: "percent-encoded twice", octets: spelt("/queue/%2564enied.{tag}"), fools: nobody, code: "ambiguous_destination"},
	{name: "percent sign alone", octets: spelt("/queue/{denied}%"), fools: nobody, code: "ambiguous_destination"},
	{name: "HTML entity", octets: spelt("/queue/&#100;enied.{tag}"), fools: nobody, code: "ambiguous_destination"},
	{name: "Unicode escape", octets: spelt(`/queue/\u0064enied.{tag}`), fools: nobody, code: "bad_escape"},
	{name: "colon escaped", octets: spelt(`/queue/{denied}\c1`), victim: "/queue/{denied}:1", fools: everyone, code: "denied"},
	{name: "colon as it is", octets: spelt("/queue/{denied}:1"), victim: "/queue/{denied}:1", fools: rabbitAndActive, code: "denied"},
	{name: "colon escaped in STOMP 1.1", version: "1.1", octets: spelt(`/queue/{denied}\c1`), victim: "/queue/{denied}:1", fools: everyone, code: "denied"},
	{name: "colon escaped in STOMP 1.0", version: "1.0", octets: spelt(`/queue/{denied}\c1`), victim: "/queue/{denied}:1", fools: rabbitAndActive, code: "bad_escape"},
	{name: "backslash escaped", octets: spelt(`/queue/{denied}\\c1`), victim: "/queue/{denied}:1", fools: nobody, code: "ambiguous_destination"},
	{name: "carriage return escaped in STOMP 1.1", version: "1.1", octets: spelt(`/queue/{denied}\r`), fools: nobody, code: "bad_escape"},
	{name: "escape that is none", octets: spelt(`/queue/{denied}\d`), fools: nobody, code: "bad_escape"},
	{name: "backslash at the end", octets: spelt(`/queue/{denied}\`), fools: artemis, code: "bad_escape"},
	{name: "blank behind in STOMP 1.0", version: "1.0", octets: spelt("/queue/{denied} "), fools: active, code: "bad_destination"},

	// Headers that move a message.
	{name: "dead letters of a new queue", octets: "SEND\ndestination:/queue/new.{tag}\nx-max-length:0\n" +
		"x-dead-letter-exchange:\nx-dead-letter-routing-key:{denied}\n\nstolen\x00", fools: rabbit, late: true, code: "denied", codes: map[string]string{"Artemis": "", "ActiveMQ": ""}},
	{name: "dead letters after a time", octets: "SEND\ndestination:/queue/new.{tag}\nx-message-ttl:0\n" +
		"x-dead-letter-exchange:\nx-dead-letter-routing-key:{denied}\n\nstolen\x00", fools: rabbit, late: true, code: "denied", codes: map[string]string{"Artemis": "", "ActiveMQ": ""}},
	{name: "reply-to a temporary queue", octets: "SEND\ndestination:/queue/{allowed}\nreply-to:/temp-queue/{denied}\n\nstolen\x00", fools: nobody, code: "denied"},
	{name: "reply-to a denied queue", octets: "SEND\ndestination:/queue/{allowed}\nreply-to:/queue/{denied}\n\nasked\x00", fools: nobody, code: "denied"},
	{name: "headers of JMS", octets: "SEND\ndestination:/queue/{allowed}\nJMSDestination:/queue/{denied}\noriginal-destination:/queue/{denied}\n\nstolen\x00",
		fools: nobody, code: "denied", codes: map[string]string{"RabbitMQ": ""}},
}

// elsewhere are names of the denied queue of another kind. The policy grants destinations of every kind and denies
// /queue/denied.>.
var elsewhere = []attack{
	{name: "a bare name", octets: spelt("{denied}"), fools: everyone, code: "ambiguous_destination", codes: map[string]string{"Artemis": "denied", "RabbitMQ": "denied"}},
	{name: "a queue of AMQP", octets: spelt("/amq/queue/{denied}"), fools: rabbit, code: "denied", codes: map[string]string{"Artemis": "", "ActiveMQ": ""}},
	{name: "a reply queue", octets: spelt("/reply-queue/{denied}"), fools: rabbit, code: "denied", codes: map[string]string{"Artemis": "", "ActiveMQ": ""}},
	{name: "a URL", octets: spelt("queue://{denied}"), fools: nobody, code: "ambiguous_destination", codes: map[string]string{"Artemis": "denied"}},
}

// spelt is a SEND to a destination.
func spelt(destination string) string { return "SEND\ndestination:" + destination + "\n\nstolen\x00" }
