package main

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"go.uber.org/zap"

	"github.com/stompgw/stompgw/cluster"
	"github.com/stompgw/stompgw/gateway"
)

// joinCluster makes this gateway's part in a cluster, where the configuration
// has one.
func (s *server) joinCluster(o *gateway.Options) error {
	conf := s.conf.Cluster
	if conf.Listen == "" {
		return nil
	}
	options := cluster.Options{
		Secret:       conf.Secret.Reveal(),
		BodyTimeout:  s.conf.Timeouts.Frame,
		WriteTimeout: s.conf.Timeouts.SlowClient,
		MaxBody:      int64(s.conf.SockJS.MaxPost),
		MaxForwarded: 2 * s.conf.Limits.Sessions, // of each session, a poll and a post
	}
	for _, p := range conf.Peers {
		options.Peers = append(options.Peers, string(p))
	}
	var err error
	if s.cluster, err = cluster.New(options, s.log, s.registry); err != nil {
		return err
	}
	o.Cluster = s.cluster
	return nil
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

func (s *server) leaveCluster(ctx context.Context) {
	if s.cluster != nil {
		s.cluster.Leave(ctx)
	}
}

// handOver has the requests end that other members answer for this one, while the
// server of browsers shuts down. The channel is closed when that was said.
func (s *server) handOver(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	if s.cluster == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		s.cluster.HandOver(ctx)
	}()
	return done
}

func (s *server) stopCluster() {
	if s.cluster != nil {
		s.cluster.Stop()
	}
}
