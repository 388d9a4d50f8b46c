package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/stompgw/stompgw/cluster"
	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/gateway"
)

// joinCluster makes this gateway's part in a cluster, where the configuration
// has one.
func (s *server) joinCluster(o *gateway.Options) error {
	if s.conf.Cluster.Listen == "" {
		return nil
	}
	var err error
	if s.cluster, err = cluster.New(clusterOptions(s.conf), s.log, s.registry); err != nil {
		return err
	}
	o.Cluster = s.cluster
	return nil
}

// clusterOptions says in the cluster's words what the configuration says.
func clusterOptions(c config.Config) cluster.Options {
	o := cluster.Options{
		Secret:       c.Cluster.Secret.Reveal(),
		BodyTimeout:  c.Timeouts.Frame,
		WriteTimeout: c.Timeouts.SlowClient,
		MaxBody:      int64(c.SockJS.MaxPost),
		MaxForwarded: 2 * c.Limits.Sessions, // of each session, a poll and a post
	}
	for _, p := range c.Cluster.Peers {
		o.Peers = append(o.Peers, string(p))
	}
	return o
}

// startCluster finds the other members, and serves them.
func (s *server) startCluster(ctx context.Context, routes http.Handler) error {
	if s.cluster == nil {
		return nil
	}
	l, err := net.Listen("tcp", s.conf.Cluster.Listen)
	if err != nil {
		return fmt.Errorf("listen for the cluster (STOMPGW_CLUSTER_LISTEN): %w", err)
	}
	s.log.Info("serving the cluster", zap.Stringer("listen", l.Addr()), zap.Any("peers", s.conf.Cluster.Peers))
	return s.cluster.Start(ctx, l, cluster.Local{Has: s.gateway.HasSockJS, Handler: routes})
}

// leaveCluster tells the other members that this one drains, beside the drain's
// delay: one that is silent takes a while. The channel is closed when that was said.
func (s *server) leaveCluster(ctx context.Context) <-chan struct{} {
	return s.toldCluster(func() { s.cluster.Leave(ctx) })
}

// handOver has the requests end that other members answer for this one, while the
// server of browsers shuts down. The channel is closed when that was said.
func (s *server) handOver(ctx context.Context) <-chan struct{} {
	return s.toldCluster(func() { s.cluster.HandOver(ctx) })
}

func (s *server) toldCluster(tell func()) <-chan struct{} {
	done := make(chan struct{})
	if s.cluster == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		tell()
	}()
	return done
}

// maxHandOver bounds what handing over gets of a drain's time.
const maxHandOver = 3 * time.Second

// handOverTime is kept back from this gateway's own sessions: where theirs runs out,
// those of other members, whose requests come by this one, are not to be cut off too.
func (s *server) handOverTime() time.Duration {
	if s.cluster == nil {
		return 0
	}
	return min(maxHandOver, s.conf.Drain.Timeout/4)
}

func (s *server) stopCluster() {
	if s.cluster != nil {
		s.cluster.Stop()
	}
}
