package config

import (
	"slices"
	"strings"
	"testing"
)

func TestCluster(t *testing.T) {
	environ := lines("", "CLUSTER_LISTEN=:7946\nCLUSTER_PEERS=gw-1:7946, [::1]:1,dns:gw.internal:7946\nCLUSTER_SECRET="+long)
	c, err := Parse(environ)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Peer{"gw-1:7946", "[::1]:1", "dns:gw.internal:7946"}; c.Cluster.Listen != ":7946" || !slices.Equal(c.Cluster.Peers, want) || c.Cluster.Secret.Reveal() != long {
		t.Errorf("got %+v", c.Cluster)
	}
	if shown := c.String(); !strings.Contains(shown, "STOMPGW_CLUSTER_PEERS=gw-1:7946,[::1]:1,dns:gw.internal:7946\nSTOMPGW_CLUSTER_SECRET=***\n") || strings.Contains(shown, long) {
		t.Errorf("got %s", shown)
	}
}
