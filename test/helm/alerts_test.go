package helm

import (
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/promql"
)

// TestAlerts lets Prometheus' own engine judge two hours of made-up figures, one
// sample a minute: does the alert's expression hold at the end?
func TestAlerts(t *testing.T) {
	files, err := render("brokers: [tcp://mq]\nmetrics: {prometheusRule: {enabled: true}}")
	if err != nil {
		t.Fatal(err)
	}
	expressions := map[string]string{}
	for _, r := range only[*monitoring.PrometheusRule](mustDecode(t, files["prometheusrule.yaml"]))[0].Spec.Groups[0].Rules {
		expressions[r.Alert] = r.Expr.String()
	}
	const dialled, failed = `stompgw_broker_dial_seconds_count{endpoint="a"}`, `stompgw_broker_dial_failures_total{endpoint="a"}`
	tests := []struct {
		alert, name string
		fires       bool
		series      []string
	}{
		{"StompgwNoMetrics", "nothing", true, nil},
		{"StompgwNoMetrics", "a gateway", false, []string{"stompgw_build_info{} 1x120"}},
		{"StompgwNoBroker", "none of two", true, []string{`stompgw_broker_up{endpoint="a",pod="p"} 0x120`, `stompgw_broker_up{endpoint="b",pod="p"} 0x120`, `stompgw_broker_up{endpoint="a",pod="q"} 1x120`}},
		{"StompgwNoBroker", "one of two", false, []string{`stompgw_broker_up{endpoint="a",pod="p"} 0x120`, `stompgw_broker_up{endpoint="b",pod="p"} 1x120`}},
		{"StompgwBrokerDown", "only failures", true, []string{failed + " 0+2x120"}},
		{"StompgwBrokerDown", "some get through", false, []string{failed + " 0+2x120", dialled + " 0+1x120"}},
		{"StompgwBrokerDown", "it used to work", true, []string{failed + " 0x100 0+2x20", dialled + " 0+1x100 100x20"}},
		{"StompgwBrokerDown", "it used to fail", false, []string{failed + " 0+1x100 100x20", dialled + " 0x100 0+1x20"}},
		{"StompgwBrokerLost", "many", true, []string{`stompgw_session_ends_total{reason="broker_lost"} 0x100 0+2x20`, `stompgw_session_ends_total{reason="broker_unavailable"} 0x100 0+2x20`}},
		{"StompgwBrokerLost", "one now and then", false, []string{`stompgw_session_ends_total{reason="broker_lost"} 0+1x120`}},
		{"StompgwRefusalsRising", "from nothing", true, []string{`stompgw_handshakes_refused_total{reason="origin"} 0x110 0+600x10`}},
		{"StompgwRefusalsRising", "a reason never seen", true, []string{`stompgw_handshakes_refused_total{reason="origin"} _x110 0+600x10`}},
		{"StompgwRefusalsRising", "always so", false, []string{`stompgw_handshakes_refused_total{reason="origin"} 0+600x120`}},
		{"StompgwRefusalsRising", "few", false, []string{`stompgw_handshakes_refused_total{reason="origin"} 0x110 0+60x10`}},
		{"StompgwSlowClients", "many", true, []string{`stompgw_session_ends_total{reason="slow_client"} 0x110 0+5x10`}},
		{"StompgwSlowClients", "few", false, []string{`stompgw_session_ends_total{reason="slow_client"} 0x110 0+1x10`}},
		{"StompgwBrokerSlow", "ten of fifty wait", true, []string{`stompgw_backpressure_seconds_total{to="broker",pod="p"} 0+600x120`, `stompgw_sessions{transport="websocket",pod="p"} 50x120`}},
		{"StompgwBrokerSlow", "one of fifty waits", false, []string{`stompgw_backpressure_seconds_total{to="broker",pod="p"} 0+60x120`, `stompgw_sessions{transport="websocket",pod="p"} 50x120`}},
		{"StompgwBrokerSlow", "clients wait", false, []string{`stompgw_backpressure_seconds_total{to="client",pod="p"} 0+600x120`, `stompgw_sessions{transport="websocket",pod="p"} 50x120`}},
		{"StompgwDraining", "seen once", true, []string{`stompgw_draining{pod="p"} 0x114 1 _x5`, `stompgw_draining{pod="q"} 0x120`}},
		{"StompgwDraining", "long ago", false, []string{`stompgw_draining{pod="p"} 0x50 1 _x60`, `stompgw_draining{pod="q"} 0x120`}},
		{"StompgwNearSessionLimit", "of two transports", true, []string{`stompgw_sessions{transport="websocket",pod="p"} 5000x120`, `stompgw_sessions{transport="xhr",pod="p"} 3500x120`, `stompgw_sessions_limit{pod="p"} 10000x120`}},
		{"StompgwNearSessionLimit", "of two pods", false, []string{`stompgw_sessions{transport="websocket",pod="p"} 5000x120`, `stompgw_sessions{transport="websocket",pod="q"} 3500x120`, `stompgw_sessions_limit{pod="p"} 10000x120`, `stompgw_sessions_limit{pod="q"} 10000x120`}},
		{"StompgwClusterParted", "one is alone", true, []string{`stompgw_cluster_peers{state="ready",pod="p"} 0x120`, `stompgw_cluster_peers{state="silent",pod="p"} 1x120`, `stompgw_draining{pod="p"} 0x120`, `stompgw_draining{pod="q"} 0x120`}},
		{"StompgwClusterParted", "one goes", false, []string{`stompgw_cluster_peers{state="ready",pod="p"} 0x120`, `stompgw_cluster_peers{state="draining",pod="p"} 1x120`, `stompgw_draining{pod="p"} 0x120`, `stompgw_draining{pod="q"} 1x120`}},
		{"StompgwNearDescriptorLimit", "near", true, []string{`process_open_fds{pod="p"} 900x120`, `process_max_fds{pod="p"} 1024x120`}},
		{"StompgwNearDescriptorLimit", "far", false, []string{`process_open_fds{pod="p"} 700x120`, `process_max_fds{pod="p"} 1024x120`}},
		{"StompgwIdentitiesRefusedRising", "from nothing", true, []string{`stompgw_identities_refused_total{code="bad_token"} _x110 0+600x10`}},
		{"StompgwIdentitiesRefusedRising", "always so", false, []string{`stompgw_identities_refused_total{code="bad_token"} 0+600x120`}},
		{"StompgwDenialsRising", "from nothing", true, []string{`stompgw_frames_denied_total{code="denied"} _x110 0+600x10`}},
		{"StompgwDenialsRising", "always so", false, []string{`stompgw_frames_denied_total{code="denied"} 0+600x120`}},
		{"StompgwReloadFailed", "of a policy", true, []string{`stompgw_policy_reloads_total{result="failed",pod="p"} 0x90 1x30`, `stompgw_policy_reloads_total{result="ok",pod="p"} 0x120`}},
		{"StompgwReloadFailed", "of a certificate", true, []string{`stompgw_tls_reloads_total{result="failed",pod="p"} 0x90 1x30`}},
		{"StompgwReloadFailed", "it did not", false, []string{`stompgw_policy_reloads_total{result="ok",pod="p"} 0x90 1x30`, `stompgw_tls_reloads_total{result="failed",pod="p"} 1x120`}},
		{"StompgwCertificateExpires", "in six days", true, []string{`stompgw_tls_certificate_expiry_timestamp_seconds{pod="p"} 525600x120`}},
		{"StompgwCertificateExpires", "in eight days", false, []string{`stompgw_tls_certificate_expiry_timestamp_seconds{pod="p"} 698400x120`}},
		{"StompgwAuditLost", "one", true, []string{`stompgw_audit_lines_lost_total{pod="p"} 0x115 1x5`}},
		{"StompgwAuditLost", "none", false, []string{`stompgw_audit_lines_lost_total{pod="p"} 3x120`}},
		{"StompgwInternalError", "one", true, []string{`stompgw_session_ends_total{reason="internal"} 0x119 1`}},
		{"StompgwInternalError", "none", false, []string{`stompgw_session_ends_total{reason="internal"} 0x120`}},
	}
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 100000, Timeout: patience})
	defer engine.Close()
	tried := map[string]map[bool]bool{}
	for _, tt := range tests {
		t.Run(tt.alert+"/"+tt.name, func(t *testing.T) {
			if tried[tt.alert] == nil {
				tried[tt.alert] = map[bool]bool{}
			}
			tried[tt.alert][tt.fires] = true
			if got := holds(t, engine, expressions[tt.alert], tt.series); got != tt.fires {
				t.Errorf("%s\nholds: %v, want %v", expressions[tt.alert], got, tt.fires)
			}
		})
	}
	for alert := range expressions {
		if !tried[alert][true] || !tried[alert][false] {
			t.Errorf("%s was not tried both ways", alert)
		}
	}
}
