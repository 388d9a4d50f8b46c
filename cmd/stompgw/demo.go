package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/demo"
)

// demoDefaults make the demo readable and quick to stop. The environment goes
// before them.
var demoDefaults = map[string]string{
	"STOMPGW_LOG_FORMAT":          "console",
	"STOMPGW_DRAIN_DELAY":         "0s",
	"STOMPGW_DRAIN_SPREAD":        "0s",
	"STOMPGW_ALLOW_MISSING_LOGIN": "true",
}

// serveDemo runs a broker in memory, the gateway in front of it, and a page.
func serveDemo(ctx context.Context, environ []string, stdout, stderr io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the demo broker: %w", err)
	}
	conf, err := config.Parse(demoEnviron(environ, listener.Addr()))
	if err != nil {
		_ = listener.Close() // nothing was served yet
		return err
	}
	embedded, err := demo.NewBroker(demo.Options{Version: buildVersion()})
	if err != nil {
		_ = listener.Close() // nothing was served yet
		return err
	}
	s, err := newServer(conf, environ, stderr)
	if err != nil {
		_ = listener.Close() // nothing was served yet
		return err
	}
	s.other = demo.Page(conf.Server.Paths[0])

	// The broker outlives the gateway, which says goodbye to it.
	brokerCtx, stopBroker := context.WithCancel(context.Background())
	defer stopBroker()
	served := make(chan error, 1)
	go func() { served <- embedded.Serve(brokerCtx, listener) }()
	err = s.run(ctx, func(addr net.Addr) {
		fmt.Fprintf(stdout, "\n  Open %s in two windows and chat.\n  The broker behind it is in memory and for development only.\n  Stop with Ctrl-C.\n\n", pageURL(s.public.scheme(), addr))
	})
	stopBroker()
	return errors.Join(err, <-served)
}

// demoEnviron puts the demo's defaults and its broker into the environment.
func demoEnviron(environ []string, broker net.Addr) []string {
	set := map[string]bool{}
	var env []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if name == "STOMPGW_BROKERS" {
			continue
		}
		set[name] = true
		env = append(env, pair)
	}
	for name, value := range demoDefaults {
		if !set[name] {
			env = append(env, name+"="+value)
		}
	}
	return append(env, "STOMPGW_BROKERS=tcp://"+broker.String())
}

// pageURL gives the address of the page as a person would type it.
func pageURL(scheme string, addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return scheme + "://" + addr.String() + "/"
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() || ip.IsLoopback() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/"
}
