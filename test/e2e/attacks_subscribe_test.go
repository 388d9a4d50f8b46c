package e2e

// Attacks on what a session may read: "secret" is sent to the victim, and must not come to the attacker.

// wider are subscriptions that ask for more than is granted. The policy grants /queue/allowed.> and /topic/allowed.* and
// nothing else.
var wider = []attack{
	{name: "no attack, only a denied SUBSCRIBE", octets: spying("/queue/{denied}"), fools: everyone, code: "denied"},
	{name: "a topic", octets: spying("/topic/{denied}"), victim: "/topic/{denied}", fools: everyone, code: "denied"},
	{name: "wildcard for a segment of a topic", octets: spying("/topic/*.{tag}"), victim: "/topic/{denied}", fools: everyone, code: "denied"},
	{name: "wildcard for two segments", octets: spying("/topic/*.*"), victim: "/topic/{denied}", fools: everyone, code: "denied"},
	{name: "RabbitMQ's wildcard for everything", octets: spying("/topic/#"), victim: "/topic/{denied}", fools: rabbitAndArtemis, code: "denied",
		codes: map[string]string{"ActiveMQ": "ambiguous_destination"}},
	{name: "RabbitMQ's wildcard for the rest", octets: spying("/topic/allowed.#"), victim: "/topic/{allowed}.x", fools: rabbitAndArtemis, code: "denied",
		codes: map[string]string{"ActiveMQ": "ambiguous_destination"}},
	{name: "RabbitMQ's wildcard in the middle", octets: spying("/topic/#.{tag}"), victim: "/topic/{denied}", fools: rabbitAndArtemis, code: "denied",
		codes: map[string]string{"ActiveMQ": "ambiguous_destination"}},
	{name: "ActiveMQ's wildcard for everything", octets: spying("/topic/>"), victim: "/topic/{denied}", fools: active, code: "denied",
		codes: map[string]string{"Artemis": "ambiguous_destination", "RabbitMQ": "ambiguous_destination"}},
	{name: "ActiveMQ's wildcard for the rest", octets: spying("/topic/allowed.>"), victim: "/topic/{allowed}.x", fools: active, code: "denied",
		codes: map[string]string{"Artemis": "ambiguous_destination", "RabbitMQ": "ambiguous_destination"}},
	{name: "ActiveMQ's wildcard in a queue", octets: spying("/queue/*.{tag}"), fools: activeAndArtemis, code: "denied"},
	{name: "RabbitMQ's exchange of topics", octets: spying("/exchange/amq.topic/{denied}"), victim: "/topic/{denied}", fools: rabbit, code: "denied"},
	{name: "RabbitMQ's exchange of topics with a wildcard", octets: spying("/exchange/amq.topic/#"), victim: "/topic/{denied}", fools: rabbit, code: "denied",
		codes: map[string]string{"ActiveMQ": "ambiguous_destination"}},
	{name: "RabbitMQ's queues of AMQP", octets: spying("/amq/queue/{denied}"), fools: rabbit, code: "denied"},
	{name: "another queue by x-queue-name", octets: spying("/topic/{allowed}\nx-queue-name:{denied}\ndurable:true\nauto-delete:false"), fools: rabbit, code: "denied",
		codes: map[string]string{"Artemis": "", "ActiveMQ": ""}},
	{name: "another queue by X-Queue-Name", octets: spying("/topic/{allowed}\nX-Queue-Name:{denied}"), fools: nobody, code: "denied",
		codes: map[string]string{"Artemis": "", "ActiveMQ": ""}},
	{name: "the queue of a virtual topic", octets: spying("/queue/Consumer.spy.VirtualTopic.{denied}"), victim: "/topic/VirtualTopic.{denied}",
		fools: active, code: "denied"},
	{name: "destination by reflection", octets: spying("/queue/{allowed}\nactivemq.destination:queue\\c//{denied}"), fools: nobody, code: "denied",
		codes: map[string]string{"RabbitMQ": ""}},
	{name: "selector", octets: spying("/queue/{allowed}\nselector:1=1"), fools: nobody, code: "denied"},
	{name: "exclusive consumer", octets: spying("/queue/{allowed}\nactivemq.exclusive:true"), fools: nobody, code: "denied", codes: map[string]string{"RabbitMQ": ""}},
	{name: "durable subscription", octets: spying("/topic/{allowed}\ndurable:true\nauto-delete:false"), fools: nobody, code: "denied",
		codes: map[string]string{"Artemis": "", "ActiveMQ": ""}},
	{name: "subscription id used again", octets: "SUBSCRIBE\nid:own\ndestination:/queue/{denied}\n\n\x00", fools: active, code: "denied"},
	{name: "subscription id used again after UNSUBSCRIBE", octets: "SUBSCRIBE\nid:2\ndestination:/queue/{allowed}.2\n\n\x00" +
		"UNSUBSCRIBE\nid:2\n\n\x00SUBSCRIBE\nid:2\ndestination:/queue/{denied}\n\n\x00",
		fools: everyone, code: "denied"},
	{name: "destination twice", octets: spying("/queue/{denied}\ndestination:/queue/{allowed}"), fools: everyone, code: "duplicate_header"},
	{name: "id twice", octets: "SUBSCRIBE\nid:own\nid:spy\ndestination:/queue/{denied}\n\n\x00", fools: active, code: "duplicate_header"},
	{name: "command with more letters", octets: "SUBSCRIBER\nid:spy\ndestination:/queue/{denied}\n\n\x00", fools: active, code: "unknown_command"},
	{name: "command with other letters", octets: "SUBX\nid:spy\ndestination:/queue/{denied}\n\n\x00", fools: active, code: "unknown_command"},
	{name: "hidden in a body", octets: "BEGIN\ntransaction:1\ncontent-length:{length}\n\n\x00" + spying("/queue/{denied}"), fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "in STOMP 1.0 without an id", version: "1.0", octets: "SUBSCRIBE\ndestination:/queue/{denied}\n\n\x00", fools: everyone, code: "denied"},
	{name: "a temporary queue", octets: spying("/temp-queue/{denied}"), fools: nobody, code: "denied"},
}

// respelt are other spellings of a subscription. The policy grants everything below /queue/ and /topic/ and denies
// /queue/denied.>, /topic/denied.> and /topic/VirtualTopic.denied.>.
var respelt = []attack{
	{name: "blank behind", octets: spying("/queue/{denied} "), fools: active, code: "bad_destination"},
	{name: "escaped line feed behind", octets: spying(`/queue/{denied}\n`), fools: active, code: "ambiguous_destination"},
	{name: "blank before the name", octets: spying("/queue/ {denied}"), fools: active, code: "ambiguous_destination"},
	{name: "composite", octets: spying("/queue/{allowed},/queue/{denied}"), fools: active, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": ""}},
	{name: "options", octets: spying("/queue/{denied}?consumer.exclusive=true"), fools: active, code: "ambiguous_destination", codes: map[string]string{"RabbitMQ": "denied"}},
	{name: "the bare name", octets: spying("{denied}"), fools: everyone, code: "ambiguous_destination", codes: map[string]string{"Artemis": "denied", "RabbitMQ": "denied"}},
	{name: "wildcard over a denial", octets: spying("/topic/*.{tag}"), victim: "/topic/{denied}", fools: everyone, code: "denied"},
	{name: "wildcard beside a denial", octets: spying("/topic/allowed.*"), victim: "/topic/{denied}", fools: nobody},
	{name: "wildcard for everything of RabbitMQ", octets: spying("/topic/#"), victim: "/topic/{denied}", fools: rabbitAndArtemis, code: "denied",
		codes: map[string]string{"ActiveMQ": "ambiguous_destination"}},
	{name: "wildcard that matches no segment too", octets: spying("/topic/{denied}.#"), victim: "/topic/{denied}", fools: rabbitAndArtemis, code: "denied",
		codes: map[string]string{"ActiveMQ": "ambiguous_destination"}},
	{name: "wildcard for everything of ActiveMQ", octets: spying("/topic/>"), victim: "/topic/{denied}", fools: active, code: "denied",
		codes: map[string]string{"Artemis": "ambiguous_destination", "RabbitMQ": "ambiguous_destination"}},
	{name: "the queue of a denied virtual topic", octets: spying("/queue/Consumer.spy.VirtualTopic.{denied}"), victim: "/topic/VirtualTopic.{denied}",
		fools: active, code: "denied", codes: map[string]string{"Artemis": "", "RabbitMQ": ""}},
	{name: "colon escaped", octets: spying(`/queue/{denied}\c1`), victim: "/queue/{denied}:1", fools: everyone, code: "denied"},
}

// spying is a SUBSCRIBE to a destination, which may have more header lines behind it.
func spying(destination string) string {
	return "SUBSCRIBE\nid:spy\ndestination:" + destination + "\n\n\x00"
}
