package brokers

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
)

// conf is the node's rabbitmq.conf; amqp is an address for AMQP, which nothing here uses.
func (r *RabbitMQ) conf(amqp string) string {
	return strings.Join([]string{
		"listeners.tcp.1 = " + amqp,
		"stomp.listeners.tcp.1 = " + r.STOMP,
		"stomp.listeners.ssl.1 = " + r.STOMPTLS,
		"stomp.proxy_protocol = " + strconv.FormatBool(r.proxied),
		"ssl_options.cacertfile = " + r.Certs.CA,
		"ssl_options.certfile = " + r.Certs.ServerCert,
		"ssl_options.keyfile = " + r.Certs.ServerKey,
		"ssl_options.verify = verify_peer", // a client certificate is welcome, and must be ours
		"ssl_options.fail_if_no_peer_cert = false",
		"web_stomp.tcp.ip = 127.0.0.1",
		"web_stomp.tcp.port = " + portOf(r.WebSTOMP),
		"management.tcp.ip = 127.0.0.1",
		"management.tcp.port = " + portOf(r.Management),
		"management.load_definitions = " + filepath.Join(r.dir, "definitions.json"),
		"collect_statistics_interval = 1000",
		"loopback_users.guest = true",
		"vm_memory_high_watermark.absolute = 2GB",
		"disk_free_limit.absolute = 50MB",
		"log.console = false",
	}, "\n") + "\n"
}

// preface is what a STOMP connection begins with.
func (r *RabbitMQ) preface() string {
	if r.proxied {
		return "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n"
	}
	return ""
}

type object = map[string]any

// definitions holds the users and virtual hosts, which the node reads when it starts.
func (r *RabbitMQ) definitions() string {
	var users, hosts, permissions []object
	for _, u := range []User{r.Guest, r.Other} {
		users = append(users, object{"name": u.Login, "password": u.Passcode, "tags": ""})
		hosts = append(hosts, object{"name": u.Host})
		permissions = append(permissions, object{"user": u.Login, "vhost": u.Host, "configure": ".*", "write": ".*", "read": ".*"})
	}
	users[0]["tags"] = "administrator"
	text, err := json.Marshal(object{"users": users, "vhosts": hosts, "permissions": permissions})
	if err != nil {
		panic(err) // strings and lists always marshal
	}
	return string(text)
}
