package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// subject is something that relays a session to a STOMP server.
type subject struct {
	name string
	// websocket says that the subject is spoken to in WebSocket frames; the
	// others get the same STOMP bytes over TCP.
	websocket bool
	// slow marks a subject that is given less work, so that a run stays short.
	slow bool
	// launch gives the command and the target once its ends are known;
	// errMissing where the subject is not installed. Nil means that the client
	// speaks to the backend itself.
	launch func(b *bench, e ends) (command, target, error)
	// admin says that the subject takes an admin address, see stompgw.
	admin bool
}

// ends are the two sides of a subject.
type ends struct {
	listen, backend string
	cert            string // file with the certificate and key of TLS in front; "" for none
}

// relay is a running subject.
type relay struct {
	proc    *process // nil for direct
	to      target
	metrics string
}

func (r relay) pid() int {
	if r.proc == nil {
		return 0
	}
	return r.proc.pid()
}

var subjects = []subject{
	{name: "stompgw", websocket: true, launch: launchStompgw, admin: true},
	{name: before, websocket: true, launch: launchBefore, admin: true},
	{name: ruled, websocket: true, launch: launchRuled, admin: true},
	{name: "copy", launch: launchCopy},
	{name: "direct"},
	{name: "haproxy", launch: launchHaproxy},
	{name: "nginx", launch: launchNginx},
	{name: "websockify", websocket: true, slow: true, launch: launchWebsockify},
}

// before names another build of the gateway, measured beside it with -before.
const before = "before"

// ruled names the gateway with a policy of a thousand rules.
const ruled = "1000-rules"

func subjectNamed(name string) (subject, error) {
	for _, s := range subjects {
		if s.name == name {
			return s, nil
		}
	}
	return subject{}, fmt.Errorf("unknown subject %q", name)
}

// startSubject runs s in front of backend, with TLS before it if asked for. The
// caller stops its process.
func (b *bench) startSubject(ctx context.Context, s subject, backend string, core int, secure bool) (relay, error) {
	if s.launch == nil {
		return relay{to: target{Addr: backend}}, nil
	}
	e := ends{backend: backend}
	var err error
	if e.listen, err = freeAddr(); err != nil {
		return relay{}, err
	}
	if secure {
		if e.cert, err = b.certificate(); err != nil {
			return relay{}, err
		}
	}
	c, to, err := s.launch(b, e)
	if err != nil {
		return relay{}, err
	}
	c.name, c.core = s.name, core
	to.Addr, to.WS, to.TLS = e.listen, s.websocket, secure
	r := relay{to: to}
	if s.admin {
		admin, err := freeAddr()
		if err != nil {
			return relay{}, err
		}
		c.env = append(c.env, "STOMPGW_ADMIN_LISTEN="+admin)
		r.metrics = "http://" + admin
	}
	if r.proc, err = start(b.dir, c); err != nil {
		return relay{}, err
	}
	if err := waitListening(ctx, r.proc, e.listen, 15*time.Second); err != nil {
		r.proc.stop()
		return relay{}, err
	}
	return r, nil
}

// launchStompgw runs the gateway as the tree has it, with the limits raised
// to what the figures need. Its WebSocket pings stay on, as a user has them.
func launchStompgw(b *bench, e ends) (command, target, error) {
	if b.gateway == "" {
		return command{}, target{}, fmt.Errorf("stompgw: %w", b.gatewayErr)
	}
	return b.gatewayCommand(b.gateway, e)
}

func launchBefore(b *bench, e ends) (command, target, error) {
	return b.gatewayCommand(b.before, e)
}

// launchRuled runs the gateway with a policy in which the rules that grant what
// is measured stand last.
func launchRuled(b *bench, e ends) (command, target, error) {
	c, to, err := launchStompgw(b, e)
	if err != nil {
		return c, to, err
	}
	text := []byte("version: 1\ngrants:\n")
	for i := range 999 {
		text = fmt.Appendf(text, "  - { name: r%d, send: [\"/queue/other.%d.>\", \"/topic/*.%d\"], subscribe: [\"/topic/other.%d.*\"] }\n", i, i, i, i)
	}
	text = append(text, "  - { name: measured, send: [\"/queue/>\"], subscribe: [\"/queue/>\", \"/topic/>\"] }\n"...)
	file := filepath.Join(b.dir, "policy.yaml")
	c.env = append(c.env, "STOMPGW_POLICY_FILE="+file, "STOMPGW_BROKER_DIALECT=activemq")
	return c, to, os.WriteFile(file, text, 0o600)
}

func (b *bench) gatewayCommand(bin string, e ends) (command, target, error) {
	more := b.gatewayEnv
	if e.cert != "" {
		more = append(slices.Clone(more), "STOMPGW_TLS_CERT_FILE="+e.cert, "STOMPGW_TLS_KEY_FILE="+e.cert)
	}
	return command{
		args: []string{bin, "serve"},
		env: append([]string{
			"STOMPGW_LISTEN=" + e.listen,
			"STOMPGW_BROKERS=tcp://" + e.backend,
			"STOMPGW_PATHS=/stomp",
			"STOMPGW_MAX_SESSIONS=20000",
			"STOMPGW_BROKER_CONNECT_RATE=0",
			"STOMPGW_MAX_SESSIONS_PER_IP=20000",
			"STOMPGW_CLIENT_HEART_BEAT=10s,10s",
			"STOMPGW_BROKER_HEART_BEAT=10s,10s",
			"STOMPGW_LOG_LEVEL=error",
			"STOMPGW_PPROF=true",
		}, more...),
	}, target{Path: "/stomp", Proto: "v12.stomp"}, nil
}

func launchCopy(b *bench, e ends) (command, target, error) {
	return command{args: []string{b.self, "copy", e.listen, e.backend}}, target{}, nil
}

func launchHaproxy(b *bench, e ends) (command, target, error) {
	bin, err := program("haproxy", "/usr/sbin/haproxy")
	if err != nil {
		return command{}, target{}, err
	}
	secure := ""
	if e.cert != "" {
		secure = " ssl crt " + e.cert + " ssl-min-ver TLSv1.3"
	}
	// maxconn: twice as many descriptors must stay under the hard limit.
	conf, err := b.file("haproxy.cfg", fmt.Sprintf(`global
    maxconn 9950
defaults
    mode tcp
    maxconn 9950
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen bench
    bind %s%s
    server backend %s
`, e.listen, secure, e.backend))
	return command{args: []string{bin, "-db", "-f", conf}}, target{}, err
}

func launchNginx(b *bench, e ends) (command, target, error) {
	bin, err := program("nginx", "/usr/sbin/nginx")
	if err != nil {
		return command{}, target{}, err
	}
	module, secure, certificate := "", "", ""
	if e.cert != "" {
		secure, certificate = " ssl", fmt.Sprintf("ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.3;", e.cert, e.cert)
	}
	if so := "/usr/lib/nginx/modules/ngx_stream_module.so"; exists(so) {
		module = "load_module " + so + ";"
	}
	conf, err := b.file("nginx.conf", fmt.Sprintf(`%s
daemon off;
worker_processes 1;
error_log stderr error;
pid %s;
events { worker_connections 19900; }
stream {
    access_log off;
    proxy_timeout 1h;
    server { listen %s%s; proxy_pass %s; %s }
}
`, module, filepath.Join(b.dir, "nginx-"+strings.ReplaceAll(e.listen, ":", "-")+".pid"), e.listen, secure, e.backend, certificate))
	return command{args: []string{bin, "-e", "stderr", "-p", b.dir, "-c", conf}}, target{}, err
}

func launchWebsockify(_ *bench, e ends) (command, target, error) {
	bin, err := program("websockify")
	if err != nil {
		return command{}, target{}, err
	}
	// It refuses STOMP's subprotocols and text messages.
	return command{args: []string{bin, e.listen, e.backend}}, target{Path: "/", Binary: true}, nil
}

func exists(name string) bool { _, err := os.Stat(name); return err == nil }

// file writes a configuration of its own for each start.
func (b *bench) file(name, text string) (string, error) {
	f, err := os.CreateTemp(b.dir, "*-"+name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = f.WriteString(strings.TrimSpace(text) + "\n")
	return f.Name(), err
}
