package main

import (
	"context"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/gateway"
	"github.com/stompgw/stompgw/policy"
)

// enforcement is what decides who comes in and what may pass.
type enforcement struct {
	conf    config.Config
	log     *zap.Logger
	auth    *auth.Authenticator // nil leaves it to the broker
	policy  *policy.Engine      // nil lets everything pass
	reloads *prometheus.CounterVec
	lost    prometheus.Counter
}

// newEnforcement reads what the configuration names. Close it. The error has the type wrong.
func newEnforcement(conf config.Config, log *zap.Logger, r prometheus.Registerer) (*enforcement, error) {
	e := &enforcement{conf: conf, log: log,
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "stompgw", Name: "policy_reloads_total",
			Help: "Attempts to take in a policy file that changed, by result. After one that failed, the policy before it still holds."}, []string{"result"}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "stompgw", Name: "audit_lines_lost_total",
			Help: "Lines of the audit log that were lost because it is written too slowly, or cannot be."}),
	}
	var w wrong
	var err error
	if conf.Policy.File != "" {
		o := policyOptions(conf.Policy)
		o.OnReload, o.OnAuditLost = e.reloaded, e.auditLost
		e.policy, err = policy.NewEngine(o)
		w.add(err)
	}
	e.auth, err = newAuthenticator(conf, func(err error) { log.Warn("authentication", zap.Error(err)) })
	w.add(err)
	if len(w) > 0 {
		e.close()
		return nil, w
	}
	if e.policy != nil {
		e.reloads.WithLabelValues("ok")
		e.reloads.WithLabelValues("failed")
		r.MustRegister(e.reloads, e.lost)
		log.Info("policy read", zap.String("version", e.policy.Version()))
	}
	return e, nil
}

// policyOptions says in the policy's words what the configuration says.
func policyOptions(c config.Policy) policy.EngineOptions {
	return policy.EngineOptions{File: c.File, Audit: policy.AuditMode(c.Audit), AuditFile: c.AuditFile}
}

// newAuthenticator makes what authenticates; nil where the broker does.
func newAuthenticator(conf config.Config, failed func(error)) (*auth.Authenticator, error) {
	if slices.Equal(conf.Auth.Methods, []config.AuthMethod{config.AuthNone}) {
		return nil, nil
	}
	o, err := authOptions(conf, failed)
	if err != nil {
		return nil, err
	}
	a, err := auth.New(context.Background(), o)
	if err != nil {
		return nil, named(err)
	}
	return a, nil
}

// apply makes the gateway's options enforce it.
func (e *enforcement) apply(o *gateway.Options) {
	o.Policy = e.policy
	if e.policy != nil {
		o.ConnectHeaders = []string{} // none beside the standard ones, unless they are named
	}
	if named := e.conf.Credentials.ConnectHeaders; len(named) > 0 {
		o.ConnectHeaders = nil
		for _, name := range named {
			o.ConnectHeaders = append(o.ConnectHeaders, string(name))
		}
		if slices.Contains(o.ConnectHeaders, "*") {
			o.ConnectHeaders = nil
		}
	}
	if e.auth == nil {
		return
	}
	o.Auth = e.auth
	o.Credentials = gateway.Credentials{AllowMissingLogin: o.Credentials.AllowMissingLogin} // the authenticator has the rest
	o.ExpiryGrace = e.conf.Auth.ExpiryGrace
	o.RecheckInterval = e.conf.Webhook.Recheck
	if slices.Contains(e.conf.Auth.Methods, config.AuthJWT) {
		o.RenewDestination = e.conf.Auth.RenewDestination
	}
}

// follow takes in changes of the policy, and SIGHUP, and writes the audit log,
// until stop is called.
func (e *enforcement) follow() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	if e.policy != nil {
		done.Go(func() { e.policy.Run(ctx) })
		done.Go(onHangup(ctx, func() { _ = e.policy.Reload() })) // reloaded is told
	}
	return func() { cancel(); done.Wait() }
}

// close ends what runs in the background; that of nil is nothing.
func (e *enforcement) close() {
	if e != nil && e.auth != nil {
		e.auth.Close()
	}
}

func (e *enforcement) reloaded(err error) {
	if err != nil {
		e.reloads.WithLabelValues("failed").Inc()
		e.log.Error("the policy is not good, the one before it still holds", zap.Error(err))
		return
	}
	e.reloads.WithLabelValues("ok").Inc()
	e.log.Info("policy read", zap.String("version", e.policy.Version()))
}

func (e *enforcement) auditLost(lines int, err error) {
	e.lost.Add(float64(lines))
	e.log.Error("lines of the audit log were lost", zap.Int("lines", lines), zap.Error(err))
}
