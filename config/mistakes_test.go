package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMistakes has each bad configuration with its exact message. A test's
// environment is this one with its own lines after it, DIR is a folder.
const sound = "BROKERS=tcp://a\n"

// long is as long as a cluster's secret must be.
const long = "0123456789abcdef0123456789abcdef"

var mistakes = []struct{ environ, want string }{
	// Listeners.
	{`LISTEN=abc`, `STOMPGW_LISTEN="abc": expected host:port, unix:/path, systemd or systemd:name, such as :8080`},
	{`LISTEN=8080`, `STOMPGW_LISTEN="8080": expected host:port, unix:/path, systemd or systemd:name, such as :8080`},
	{`LISTEN=:65536`, `STOMPGW_LISTEN=":65536": expected host:port, unix:/path, systemd or systemd:name, such as :8080`},
	{`LISTEN=:http`, `STOMPGW_LISTEN=":http": expected host:port, unix:/path, systemd or systemd:name, such as :8080`},
	{`LISTEN=::1:80`, `STOMPGW_LISTEN="::1:80": expected host:port, unix:/path, systemd or systemd:name, such as :8080`},
	{`LISTEN=a b:80`, `STOMPGW_LISTEN="a b:80": expected host:port, unix:/path, systemd or systemd:name, such as :8080`},
	{`LISTEN=:1,:2,x`, `STOMPGW_LISTEN=":1,:2,x": expected host:port, unix:/path, systemd or systemd:name, such as :8080 (item 3)`},
	{`LISTEN=:1,[::]:1`, `STOMPGW_LISTEN=":1,[::]:1": expected addresses of which none takes in another (:1 and [::]:1)`},
	{`LISTEN=:1,:1`, `STOMPGW_LISTEN=":1,:1": expected each address once (item 2)`},
	{`LISTEN=systemd:`, `STOMPGW_LISTEN="systemd:": expected host:port, unix:/path, systemd or systemd:name, such as :8080`},
	{`LISTEN=unix:gw.sock`, `STOMPGW_LISTEN="unix:gw.sock": expected unix: with an absolute path, such as unix:/run/stompgw/browsers.sock`},
	{`LISTEN=unix:/run/../gw.sock`, `STOMPGW_LISTEN="unix:/run/../gw.sock": expected unix: with an absolute path, such as unix:/run/stompgw/browsers.sock`},
	{`LISTEN=unix:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901`, `STOMPGW_LISTEN="unix:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901": expected unix: with a path of at most 80 bytes`},
	{`UNIX_SOCKET_MODE=0400`, `STOMPGW_UNIX_SOCKET_MODE="0400": expected an octal mode from 0600 to 0777, such as 0660`},
	{`UNIX_SOCKET_MODE=1777`, `STOMPGW_UNIX_SOCKET_MODE="1777": expected an octal mode from 0600 to 0777, such as 0660`},
	{`UNIX_SOCKET_MODE=rw`, `STOMPGW_UNIX_SOCKET_MODE="rw": expected an octal mode from 0600 to 0777, such as 0660`},
	{`PROXY_PROTOCOL_FROM=lb.internal`, `STOMPGW_PROXY_PROTOCOL_FROM="lb.internal": expected addresses, CIDRs and unix, such as 10.0.0.0/8,192.0.2.7,2001:db8::/32`},
	{`PROXY_PROTOCOL_FROM=unix,unix`, `STOMPGW_PROXY_PROTOCOL_FROM="unix,unix": expected each proxy once (item 2)`},
	{`ADMIN_LISTEN=off`, `STOMPGW_ADMIN_LISTEN="off": expected host:port, such as 127.0.0.1:9090`},
	{`ADMIN_LISTEN=127.0.0.1:8080`, `STOMPGW_ADMIN_LISTEN="127.0.0.1:8080": expected another address than STOMPGW_LISTEN (:8080)`},
	{`LISTEN=[::]:9090`, `STOMPGW_ADMIN_LISTEN="127.0.0.1:9090": expected another address than STOMPGW_LISTEN ([::]:9090)`},
	{`PATHS=stomp`, `STOMPGW_PATHS="stomp": expected paths that begin with /, such as /stomp, without a slash at the end, and not "/" itself`},
	{`PATHS=/`, `STOMPGW_PATHS="/": expected paths that begin with /, such as /stomp, without a slash at the end, and not "/" itself`},
	{`PATHS=/a,/b/`, `STOMPGW_PATHS="/a,/b/": expected paths that begin with /, such as /stomp, without a slash at the end, and not "/" itself (item 2)`},
	{`PATHS=/a//b`, `STOMPGW_PATHS="/a//b": expected paths that begin with /, such as /stomp, without a slash at the end, and not "/" itself`},
	{`PATHS=/a/../b`, `STOMPGW_PATHS="/a/../b": expected paths that begin with /, such as /stomp, without a slash at the end, and not "/" itself`},
	{`PATHS=/{a}`, `STOMPGW_PATHS="/{a}": expected paths of letters, digits, - . _ ~ and /`},
	{`PATHS=/a?b`, `STOMPGW_PATHS="/a?b": expected paths of letters, digits, - . _ ~ and /`},
	{`PATHS=/a, /a`, `STOMPGW_PATHS="/a, /a": expected each path once (item 2)`},
	{`PATHS=/a,,/b`, `STOMPGW_PATHS="/a,,/b": expected a comma-separated list without empty items (item 2)`},
	{`PPROF=on`, `STOMPGW_PPROF="on": expected true or false`},

	// TLS for browsers, without files.
	{`TLS_MIN_VERSION=1.1`, `STOMPGW_TLS_MIN_VERSION="1.1": expected 1.2 or 1.3`},
	{`TLS_MIN_VERSION=1.3`, `STOMPGW_TLS_MIN_VERSION="1.3": expected nothing without STOMPGW_TLS_CERT_FILE`},
	{`TLS_CLIENT_AUTH=on`, `STOMPGW_TLS_CLIENT_AUTH="on": expected off, optional or required`},
	{`TLS_CLIENT_AUTH=required`, `STOMPGW_TLS_CLIENT_AUTH="required": expected nothing without STOMPGW_TLS_CERT_FILE`},

	// Origins.
	{`ORIGINS=example.com`, `STOMPGW_ORIGINS="example.com": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=same-origin,null`, `STOMPGW_ORIGINS="same-origin,null": expected same-origin, scheme://host[:port], https://*.example.com or * alone (item 2)`},
	{`ORIGINS=https://*example.com`, `STOMPGW_ORIGINS="https://*example.com": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=https://a.*.com`, `STOMPGW_ORIGINS="https://a.*.com": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=*://example.com`, `STOMPGW_ORIGINS="*://example.com": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=https://*.10.0.0.1`, `STOMPGW_ORIGINS="https://*.10.0.0.1": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=https://[a]`, `STOMPGW_ORIGINS="https://[a]": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=https://2001:db8::1:80`, `STOMPGW_ORIGINS="https://2001:db8::1:80": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=https://::1`, `STOMPGW_ORIGINS="https://::1": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=https://a:0`, `STOMPGW_ORIGINS="https://a:0": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=https://`, `STOMPGW_ORIGINS="https://": expected same-origin, scheme://host[:port], https://*.example.com or * alone`},
	{`ORIGINS=https://a/`, `STOMPGW_ORIGINS="https://a/": expected scheme://host[:port] without a slash, path or login`},
	{`ORIGINS=https://a/app`, `STOMPGW_ORIGINS="https://a/app": expected scheme://host[:port] without a slash, path or login`},
	{`ORIGINS=https://bücher.example`, `STOMPGW_ORIGINS="https://bücher.example": expected a host in ASCII, as browsers send it (xn--…)`},
	{`ORIGINS=*,https://a`, `STOMPGW_ORIGINS="*,https://a": expected * to stand alone: it lets every origin in`},
	{`ORIGINS=https://a,`, `STOMPGW_ORIGINS="https://a,": expected a comma-separated list without empty items (item 2)`},
	{`ALLOW_NULL_ORIGIN=yes`, `STOMPGW_ALLOW_NULL_ORIGIN="yes": expected true or false`},
	{`ALLOW_MISSING_ORIGIN=no`, `STOMPGW_ALLOW_MISSING_ORIGIN="no": expected true or false`},
	{`TRUSTED_PROXIES=proxy.internal`, `STOMPGW_TRUSTED_PROXIES="proxy.internal": expected addresses, CIDRs and unix, such as 10.0.0.0/8,192.0.2.7,2001:db8::/32`},
	{`TRUSTED_PROXIES=10.0.0.0/33`, `STOMPGW_TRUSTED_PROXIES="10.0.0.0/33": expected addresses, CIDRs and unix, such as 10.0.0.0/8,192.0.2.7,2001:db8::/32`},
	{`TRUSTED_PROXIES=fe80::1%eth0`, `STOMPGW_TRUSTED_PROXIES="fe80::1%eth0": expected addresses, CIDRs and unix, such as 10.0.0.0/8,192.0.2.7,2001:db8::/32`},
	{`TRUSTED_PROXIES=::ffff:10.0.0.0/90`, `STOMPGW_TRUSTED_PROXIES="::ffff:10.0.0.0/90": expected addresses, CIDRs and unix, such as 10.0.0.0/8,192.0.2.7,2001:db8::/32`},
	{`TRUSTED_PROXIES=::1,10.0.0.1/8`, `STOMPGW_TRUSTED_PROXIES="::1,10.0.0.1/8": expected no address bits behind the mask, such as 10.0.0.0/8 (item 2)`},
	{`TRUSTED_PROXIES=10.0.0.1,10.0.0.1/32`, `STOMPGW_TRUSTED_PROXIES="10.0.0.1,10.0.0.1/32": expected each proxy once (item 2)`},

	// Brokers.
	{`BROKERS=`, `STOMPGW_BROKERS="": expected tcp://host:port or tls://host:port`},
	{`BROKERS=rabbit:61613`, `STOMPGW_BROKERS="rabbit:61613": expected tcp://host:port or tls://host:port`},
	{`BROKERS=tcp://a, udp://b`, `STOMPGW_BROKERS="tcp://a, udp://b": expected tcp://host:port or tls://host:port (item 2)`},
	{`BROKERS=TCP://a`, `STOMPGW_BROKERS="TCP://a": expected tcp://host:port or tls://host:port`},
	{`BROKERS=tcp://`, `STOMPGW_BROKERS="tcp://": expected tcp://host:port or tls://host:port`},
	{`BROKERS=tcp://:61613`, `STOMPGW_BROKERS="tcp://:61613": expected tcp://host:port or tls://host:port`},
	{`BROKERS=tcp://a:0`, `STOMPGW_BROKERS="tcp://a:0": expected tcp://host:port or tls://host:port`},
	{`BROKERS=tcp://a:`, `STOMPGW_BROKERS="tcp://a:": expected tcp://host:port or tls://host:port`},
	{`BROKERS=tcp://a/stomp`, `STOMPGW_BROKERS="tcp://a/stomp": expected tcp://host:port or tls://host:port`},
	{`BROKERS=tcp://-a`, `STOMPGW_BROKERS="tcp://-a": expected tcp://host:port or tls://host:port`},
	{`BROKERS=tcp://[rabbit]`, `STOMPGW_BROKERS="tcp://[rabbit]": expected tcp://host:port or tls://host:port, IPv6 and nothing else in brackets`},
	{`BROKERS=tcp://[10.0.0.1]:61613`, `STOMPGW_BROKERS="tcp://[10.0.0.1]:61613": expected tcp://host:port or tls://host:port, IPv6 and nothing else in brackets`},
	{`BROKERS=tcp://::1`, `STOMPGW_BROKERS="tcp://::1": expected tcp://host:port or tls://host:port, IPv6 and nothing else in brackets`},
	{`BROKERS=tcp://a,tcp://a:61613`, `STOMPGW_BROKERS="tcp://a,tcp://a:61613": expected each broker once (item 2)`},
	{`BROKERS=tcp://guest:x@a`, `STOMPGW_BROKERS="tcp://***@a": expected no login in a broker's address, but in STOMPGW_BROKER_LOGIN and STOMPGW_BROKER_PASSCODE`},
	{`BROKER_DIAL_TIMEOUT=5`, `STOMPGW_BROKER_DIAL_TIMEOUT="5": expected a duration from 1ms to 5m, such as 5s`},
	{`BROKER_DIAL_TIMEOUT=0`, `STOMPGW_BROKER_DIAL_TIMEOUT="0": expected a duration from 1ms to 5m, such as 5s`},
	{`BROKER_BACKOFF_MIN=-1s`, `STOMPGW_BROKER_BACKOFF_MIN="-1s": expected a duration from 1ms to 1h, such as 1s`},
	{`BROKER_BACKOFF_MAX=2h`, `STOMPGW_BROKER_BACKOFF_MAX="2h": expected a duration from 1ms to 1h, such as 30s`},
	{`BROKER_PROXY_PROTOCOL=v1`, `STOMPGW_BROKER_PROXY_PROTOCOL="v1": expected off or v2`},
	{`BROKER_CONNECT_RATE=-1`, `STOMPGW_BROKER_CONNECT_RATE="-1": expected a whole number from 0 to 100000`},
	{`BROKER_CONNECT_RATE=0.5`, `STOMPGW_BROKER_CONNECT_RATE="0.5": expected a whole number from 0 to 100000`},
	{`BROKER_CONNECT_AT_ONCE=0`, `STOMPGW_BROKER_CONNECT_AT_ONCE="0": expected a whole number from 1 to 10000`},
	{`BROKER_CONNECT_WAIT=5m`, `STOMPGW_BROKER_CONNECT_WAIT="5m": expected a duration from 100ms to 1m, such as 30s`},
	{`BROKER_BACKOFF_MIN=1m`, `STOMPGW_BROKER_BACKOFF_MIN="1m": expected at most STOMPGW_BROKER_BACKOFF_MAX (30s)`},

	// Login.
	{"BROKER_LOGIN=a\rb", `STOMPGW_BROKER_LOGIN="a\rb": expected text without CR, LF or NUL`},
	{"BROKER_HOST=a\x00b", `STOMPGW_BROKER_HOST="a\x00b": expected text without CR, LF or NUL`},
	{"BROKER_LOGIN=a\nBROKER_PASSCODE=a\rb", `STOMPGW_BROKER_PASSCODE="***": expected text without CR, LF or NUL`},
	{"BROKER_LOGIN=a\nBROKER_PASSCODE_FILE=DIR/lines", `STOMPGW_BROKER_PASSCODE_FILE="DIR/lines": expected text without CR, LF or NUL`},
	{"BROKER_LOGIN=a\nBROKER_PASSCODE_FILE=DIR/none", `STOMPGW_BROKER_PASSCODE_FILE="DIR/none": expected a readable file (no such file or directory)`},
	{"BROKER_LOGIN=a\nBROKER_PASSCODE_FILE=DIR", `STOMPGW_BROKER_PASSCODE_FILE="DIR": expected a readable file (is a directory)`},
	{"BROKER_LOGIN=a\nBROKER_PASSCODE_FILE=DIR/empty", `STOMPGW_BROKER_PASSCODE_FILE="DIR/empty": expected a file that is not empty`},
	{"BROKER_LOGIN=a\nBROKER_PASSCODE_FILE=/dev/zero", `STOMPGW_BROKER_PASSCODE_FILE="/dev/zero": expected a readable file (larger than 1MiB)`},
	{"BROKER_LOGIN=a\nBROKER_PASSCODE=b\nBROKER_PASSCODE_FILE=DIR/lines", `STOMPGW_BROKER_PASSCODE_FILE="DIR/lines": expected only one of STOMPGW_BROKER_PASSCODE and STOMPGW_BROKER_PASSCODE_FILE`},
	{`BROKER_PASSCODE=b`, `STOMPGW_BROKER_PASSCODE="***": expected only together with STOMPGW_BROKER_LOGIN`},
	{`BROKER_PASSCODE_FILE=DIR/passcode`, `STOMPGW_BROKER_PASSCODE_FILE="DIR/passcode": expected only together with STOMPGW_BROKER_LOGIN`},
	{`BROKER_DIALECT=RabbitMQ`, `STOMPGW_BROKER_DIALECT="RabbitMQ": expected auto, rabbitmq, activemq, artemis, hornetq or apollo`},
	{`CONNECT_HEADERS=a b`, `STOMPGW_CONNECT_HEADERS="a b": expected names of headers, such as client-id, or *`},
	{`ALLOW_MISSING_LOGIN=y`, `STOMPGW_ALLOW_MISSING_LOGIN="y": expected true or false`},

	// Policy.
	{`POLICY_FILE=DIR/none`, `STOMPGW_POLICY_FILE="DIR/none": expected a readable file (no such file or directory)`},
	{`POLICY_FILE=DIR`, `STOMPGW_POLICY_FILE="DIR": expected a readable file (is a directory)`},
	{`AUDIT=on`, `STOMPGW_AUDIT="on": expected denials, all or off`},
	{`AUDIT_FILE=DIR/audit`, `STOMPGW_AUDIT_FILE="DIR/audit": expected nothing without STOMPGW_POLICY_FILE`},
	{"POLICY_FILE=DIR/lines\nAUDIT=off\nAUDIT_FILE=DIR/audit", `STOMPGW_AUDIT_FILE="DIR/audit": expected nothing with STOMPGW_AUDIT=off`},
	{"POLICY_FILE=DIR/lines\nAUDIT_FILE=DIR", `STOMPGW_AUDIT_FILE="DIR": expected a file to append to (is a directory)`},
	{"POLICY_FILE=DIR/lines\nAUDIT_FILE=DIR/none/audit", `STOMPGW_AUDIT_FILE="DIR/none/audit": expected a file to append to (its folder: no such file or directory)`},
	{"POLICY_FILE=DIR/lines\nAUDIT_FILE=DIR/lines/audit", `STOMPGW_AUDIT_FILE="DIR/lines/audit": expected a file to append to (not a directory)`},

	// Heart-beats and times.
	{`BROKER_HEART_BEAT=10s`, `STOMPGW_BROKER_HEART_BEAT="10s": expected what the gateway can send and what it wants to receive, each 0 or a duration from 1s to 1h, such as 10s,10s`},
	{`CLIENT_HEART_BEAT=10s,500ms`, `STOMPGW_CLIENT_HEART_BEAT="10s,500ms": expected what the gateway can send and what it wants to receive, each 0 or a duration from 1s to 1h, such as 10s,10s`},
	{`CLIENT_HEART_BEAT=2h,0`, `STOMPGW_CLIENT_HEART_BEAT="2h,0": expected what the gateway can send and what it wants to receive, each 0 or a duration from 1s to 1h, such as 10s,10s`},
	{`CLIENT_HEART_BEAT=10000,10000`, `STOMPGW_CLIENT_HEART_BEAT="10000,10000": expected what the gateway can send and what it wants to receive, each 0 or a duration from 1s to 1h, such as 10s,10s`},
	{`CLIENT_HEART_BEAT=1s,1s,1s`, `STOMPGW_CLIENT_HEART_BEAT="1s,1s,1s": expected what the gateway can send and what it wants to receive, each 0 or a duration from 1s to 1h, such as 10s,10s`},
	{`PING_INTERVAL=0`, `STOMPGW_PING_INTERVAL="0": expected a duration from 1s to 10m, such as 25s`},
	{`PING_INTERVAL=11m`, `STOMPGW_PING_INTERVAL="11m": expected a duration from 1s to 10m, such as 25s`},
	{`CONNECT_TIMEOUT=0`, `STOMPGW_CONNECT_TIMEOUT="0": expected a duration from 1ms to 10m, such as 10s`},
	{`LOGIN_TIMEOUT=soon`, `STOMPGW_LOGIN_TIMEOUT="soon": expected a duration from 1ms to 10m, such as 10s`},
	{`FIRST_FRAME_TIMEOUT=25h`, `STOMPGW_FIRST_FRAME_TIMEOUT="25h": expected 0 (off) or a duration from 1ms to 24h, such as 10s`},
	{`IDLE_TIMEOUT=-1s`, `STOMPGW_IDLE_TIMEOUT="-1s": expected 0 (off) or a duration from 1ms to 168h, such as 30m`},
	{`FRAME_TIMEOUT=2h`, `STOMPGW_FRAME_TIMEOUT="2h": expected a duration from 1ms to 1h, such as 30s`},
	{`DISCONNECT_TIMEOUT=0s`, `STOMPGW_DISCONNECT_TIMEOUT="0s": expected a duration from 1ms to 10m, such as 5s`},
	{`CLOSE_TIMEOUT=0s`, `STOMPGW_CLOSE_TIMEOUT="0s": expected a duration from 1ms to 10m, such as 2s`},
	{`SLOW_CLIENT_TIMEOUT=0`, `STOMPGW_SLOW_CLIENT_TIMEOUT="0": expected a duration from 1ms to 1h, such as 20s`},
	{`SLOW_BROKER_TIMEOUT=0`, `STOMPGW_SLOW_BROKER_TIMEOUT="0": expected a duration from 1ms to 24h, such as 2m`},

	// Limits and the rest.
	{`MAX_SESSIONS=0`, `STOMPGW_MAX_SESSIONS="0": expected a whole number from 1 to 1000000`},
	{`MAX_SESSIONS=10k`, `STOMPGW_MAX_SESSIONS="10k": expected a whole number from 1 to 1000000`},
	{`MAX_SESSIONS=99999999999`, `STOMPGW_MAX_SESSIONS="99999999999": expected a whole number from 1 to 1000000`},
	{`MAX_SESSIONS_PER_IP=-1`, `STOMPGW_MAX_SESSIONS_PER_IP="-1": expected a whole number from 0 to 1000000`},
	{`MAX_HEAD_BEFORE_LOGIN=16kb`, `STOMPGW_MAX_HEAD_BEFORE_LOGIN="16kb": expected a size from 256B to 1MiB, such as 16KiB`},
	{`MAX_HEAD=2MiB`, `STOMPGW_MAX_HEAD="2MiB": expected a size from 256B to 1MiB, such as 64KiB`},
	{`MAX_HEADERS=9`, `STOMPGW_MAX_HEADERS="9": expected a whole number from 10 to 10000`},
	{`MAX_BODY=1025MiB`, `STOMPGW_MAX_BODY="1025MiB": expected a size from 1B to 1GiB, such as 16MiB`},
	{`MAX_BODY=0`, `STOMPGW_MAX_BODY="0": expected a size from 1B to 1GiB, such as 16MiB`},
	// SockJS.
	{`SOCKJS=maybe`, `STOMPGW_SOCKJS="maybe": expected true or false`},
	{`SOCKJS_TRANSPORTS=xhr,polling`, `STOMPGW_SOCKJS_TRANSPORTS="xhr,polling": expected transports of SockJS: websocket, xhr_streaming, xhr, eventsource, htmlfile, jsonp (item 2)`},
	{`SOCKJS_TRANSPORTS=xhr,xhr`, `STOMPGW_SOCKJS_TRANSPORTS="xhr,xhr": expected each transport once (item 2)`},
	{`SOCKJS_CLIENT_URL=//cdn.example/sockjs.js`, `STOMPGW_SOCKJS_CLIENT_URL="//cdn.example/sockjs.js": expected an http or https URL, or a path on this host, such as /sockjs.min.js`},
	{`SOCKJS_CLIENT_URL=javascript:alert(1)`, `STOMPGW_SOCKJS_CLIENT_URL="javascript:alert(1)": expected an http or https URL, or a path on this host, such as /sockjs.min.js`},
	{`SOCKJS_CLIENT_URL=https://a/s.js;script-src *`, `STOMPGW_SOCKJS_CLIENT_URL="https://a/s.js;script-src *": expected an http or https URL, or a path on this host, such as /sockjs.min.js`},
	{`SOCKJS_HEART_BEAT=0s`, `STOMPGW_SOCKJS_HEART_BEAT="0s": expected a duration from 1s to 1h, such as 25s`},
	{`SOCKJS_DISCONNECT_DELAY=1h`, `STOMPGW_SOCKJS_DISCONNECT_DELAY="1h": expected a duration from 100ms to 10m, such as 5s`},
	{`SOCKJS_STREAM_LIMIT=1`, `STOMPGW_SOCKJS_STREAM_LIMIT="1": expected a size from 1KiB to 1GiB, such as 128KiB`},
	{`SOCKJS_BUFFER=64KiB`, `STOMPGW_SOCKJS_BUFFER="64KiB": expected a size from 128KiB to 1GiB, such as 1MiB`},
	{`SOCKJS_MAX_POST=0B`, `STOMPGW_SOCKJS_MAX_POST="0B": expected a size from 1KiB to 1GiB, such as 1MiB`},
	{`SOCKJS_COOKIE=true`, `STOMPGW_SOCKJS_COOKIE="true": expected off, on or secure`},
	{`SOCKJS_COOKIE_SAME_SITE=` + "None", `STOMPGW_SOCKJS_COOKIE_SAME_SITE="None": expected unset, none, lax or strict`},
	{`SOCKJS_COOKIE_HTTP_ONLY=1s`, `STOMPGW_SOCKJS_COOKIE_HTTP_ONLY="1s": expected true or false`},
	// Cluster.
	{"CLUSTER_LISTEN=7946\nCLUSTER_PEERS=a:1\nCLUSTER_SECRET=" + long, `STOMPGW_CLUSTER_LISTEN="7946": expected host:port, such as :7946`},
	{"CLUSTER_LISTEN=:7946", "" +
		`STOMPGW_CLUSTER_PEERS="": expected a value where STOMPGW_CLUSTER_LISTEN is set` + "\n" +
		`STOMPGW_CLUSTER_SECRET="***": expected a value where STOMPGW_CLUSTER_LISTEN is set`},
	{"CLUSTER_PEERS=a:1\nCLUSTER_SECRET=" + long, "" +
		`STOMPGW_CLUSTER_PEERS="a:1": expected only together with STOMPGW_CLUSTER_LISTEN` + "\n" +
		`STOMPGW_CLUSTER_SECRET="***": expected only together with STOMPGW_CLUSTER_LISTEN`},
	{"CLUSTER_LISTEN=:1\nCLUSTER_PEERS=a:1\nCLUSTER_SECRET=short", `STOMPGW_CLUSTER_SECRET="***": expected at least 32 characters`},
	{"CLUSTER_LISTEN=:1\nCLUSTER_PEERS=a\nCLUSTER_SECRET=" + long, `STOMPGW_CLUSTER_PEERS="a": expected host:port or dns:name:port`},
	{"CLUSTER_LISTEN=:1\nCLUSTER_PEERS=a:1,dns:b\nCLUSTER_SECRET=" + long, `STOMPGW_CLUSTER_PEERS="a:1,dns:b": expected host:port or dns:name:port (item 2)`},
	{"CLUSTER_LISTEN=:1\nCLUSTER_PEERS=dns:10.0.0.1:1\nCLUSTER_SECRET=" + long, `STOMPGW_CLUSTER_PEERS="dns:10.0.0.1:1": expected a name behind dns:, not an address`},
	{"CLUSTER_LISTEN=:1\nCLUSTER_PEERS=a:1,a:1\nCLUSTER_SECRET=" + long, `STOMPGW_CLUSTER_PEERS="a:1,a:1": expected each peer once (item 2)`},
	{"CLUSTER_LISTEN=:8080\nCLUSTER_PEERS=a:1\nCLUSTER_SECRET=" + long, `STOMPGW_CLUSTER_LISTEN=":8080": expected another address than STOMPGW_LISTEN (:8080)`},
	{"CLUSTER_LISTEN=:9090\nCLUSTER_PEERS=a:1\nCLUSTER_SECRET=" + long, `STOMPGW_CLUSTER_LISTEN=":9090": expected another address than STOMPGW_ADMIN_LISTEN (127.0.0.1:9090)`},

	{`MESSAGE_TYPE=utf8`, `STOMPGW_MESSAGE_TYPE="utf8": expected auto, text or binary`},
	{`CLOSE_ON_ERROR=2`, `STOMPGW_CLOSE_ON_ERROR="2": expected true or false`},
	{`KEEP_ERRORS=2`, `STOMPGW_KEEP_ERRORS="2": expected true or false`},
	{`DRAIN_DELAY=2h`, `STOMPGW_DRAIN_DELAY="2h": expected a duration from 0s to 1h, such as 5s`},
	{`DRAIN_SPREAD=-1s`, `STOMPGW_DRAIN_SPREAD="-1s": expected a duration from 0s to 1h, such as 15s`},
	{`DRAIN_TIMEOUT=3h`, `STOMPGW_DRAIN_TIMEOUT="3h": expected a duration from 0s to 2h, such as 30s`},
	{`DRAIN_SPREAD=26s`, `STOMPGW_DRAIN_TIMEOUT="30s": expected at least STOMPGW_DRAIN_DELAY and STOMPGW_DRAIN_SPREAD together (31s)`},
	{`LOG_LEVEL=trace`, `STOMPGW_LOG_LEVEL="trace": expected debug, info, warn or error`},
	{`TRACE_FRAMES=on`, `STOMPGW_TRACE_FRAMES="on": expected off, continue or restart`},
	{`LOG_FORMAT=text`, `STOMPGW_LOG_FORMAT="text": expected json or console`},

	{"LOG_LEVEL=" + strings.Repeat("a", 199) + "ü", `STOMPGW_LOG_LEVEL="` + strings.Repeat("a", 199) + `…": expected debug, info, warn or error`},

	// Names.
	// Admin pages.
	{`ADMIN_TOKEN=fifteen-letters`, `STOMPGW_ADMIN_TOKEN="***": expected at least 16 visible ASCII characters`},
	{`ADMIN_TOKEN=sixteen letters and more`, `STOMPGW_ADMIN_TOKEN="***": expected at least 16 visible ASCII characters`},
	{`ADMIN_TOKEN=sixteen-letters-und-mehr-ü`, `STOMPGW_ADMIN_TOKEN="***": expected at least 16 visible ASCII characters`},
	{`ADMIN_HOSTS=gateway:9090`, `STOMPGW_ADMIN_HOSTS="gateway:9090": expected names of hosts without ports, such as gateway.internal`},
	{`ADMIN_HOSTS=a,*.b`, `STOMPGW_ADMIN_HOSTS="a,*.b": expected names of hosts without ports, such as gateway.internal (item 2)`},
	{`ADMIN_HOSTS=a,A`, `STOMPGW_ADMIN_HOSTS="a,A": expected each name once (item 2)`},

	{`LISEN=:1`, `STOMPGW_LISEN="***": expected a known name; did you mean STOMPGW_LISTEN?`},
	{`BROKER=tcp://a`, `STOMPGW_BROKER="***": expected a known name; did you mean STOMPGW_BROKERS?`},
	{`BROKER_PASSCODEFILE=x`, `STOMPGW_BROKER_PASSCODEFILE="***": expected a known name; did you mean STOMPGW_BROKER_PASSCODE_FILE?`},
	{`LISTEN_FILE=x`, `STOMPGW_LISTEN_FILE="***": expected a known name`},
	{`SPEED_FILE=x`, `STOMPGW_SPEED_FILE="***": expected a known name`},
	{`SPEED=fast`, `STOMPGW_SPEED="***": expected a known name`},
	{`=x`, `STOMPGW_="***": expected a known name`},
	{`PORT=8080`, `STOMPGW_PORT="***": expected a known name`},
	{`MAX_HEADER=1`, `STOMPGW_MAX_HEADER="***": expected a known name; did you mean STOMPGW_MAX_HEADERS?`},

	{"LOG_FORMAT=x\nBROKER_PASSCODE_FILE=-----BEGIN", "" +
		`STOMPGW_BROKER_PASSCODE_FILE="***": expected a readable file (no such file or directory)` + "\n" +
		`STOMPGW_LOG_FORMAT="x": expected json or console`},

	// Several at once: in the order of the reference, unknown names last; what
	// depends on a mistake is not judged.
	{"LOG_LEVEL=x\nZ=1\nA=1\nBROKER_PASSCODE=x\nLISTEN=:x\nADMIN_LISTEN=:x", "" +
		`STOMPGW_LISTEN=":x": expected host:port, unix:/path, systemd or systemd:name, such as :8080` + "\n" +
		`STOMPGW_ADMIN_LISTEN=":x": expected host:port, such as 127.0.0.1:9090` + "\n" +
		`STOMPGW_BROKER_PASSCODE="***": expected only together with STOMPGW_BROKER_LOGIN` + "\n" +
		`STOMPGW_LOG_LEVEL="x": expected debug, info, warn or error` + "\n" +
		`STOMPGW_A="***": expected a known name` + "\n" +
		`STOMPGW_Z="***": expected a known name`},
	{"BROKERS=x\nBROKER_TLS_SERVER_NAME=a", `STOMPGW_BROKERS="x": expected tcp://host:port or tls://host:port`},
	{"DRAIN_DELAY=x\nDRAIN_SPREAD=1h", `STOMPGW_DRAIN_DELAY="x": expected a duration from 0s to 1h, such as 5s`},
	{"BROKER_BACKOFF_MIN=1m\nBROKER_BACKOFF_MAX=x", `STOMPGW_BROKER_BACKOFF_MAX="x": expected a duration from 1ms to 1h, such as 30s`},
}

func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "empty", "\n")
	write(t, dir, "lines", "a\nb\n")
	write(t, dir, "passcode", "hunter2\n")
	for _, test := range mistakes {
		expectMistakes(t, dir, test.environ, test.want)
	}
}

// expectMistakes parses the lines of an environment, where DIR is dir.
func expectMistakes(t *testing.T, dir, environ, want string) {
	t.Helper()
	_, err := Parse(lines(dir, environ))
	var mistakes Mistakes
	if !errors.As(err, &mistakes) {
		t.Errorf("%q: got error %v, want mistakes:\n%s", environ, err, want)
		return
	}
	if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != want {
		t.Errorf("%q: got\n%s\nwant\n%s", environ, got, want)
	}
}

// lines gives the environment of a test.
func lines(dir, environ string) []string {
	var all []string
	for line := range strings.SplitSeq(sound+environ, "\n") {
		all = append(all, Prefix+strings.ReplaceAll(line, "DIR", dir))
	}
	return all
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
