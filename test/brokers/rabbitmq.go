package brokers

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stompgw/stompgw/test/proc"
)

const rabbitBin = "/usr/lib/rabbitmq/bin/" // the commands in /usr/sbin switch user

// RabbitMQ is a running RabbitMQ node. Addresses are host:port on loopback.
type RabbitMQ struct {
	STOMP, STOMPTLS string
	WebSTOMP        string // its own WebSocket, at ws://WebSTOMP/ws
	Management      string // HTTP API, user Guest
	Guest           User   // loopback only, virtual host "/"
	Other           User   // virtual host "second" only
	Certs           *Certs
	LogFile         string // what the node prints; its own log is beside it

	proxied  bool // STOMP connections begin with a PROXY header
	dir      string
	env      []string
	epmdPort string
	epmd     *proc.Process
	node     *proc.Process
}

// StartRabbitMQ starts a node with its data in dir and waits until it accepts STOMP. The cause of the error is
// ErrMissing when RabbitMQ is not installed. The caller ends it with Stop or Kill.
func StartRabbitMQ(dir string) (*RabbitMQ, error) { return startRabbitMQ(dir, false) }

// StartRabbitMQBehindProxy is StartRabbitMQ with STOMP listeners that want a PROXY header.
func StartRabbitMQBehindProxy(dir string) (*RabbitMQ, error) { return startRabbitMQ(dir, true) }

func startRabbitMQ(dir string, proxied bool) (*RabbitMQ, error) {
	if err := needs(rabbitBin+"rabbitmq-server", "/usr/bin/epmd"); err != nil {
		return nil, fmt.Errorf("start RabbitMQ: %w", err)
	}
	r := &RabbitMQ{
		dir: dir, proxied: proxied, LogFile: filepath.Join(dir, "rabbitmq.out"),
		Guest: User{"guest", "guest", "/"}, Other: User{"other", "other secret", "second"},
	}
	if err := r.configure(); err != nil {
		return nil, fmt.Errorf("configure RabbitMQ: %w", err)
	}
	if err := r.Start(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *RabbitMQ) configure() error {
	certs, err := NewCerts(filepath.Join(r.dir, "certs"))
	if err != nil {
		return err
	}
	r.Certs = certs
	var amqp, dist, epmd string
	if err := listeners(&r.STOMP, &r.STOMPTLS, &r.WebSTOMP, &r.Management, &amqp, &dist, &epmd); err != nil {
		return err
	}
	r.epmdPort = portOf(epmd)
	var random [16]byte
	rand.Read(random[:])
	err = write(r.dir, map[string]string{
		".erlang.cookie":   hex.EncodeToString(random[:]),
		"enabled_plugins":  "[rabbitmq_stomp,rabbitmq_web_stomp,rabbitmq_management].\n",
		"rabbitmq.conf":    r.conf(amqp),
		"definitions.json": r.definitions(),
	})
	if err != nil {
		return err
	}
	r.env = []string{
		"HOME=" + r.dir, // the Erlang cookie lives there
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8",
		"RABBITMQ_NODENAME=stompgw" + hex.EncodeToString(random[:4]) + "@localhost",
		"RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_CONFIG_FILE=" + filepath.Join(r.dir, "rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(r.dir, "enabled_plugins"),
		"RABBITMQ_MNESIA_BASE=" + filepath.Join(r.dir, "mnesia"),
		"RABBITMQ_LOG_BASE=" + filepath.Join(r.dir, "log"),
		"RABBITMQ_PID_FILE=" + filepath.Join(r.dir, "pid"),
		"RABBITMQ_DIST_PORT=" + portOf(dist),
		"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + r.epmdPort,
		// No busy waiting: the tests and the gateway need the processor too.
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
	}
	return os.Chmod(filepath.Join(r.dir, ".erlang.cookie"), 0o400)
}

// Start starts a node that was stopped or killed again, on the same addresses and data.
func (r *RabbitMQ) Start() error {
	// epmd would otherwise be started by the node, as a daemon that outlives it.
	log := filepath.Join(r.dir, "epmd.out")
	epmd, err := proc.Start(proc.Command{
		Path: "/usr/bin/epmd", Args: []string{"-address", "127.0.0.1", "-port", r.epmdPort}, Env: r.env, Dir: r.dir, Log: log,
	})
	if err != nil {
		return err
	}
	r.epmd = epmd
	if err := proc.AwaitListen(epmd, "127.0.0.1:"+r.epmdPort, 10*time.Second); err != nil {
		return errors.Join(err, epmd.Kill())
	}
	r.node, err = proc.Start(proc.Command{Path: rabbitBin + "rabbitmq-server", Env: r.env, Dir: r.dir, Log: r.LogFile})
	if err != nil {
		return errors.Join(err, epmd.Kill())
	}
	for _, addr := range []string{r.STOMP, r.STOMPTLS, r.WebSTOMP, r.Management} {
		if err := proc.AwaitListen(r.node, addr, 3*time.Minute); err != nil {
			return errors.Join(fmt.Errorf("start RabbitMQ: %w", err), r.Kill())
		}
	}
	if err := awaitAnswer(r.STOMP, r.preface(), r.Guest, 60*time.Second); err != nil {
		return errors.Join(fmt.Errorf("start RabbitMQ: %w", err), r.Kill())
	}
	return nil
}

// Stop shuts the node down in order and waits until nothing of it is left.
func (r *RabbitMQ) Stop() error { return errors.Join(r.node.Stop(60*time.Second), r.Kill()) }

// Kill ends the node at once, by SIGKILL to what this test started. Start brings it back.
func (r *RabbitMQ) Kill() error { return errors.Join(r.node.Kill(), r.epmd.Kill()) }

// Restart kills the node and starts it again on the same addresses and data.
func (r *RabbitMQ) Restart() error {
	if err := r.Kill(); err != nil {
		return err
	}
	return r.Start()
}

// Pid is the process group of the node.
func (r *RabbitMQ) Pid() int { return r.node.Pid() }
