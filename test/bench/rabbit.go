package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// webStomp names RabbitMQ's own WebSocket listener among the subjects.
const webStomp = "Web STOMP"

// rabbit is a RabbitMQ node of the benchmark's own.
type rabbit struct {
	proc  *process
	stomp string // address of the plain TCP listener
	web   string // address of the Web STOMP listener
	bin   string // folder of the programs
	env   []string
	epmd  string // port of the node's own name server
}

func (r *rabbit) webStomp() target {
	return target{Addr: r.web, WS: true, Path: "/ws", Proto: "v12.stomp"}
}

// startBroker starts the node at its first call and keeps it.
func (b *bench) startBroker(ctx context.Context) error {
	if b.broker != nil {
		return nil
	}
	// The package's own script in the path changes to another user.
	server, err := program("/usr/lib/rabbitmq/bin/rabbitmq-server")
	if err != nil {
		return err
	}
	r := &rabbit{bin: filepath.Dir(server)}
	home := filepath.Join(b.dir, "rabbitmq")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	var ports [5]string
	for i := range ports {
		if ports[i], err = freeAddr(); err != nil {
			return err
		}
	}
	port := func(i int) string { return ports[i][len("127.0.0.1:"):] }
	r.stomp, r.web, r.epmd = ports[0], ports[1], port(4)
	cookie := make([]byte, 16)
	_, _ = rand.Read(cookie) // never fails, see crypto/rand
	files := map[string]string{
		".erlang.cookie":  hex.EncodeToString(cookie),
		"enabled_plugins": "[rabbitmq_stomp,rabbitmq_web_stomp].\n",
		"rabbitmq.conf": fmt.Sprintf(`listeners.tcp.1 = %s
stomp.listeners.tcp.1 = %s
web_stomp.tcp.ip = 127.0.0.1
web_stomp.tcp.port = %s
loopback_users.guest = true
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 50MB
log.console = false
`, ports[2], r.stomp, port(1)),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o400); err != nil {
			return err
		}
	}
	in := func(name string) string { return filepath.Join(home, name) }
	r.env = []string{
		"HOME=" + home, "LANG=C.UTF-8",
		"RABBITMQ_NODENAME=bench" + port(0) + "@localhost",
		"RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("enabled_plugins"),
		"RABBITMQ_MNESIA_BASE=" + in("mnesia"),
		"RABBITMQ_LOG_BASE=" + in("log"),
		"RABBITMQ_PID_FILE=" + in("pid"),
		"RABBITMQ_DIST_PORT=" + port(3),
		"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + r.epmd,
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
	}
	if r.proc, err = start(b.dir, command{name: "rabbitmq", args: []string{server}, env: r.env, core: anyCore}); err != nil {
		return err
	}
	for _, addr := range []string{r.stomp, r.web} {
		if err := waitListening(ctx, r.proc, addr, time.Minute); err != nil {
			r.stop()
			return err
		}
	}
	b.broker = r
	return nil
}

// stop shuts the node down in order, then ends its name server.
func (r *rabbit) stop() {
	if r == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ctl := exec.CommandContext(ctx, filepath.Join(r.bin, "rabbitmqctl"), "shutdown")
	ctl.Env = append(os.Environ(), r.env...)
	_ = ctl.Run() // the process group is ended in any case
	r.proc.stop()
	if epmd, err := program("epmd"); err == nil {
		kill := exec.CommandContext(ctx, epmd, "-port", r.epmd, "-kill")
		kill.Env = ctl.Env
		_ = kill.Run()
	}
}
