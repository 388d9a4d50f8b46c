package main

import (
	"io"
	"net/http"

	"go.uber.org/zap"

	"github.com/stompgw/stompgw/admin"
)

// adminHandler serves the admin listener.
func (s *server) adminHandler() http.Handler {
	o := admin.Options{
		Ready: s.ready, Metrics: s.registry, Profiles: s.conf.Server.PProf,
		Status: s.status, Sessions: s.gateway, LogLevel: http.HandlerFunc(s.serveLogLevel),
		Token: s.conf.Admin.Token.Reveal(), OnRefused: s.adminRefused,
	}
	for _, name := range s.conf.Admin.Hosts {
		o.Hosts = append(o.Hosts, string(name))
	}
	return admin.Handler(o)
}

func (s *server) status() admin.Status {
	st := admin.Status{Version: buildVersion(), LogLevel: s.level.String(), Since: s.since.UTC(),
		Brokers: s.brokers.States(), Status: s.gateway.Status()}
	st.Draining = s.draining.Load()
	if s.rules.policy != nil {
		st.Policy = s.rules.policy.Version()
	}
	return st
}

func (s *server) adminRefused(r *http.Request, why string) {
	s.log.Warn("admin request refused", zap.String("why", why), zap.String("method", r.Method), zap.String("from", r.RemoteAddr))
}

// maxLevelBody bounds what a request says of a log level.
const maxLevelBody = 1 << 10

// serveLogLevel answers GET and PUT as zap's levels do. A change is logged so that
// it shows at the new level too.
func (s *server) serveLogLevel(w http.ResponseWriter, r *http.Request) {
	before := s.level.Level()
	r.Body = io.NopCloser(io.LimitReader(r.Body, maxLevelBody))
	s.level.ServeHTTP(w, r)
	if after := s.level.Level(); after != before {
		s.log.Log(min(max(after, zap.WarnLevel), zap.ErrorLevel), "log level changed",
			zap.Stringer("from_level", before), zap.Stringer("to_level", after), zap.String("by", r.RemoteAddr))
	}
}
