package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/stompgw/stompgw/config"
)

// healthcheck asks the gateway that runs with the same configuration whether it
// is ready: what a container's health check needs where there is no shell.
func healthcheck(ctx context.Context, environ []string, stdout io.Writer) error {
	// Which broker it is does not matter here, and the demo names none.
	conf, err := config.Parse(append([]string{"STOMPGW_BROKERS=tcp://localhost"}, environ...))
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(conf.Server.AdminListen)
	if err != nil {
		return fmt.Errorf("read STOMPGW_ADMIN_LISTEN: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // no name: an empty image has no /etc/hosts
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	answer := strings.TrimSpace(string(body))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, answer)
	}
	fmt.Fprintln(stdout, answer)
	return nil
}
