package config

import "time"

// variable is one line of the reference.
type variable struct {
	name string // without the prefix
	rule rule
	doc  string // Markdown
}

// topic is one table of the reference, and one field of Config.
type topic struct {
	title     string
	intro     string
	variables []variable
}

// topics holds what is expected of every variable and what it is for, in the
// order of Config's fields.
var topics = []topic{
	{"Listeners", "", []variable{
		{"LISTEN", addresses, "Where browsers connect, a list. Port 0 takes any free one; IPv6 stands in brackets. `systemd` takes the sockets that systemd hands over, all or those of one `FileDescriptorName`. See [network.md](network.md)."},
		{"UNIX_SOCKET_MODE", fileMode, "The mode of `unix:` sockets, octal. Who may write to one may connect."},
		{"PROXY_PROTOCOL_FROM", proxies, "A list of the peers, such as a TCP load balancer, that begin every connection with a PROXY header of version 1 or 2; they are refused without one. The address in it is the client's. None by default; a header of anybody else is refused."},
		{"ADMIN_LISTEN", hostPort("127.0.0.1:9090"), "Where `/livez`, `/readyz`, `/metrics` and the admin pages are served. Looking needs no login, so keep it away from browsers: `:9090` only where the network is closed."},
		{"PATHS", paths, "The paths that upgrade to a WebSocket, a list."},
		{"PPROF", boolean, "Serve Go's profiles under `/debug/pprof/` of the admin listener."},
	}},
	{"TLS for browsers", "On where there is a certificate. The files are read and parsed when the configuration is checked, and again when they change or at SIGHUP: new connections get what is new. See [network.md](network.md).", []variable{
		{"TLS_CERT_FILE", pemFile, "The gateway's certificate with its chain, PEM."},
		{"TLS_KEY_FILE", pemFile, "The key of that certificate, PEM."},
		{"TLS_MIN_VERSION", oneOf(TLS12, TLS13), "The least version of TLS."},
		{"TLS_CLIENT_CA_FILE", pemFile, "The CA certificates that clients' certificates are verified by, PEM."},
		{"TLS_CLIENT_AUTH", oneOf(ClientAuthOff, ClientAuthOptional, ClientAuthRequired), "Whether clients are asked for a certificate. With `optional`, one that is given must be good."},
	}},
	{"Origins", "Which web pages may open a session. A refused page gets 403.", []variable{
		{"ORIGINS", origins, "A list of origins. `same-origin` is the host that the browser's request names. `https://*.example.com` is every host below example.com, whole labels only, and not example.com itself; a port must be named unless it is the scheme's default. `*` alone lets **every page on the web** open a session with whatever the browser holds: only for brokers that are public anyway."},
		{"ALLOW_NULL_ORIGIN", boolean, "Let pages in whose origin is `null`: local files, sandboxed frames. Any site can make such a frame, so this is nearly as wide as `*`."},
		{"ALLOW_MISSING_ORIGIN", boolean, "Let requests in that name no origin. Browsers name one with every WebSocket; other programs seldom do."},
		{"TRUSTED_PROXIES", proxies, "A list of the proxies whose `Forwarded` and `X-Forwarded-*` headers are believed, walking from the right. `unix` is whoever comes by a Unix socket. None by default: the headers are ignored then."},
	}},
	{"Brokers", "", []variable{
		{"BROKERS", endpoints, "**Required.** The brokers, a list, tried in order. The port is 61613 for `tcp://` and 61614 for `tls://` where none is named; IPv6 stands in brackets."},
		{"BROKER_DIAL_TIMEOUT", duration(time.Millisecond, 5*time.Minute, "5s"), "How long one attempt to reach one broker may take, TLS included."},
		{"BROKER_BACKOFF_MIN", duration(time.Millisecond, time.Hour, "1s"), "How long a broker is left alone after its first failure."},
		{"BROKER_BACKOFF_MAX", duration(time.Millisecond, time.Hour, "30s"), "The most that this time grows to while it goes on failing."},
		{"BROKER_PROXY_PROTOCOL", oneOf(ProxyProtocolOff, ProxyProtocolV2), "Begin every connection to a broker with a PROXY header that names the client's address, so that the broker's lists and logs show it. Only for brokers that are set up for it: others see nonsense."},
		{"BROKER_CONNECT_RATE", count(0, 100_000), "Logins a second that this gateway gives the brokers, on the average; the others wait in the order in which they came. 0 lets each through at once. See [deploying.md](deploying.md#all-clients-at-once)."},
		{"BROKER_CONNECT_AT_ONCE", count(1, 10_000), "Logins that are under way at a time, dialling included, and that may begin together after a quiet time. What a slow broker is protected by."},
		{"BROKER_CONNECT_WAIT", duration(100*time.Millisecond, time.Minute, "30s"), "How long a login may wait for its turn. Who would wait longer by the rate is told at once, by an ERROR `broker_busy` and the close code 1013. Keep it, with `STOMPGW_LOGIN_TIMEOUT`, below the idle timeout of the proxies in between: nothing is sent meanwhile."},
	}},
	{"Brokers over TLS", "Only together with a `tls://` broker. The files are read and parsed when the configuration is checked.", []variable{
		{"BROKER_TLS_CA_FILE", pemFile, "The CA certificates that brokers are verified by, PEM. Without it, the system's."},
		{"BROKER_TLS_SERVER_NAME", hostName, "The name that the broker's certificate must have. Without it, the host of its address."},
		{"BROKER_TLS_CERT_FILE", pemFile, "The gateway's client certificate with its chain, PEM."},
		{"BROKER_TLS_KEY_FILE", pemFile, "The key of that certificate, PEM."},
	}},
	{"Broker login", "What CONNECT tells the broker: see [auth.md](auth.md#the-login-at-the-broker).", []variable{
		{"BROKER_CREDENTIALS", oneOf(CredentialsAuto, CredentialsPassthrough, CredentialsService, CredentialsToken, CredentialsMap), "Where the login comes from. `passthrough` is the client's own; `service` one login for all; `token` the client's JWT as the passcode, for RabbitMQ's OAuth 2; `map` a login made of the client's name and claims. `auto` is `service` where there is a login, else `passthrough`. In all but `passthrough` the client's login, passcode and host never reach the broker."},
		{"BROKER_LOGIN", headerValue, "The login of `service`; what stands beside the token, by default the client's name; or the template of `map`, such as `app-{claims.tenant}`."},
		{"BROKER_PASSCODE", headerValue, "The login's passcode: a secret. Only together with a login."},
		{"BROKER_HOST", headerValue, "The virtual host of every session, a template with `map`. Without it the client's own goes on with `passthrough`, and none with the others, which is the broker's default."},
		{"BROKER_PASSCODE_MAP", readableFile, "A file of lines `login:passcode` for the logins of `map`, read again when it changes."},
		{"BROKER_DIALECT", oneOf(DialectAuto, DialectRabbitMQ, DialectActiveMQ, DialectArtemis, DialectHornetQ, DialectApollo), "What broker it is. `auto` goes by what CONNECTED says; before the first one, login and passcode are escaped as RabbitMQ, ActiveMQ and Apollo have it, which matters where they hold a backslash. Name HornetQ: it does not say who it is to clients of STOMP 1.0."},
		{"ALLOW_MISSING_LOGIN", boolean, "Pass a CONNECT without login on as it is, so that the broker's default or anonymous user applies. Otherwise it goes on with an empty login and passcode, because RabbitMQ takes a client without a login for `guest`."},
		{"CONNECT_HEADERS", connectHeaders, "The headers of a client's CONNECT that go on to the broker beside login, passcode, host and receipt, a list. Left out, all of them without a policy and none with one: ActiveMQ makes `activemq.*` properties of the connection, and whoever sets another's `client-id` takes its durable subscriptions over."},
	}},
	{"Identity", "How clients prove who they are: see [auth.md](auth.md).", []variable{
		{"AUTH", authMethods, "The methods, a list, asked in this order. One that finds its credential decides; one that finds none leaves it to the next. `none` asks nobody: the broker authenticates."},
		{"USERS_FILE", readableFile, "The users, as `htpasswd -B` writes them, read again when the file changes."},
		{"CERTIFICATE_NAME", oneOf(CertificateCN, CertificateDNS, CertificateURI, CertificateEmail), "What names the owner of a client certificate: the subject's common name, or the first alternative name of its kind."},
		{"TOKEN_EXPIRY_GRACE", duration(0, time.Hour, "30s"), "How long a session outlives the token, certificate or answer that opened it."},
		{"RENEW_DESTINATION", destination, "Where a client SENDs a new token. It never reaches the broker."},
	}},
	{"Tokens", "For the method `jwt`. The keys come from one of `STOMPGW_JWT_JWKS_URL`, `STOMPGW_JWT_JWKS_FILE` and `STOMPGW_JWT_SECRET`, or by discovery from the issuer.", []variable{
		{"TOKEN_SOURCES", tokenSources, "Where tokens are looked for, a list, in this order: `header` is `Authorization: Bearer`, `subprotocol` an offered `bearer.<token>`, `connect:Authorization` and `connect:passcode` headers of CONNECT. Cookies count only where the Origin is allowed by name."},
		{"JWT_ISSUER", plainText, "The `iss` that tokens must have, exactly."},
		{"JWT_AUDIENCE", audiences, "Tokens must be for one of these."},
		{"JWT_ALGORITHMS", algorithms, "What tokens may be signed with. Without it RS256, ES256 and EdDSA, or HS256 with a secret."},
		{"JWT_JWKS_URL", serviceURL, "Where the key set is."},
		{"JWT_JWKS_FILE", readableFile, "The key set, read again when the file changes."},
		{"JWT_SECRET", tokenSecret, "The secret of HS256 and its like. Whoever can check tokens with it can make them."},
		{"JWT_CA_FILE", pemFile, "The CA certificates that the key endpoint is verified by, PEM. Without it, the system's."},
		{"JWT_ALLOW_HTTP", boolean, "Fetch keys over http from other machines too. Whoever is in between can let anybody in."},
		{"JWT_NAME_CLAIM", plainText, "The claim that names the client; dots lead into objects."},
		{"JWT_CLOCK_SKEW", duration(0, 5*time.Minute, "30s"), "By how much the clocks of issuer and gateway may differ."},
		{"JWT_ALLOW_NO_EXPIRY", boolean, "Believe tokens that never expire."},
		{"JWT_REFRESH", duration(time.Second, 24*time.Hour, "10m"), "How often keys are fetched, and so how long a withdrawn key lives. A token with an unknown key fetches them too, at most every ten seconds."},
		{"JWT_MAX_STALE", duration(time.Second, 7*24*time.Hour, "1h"), "How old keys may grow while they cannot be fetched."},
		{"JWT_TIMEOUT", duration(time.Millisecond, time.Minute, "5s"), "How long one fetch may take."},
	}},
	{"Webhook", "For the method `webhook`.", []variable{
		{"WEBHOOK_URL", serviceURL, "Who is asked about every CONNECT."},
		{"WEBHOOK_SEND", webhookSecrets, "What is told besides, a list; without it none of these."},
		{"WEBHOOK_SECRET", headerValue, "Goes with every question as `Authorization: Bearer`."},
		{"WEBHOOK_CA_FILE", pemFile, "The CA certificates that the webhook is verified by, PEM. Without it, the system's."},
		{"WEBHOOK_CERT_FILE", pemFile, "The gateway's client certificate with its chain, PEM."},
		{"WEBHOOK_KEY_FILE", pemFile, "The key of that certificate, PEM."},
		{"WEBHOOK_ALLOW_HTTP", boolean, "Ask over http on other machines too. Whoever is in between reads what is sent, and decides."},
		{"WEBHOOK_TIMEOUT", duration(time.Millisecond, time.Minute, "5s"), "How long one answer may take. Keep it below `STOMPGW_CONNECT_TIMEOUT`."},
		{"WEBHOOK_CACHE", duration(0, 5*time.Minute, "5s"), "How long an answer counts for the very same question; 0 asks every time."},
		{"WEBHOOK_RECHECK", durationOrOff(time.Second, 24*time.Hour, "1m"), "How often the webhook is asked whether a session may stay."},
	}},
	{"Authenticating proxy", "For the method `proxy`.", []variable{
		{"PROXY_AUTH_PROXIES", proxies, "A list of the proxies that are believed. Each must remove these headers from what clients send."},
		{"PROXY_AUTH_USER_HEADER", headerName, "Names the client."},
		{"PROXY_AUTH_EMAIL_HEADER", headerName, "Becomes the claim `email`."},
		{"PROXY_AUTH_GROUPS_HEADER", headerName, "Becomes the claim `groups`, split at commas."},
		{"PROXY_AUTH_PREFERRED_USERNAME_HEADER", headerName, "Becomes the claim `preferred_username`."},
	}},
	{"Policy", "Who may send and subscribe to what: see [policy.md](policy.md).", []variable{
		{"POLICY_FILE", anyFile, "The policy, YAML. With one, everything that it does not grant is denied; without, every destination is open to whoever the broker lets in. It is read again when it changes and on SIGHUP; a bad one is reported, and the one before it stays."},
		{"AUDIT", oneOf(AuditDenials, AuditAll, AuditOff), "Which of the policy's decisions are logged, one JSON line each."},
		{"AUDIT_FILE", logFile, "The file that the audit log is appended to, opened again on SIGHUP. Without it, standard output. Only together with a policy."},
	}},
	{"Heart-beats", "Each leg is negotiated by itself: the larger of what one side can send and the other wants to receive.", []variable{
		{"BROKER_HEART_BEAT", heartBeat, "The heart-beats offered to the broker: send, receive."},
		{"CLIENT_HEART_BEAT", heartBeat, "The heart-beats offered to the client: send, receive."},
		{"PING_INTERVAL", duration(time.Second, 10*time.Minute, "25s"), "How often a WebSocket is pinged. Keep it below the idle timeout of the proxies in between, often 60s. A client of which nothing is heard for two intervals, not even the answer to a ping, ends as `heartbeat_lost`; where heart-beats were agreed on, an interval is 1.25 times theirs, if that is less. The second one is never less than 5s."},
	}},
	{"Timeouts", "", []variable{
		{"CONNECT_TIMEOUT", duration(time.Millisecond, 10*time.Minute, "10s"), "From the upgrade to a complete CONNECT."},
		{"LOGIN_TIMEOUT", duration(time.Millisecond, 10*time.Minute, "10s"), "From CONNECT to the broker's answer, without the wait for its turn (`STOMPGW_BROKER_CONNECT_WAIT`). Dialling is in it: with several brokers keep it above the sum of their `STOMPGW_BROKER_DIAL_TIMEOUT`."},
		{"FIRST_FRAME_TIMEOUT", durationOrOff(time.Millisecond, 24*time.Hour, "10s"), "From CONNECTED to the client's first frame."},
		{"IDLE_TIMEOUT", durationOrOff(time.Millisecond, 7*24*time.Hour, "30m"), "No frame in either direction. Heart-beats are no frames."},
		{"FRAME_TIMEOUT", duration(time.Millisecond, time.Hour, "30s"), "A frame or a WebSocket message that has begun and stalls."},
		{"DISCONNECT_TIMEOUT", duration(time.Millisecond, 10*time.Minute, "5s"), "The broker's RECEIPT of a DISCONNECT."},
		{"CLOSE_TIMEOUT", duration(time.Millisecond, 10*time.Minute, "2s"), "The peer's part of the closing handshake, and the linger of the broker's connection."},
		{"SLOW_CLIENT_TIMEOUT", duration(time.Millisecond, time.Hour, "20s"), "How long a client may take no byte of what waits for it before its session is closed as `slow_client`."},
		{"SLOW_BROKER_TIMEOUT", duration(time.Millisecond, 24*time.Hour, "2m"), "How long the broker may take no byte of what waits for it. Brokers pause publishers when they are short of memory or disk, so be patient."},
	}},
	{"Limits", "", []variable{
		{"MAX_SESSIONS", count(1, 1_000_000), "Sessions at a time. Each takes two file descriptors."},
		{"MAX_SESSIONS_PER_IP", count(0, 1_000_000), "Sessions at a time of one client address, of IPv6 of a /64; all who come by a Unix socket are one. 0 is no limit."},
		{"MAX_HEAD_BEFORE_LOGIN", size(256, MiB, "16KiB"), "The command and headers of a client's frame before CONNECTED."},
		{"MAX_HEAD", size(256, MiB, "64KiB"), "The command and headers of a client's frame after it. Those of a broker's frame may have 1 MiB."},
		{"MAX_HEADERS", count(10, 10_000), "Headers of a client's frame."},
		{"MAX_BODY", size(1, GiB, "16MiB"), "The body of a client's frame. Bodies stream through, so a large one takes no memory. Those of the broker have no limit, but for `STOMPGW_SOCKJS_BUFFER` on SockJS's HTTP transports."},
	}},
	{"Frames", "", []variable{
		{"MESSAGE_TYPE", oneOf(MessageAuto, MessageText, MessageBinary), "The type of the WebSocket messages that browsers get. `auto` is text where the frame is UTF-8, else binary. Of a frame too big for one 72 KiB buffer the beginning decides: with control characters there, or no UTF-8, it is binary; one that turns out not to be UTF-8 later ends the session with 1007."},
		{"CLOSE_ON_ERROR", boolean, "Close after any ERROR of the broker, as STOMP has it. Otherwise that is the broker's choice, except for an ERROR that answers CONNECT."},
		{"KEEP_ERRORS", boolean, "Pass the broker's ERROR frames on as they are. Otherwise stack traces and class names are taken out of them, and bodies that are no text or over 32 KiB: browsers need not know how the broker is made."},
	}},
	{"SockJS", "Browsers and networks without WebSocket reach the same gateway by SockJS, on the same paths: see [sockjs.md](sockjs.md).", []variable{
		{"SOCKJS", boolean, "Serve SockJS. Off, only WebSocket is served."},
		{"SOCKJS_TRANSPORTS", transport, "The transports that are served, a list. `jsonp` and `htmlfile` are for browsers that nothing else works in; any page can make such requests, so they need a Referer that is allowed."},
		{"SOCKJS_CLIENT_URL", scriptURL, "Where the iframe page takes the SockJS client from: the same version as the pages use. Without it there is no iframe page."},
		{"SOCKJS_HEART_BEAT", duration(time.Second, time.Hour, "25s"), "Between `h` frames on an answer on which nothing else is sent. They take the place of STOMP heart-beats, which are negotiated off on SockJS's HTTP transports."},
		{"SOCKJS_DISCONNECT_DELAY", duration(100*time.Millisecond, 10*time.Minute, "5s"), "How long a session lives without a poll, and how long a closed one still says so."},
		{"SOCKJS_STREAM_LIMIT", size(KiB, GiB, "128KiB"), "Bytes after which a streaming answer ends, so that old browsers free them. The client opens the next at once."},
		{"SOCKJS_BUFFER", size(128*KiB, GiB, "1MiB"), "Bytes that may wait for a session's next poll. Above it the broker is not read. A frame of the broker that is larger ends the session: SockJS has one message a frame, so it must be held whole."},
		{"SOCKJS_MAX_POST", size(KiB, GiB, "1MiB"), "Bytes that a client may send in one request, or in one message of the framed WebSocket; before CONNECTED no more than four times `STOMPGW_MAX_HEAD_BEFORE_LOGIN`."},
		{"SOCKJS_COOKIE", oneOf(CookieOff, CookieOn, CookieSecure), "Set the JSESSIONID cookie that some load balancers stick to, for https only with `secure`."},
		{"SOCKJS_COOKIE_SAME_SITE", oneOf(SameSiteUnset, SameSiteNone, SameSiteLax, SameSiteStrict), "The cookie's SameSite. Browsers take `none`, which pages of other sites need, only from a `secure` cookie; with another it is left out."},
		{"SOCKJS_COOKIE_HTTP_ONLY", boolean, "Keep the cookie from scripts."},
	}},
	{"Cluster", "Several gateways that serve SockJS sessions together, behind a load balancer that sends their requests anywhere: see [sockjs.md](sockjs.md#several-gateways-a-cluster). WebSockets need none of it.", []variable{
		{"CLUSTER_LISTEN", hostPortOrOff(":7946"), "Where the other members connect; empty is no cluster. Only members need to reach it, and only those who have the secret get in."},
		{"CLUSTER_PEERS", peers, "Where the other members listen, a list; itself may be in it. `dns:` names a host whose every address is one, such as a headless Service, and is looked up every five seconds."},
		{"CLUSTER_SECRET", clusterSecret, "The same for all members, a secret. Their connections are encrypted and authenticated with a key that is made out of it. `openssl rand -hex 32` makes a good one."},
	}},
	{"Going away", "What happens after SIGTERM. A second signal ends at once.", []variable{
		{"DRAIN_DELAY", duration(0, time.Hour, "5s"), "How long readiness fails while everything else goes on, so that load balancers notice."},
		{"DRAIN_SPREAD", duration(0, time.Hour, "15s"), "The time after it over which sessions are closed with 1001, so that clients do not come back all at once."},
		{"DRAIN_TIMEOUT", duration(0, 2*time.Hour, "30s"), "The hard deadline, counted from the signal; no less than both together. Let the supervisor wait longer (`terminationGracePeriodSeconds`)."},
	}},
	{"Logs", "", []variable{
		{"LOG_LEVEL", oneOf(LogDebug, LogInfo, LogWarn, LogError), "The least level that is logged. `PUT /loglevel` of the admin listener changes it while the gateway runs."},
		{"LOG_FORMAT", oneOf(LogJSON, LogConsole), "How a line is written."},
	}},
	{"Traces", "Where traces go is set by OpenTelemetry's own variables: see [observing.md](observing.md#traces).", []variable{
		{"TRACE_FRAMES", oneOf(FrameTracesOff, FrameTracesContinue, FrameTracesRestart), "Give each SEND a span, and its `traceparent` to the broker, and each MESSAGE that carries a trace a span in it. `continue` makes the `traceparent` that a client sends the parent; with `restart` each SEND begins a trace of the gateway's own, so that clients do not decide what is recorded. Only where traces go somewhere; otherwise, and `off`, frames pass untouched."},
	}},
	{"Admin pages", "What the admin listener shows, and how to change something there: see [observing.md](observing.md).", []variable{
		{"ADMIN_TOKEN", token, "What a request must bear to change something, end a session or set the log level, and to watch a session's frames. A secret. Without it none of that can be done."},
		{"ADMIN_HOSTS", hostNames, "A list of the names, beside IP addresses and `localhost`, under which the admin pages may be asked for. Other names get 403, so that no web page reaches them by a name of its own that comes to mean the gateway (DNS rebinding). Probes and `/metrics` answer under any name."},
	}},
}
