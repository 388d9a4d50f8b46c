package config

import (
	"net"
	"strings"
)

// Peer is where other members of the cluster are: host:port, or dns:name:port for
// every address of the name.
type Peer string

const peerForm = "host:port or dns:name:port"

func parsePeer(s string) (Peer, error) {
	host, port, err := net.SplitHostPort(strings.TrimPrefix(s, "dns:"))
	if err != nil || !isHost(host) || !isPort(port, 1) {
		return "", unexpected(peerForm)
	}
	if strings.HasPrefix(s, "dns:") && isIP(host) {
		return "", unexpected("a name behind dns:, not an address")
	}
	return Peer(s), nil
}

// checkCluster notes what a cluster lacks, and what is there without one.
func (r *reading) checkCluster(c *Config) {
	const listen, peers, secret = "CLUSTER_LISTEN", "CLUSTER_PEERS", "CLUSTER_SECRET"
	missing := map[string]bool{peers: len(c.Cluster.Peers) == 0, secret: !c.Cluster.Secret.IsSet()}
	for _, name := range []string{peers, secret} {
		switch {
		case !r.good(listen, name):
		case c.Cluster.Listen != "" && missing[name]:
			r.mistake(Prefix+name, "a value where "+Prefix+listen+" is set")
		case c.Cluster.Listen == "" && !missing[name]:
			r.mistake(Prefix+name, "only together with "+Prefix+listen)
		}
	}
	if c.Cluster.Listen == "" || !r.good(listen) {
		return
	}
	for _, other := range c.Server.Listen {
		r.checkApart(listen, c.Cluster.Listen, "LISTEN", string(other))
	}
	r.checkApart(listen, c.Cluster.Listen, "ADMIN_LISTEN", c.Server.AdminListen)
}

// checkApart notes that one process cannot listen at both addresses.
func (r *reading) checkApart(name, addr, otherName, other string) {
	if r.good(otherName) && overlap(addr, other) {
		r.mistake(Prefix+name, "another address than "+Prefix+otherName+" ("+other+")")
	}
}
