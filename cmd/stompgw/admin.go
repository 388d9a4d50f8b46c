package main

import (
	"io"
	"net/http"

	"go.uber.org/zap"

	"github.com/stompgw/stompgw/admin"
	"github.com/stompgw/stompgw/config"
)

// adminHandler serves the admin listener.
func (s *server) adminHandler() http.Handler {
	o := adminOptions(s.conf)
	o.Ready, o.Metrics, o.Status, o.Sessions = s.ready, s.registry, s.status, s.gateway
	o.LogLevel, o.OnRefused = http.HandlerFunc(s.serveLogLevel), s.adminRefused
	return admin.Handler(o)
}

// adminOptions says in the admin side's words what the configuration says.
func adminOptions(c config.Config) admin.Options {
	o := admin.Options{Profiles: c.Server.PProf, Token: c.Admin.Token.Reveal()}
	for _, name := range c.Admin.Hosts {
		o.Hosts = append(o.Hosts, string(name))
	}
	return o
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
