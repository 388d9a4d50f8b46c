package main

import (
	"net"
	"strings"
	"testing"
)

func TestCluster(t *testing.T) {
	broker := silentBroker(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	environ := []string{"STOMPGW_BROKERS=tcp://" + broker.Addr().String(), "STOMPGW_LISTEN=127.0.0.1:0", "STOMPGW_ADMIN_LISTEN=127.0.0.1:0",
		"STOMPGW_CLUSTER_PEERS=127.0.0.1:1", "STOMPGW_CLUSTER_SECRET=0123456789abcdef0123456789abcdef"}
	status, _, stderr := call(append(environ, "STOMPGW_CLUSTER_LISTEN="+taken.Addr().String()), "serve")
	if status != 1 || !strings.Contains(stderr, "listen for the cluster (STOMPGW_CLUSTER_LISTEN)") {
		t.Errorf("a port that is taken: got %d, %q", status, stderr)
	}
	gw := start(t, "serve", append(environ, "STOMPGW_CLUSTER_LISTEN=127.0.0.1:0")...)
	if status, body := get("http://" + gw.admin + "/metrics"); status != 200 || !strings.Contains(body, `stompgw_cluster_peers{state="ready"} 0`) {
		t.Errorf("metrics: got %d, without the cluster's", status)
	}
	if status := gw.end(); status != 0 {
		t.Errorf("got exit status %d, log:\n%s", status, gw.stderr.String())
	}
	if strings.Contains(gw.stderr.String(), "0123456789abcdef") {
		t.Error("the secret is in the log")
	}
}
