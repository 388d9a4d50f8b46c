package helm

import (
	"strings"
	"testing"
)

// TestRefused has values that must not render, and what is said of them.
func TestRefused(t *testing.T) {
	const broker = "brokers: [tcp://mq]\n"
	tests := []struct{ name, values, want string }{
		{"no broker", "", "at '/brokers': minItems: got 0, want 1"},
		{"broker without a scheme", "brokers: [mq:61613]", "at '/brokers/0': 'mq:61613' does not match pattern"},
		{"two brokers in one", "brokers: ['tcp://a,tcp://b']", "at '/brokers/0'"},
		{"a slip of the pen", broker + "replicas: 3", "additional properties 'replicas' not allowed"},
		{"one further down", broker + "drain: {dealy: 5s}", "at '/drain': additional properties 'dealy' not allowed"},
		{"a number in quotes", broker + "replicaCount: 'two'", "at '/replicaCount': got string, want integer"},
		{"a path without a slash", broker + "paths: [stomp]", "at '/paths/0'"},
		{"a duration without a unit", broker + "drain: {timeout: '30'}", "at '/drain/timeout': '30' does not match pattern"},
		{"an affinity that is none", broker + "service: {sessionAffinity: Cookie}", "at '/service/sessionAffinity'"},
		{"a digest that is none", broker + "image: {digest: latest}", "at '/image/digest'"},
		{"a setting with its prefix", broker + "settings: {STOMPGW_LOG_LEVEL: debug}", "invalid propertyName 'STOMPGW_LOG_LEVEL'"},
		{"a setting in small letters", broker + "settings: {log_level: debug}", "invalid propertyName 'log_level'"},
		{"a setting that is a list", broker + "settings: {ORIGINS: [a]}", "at '/settings/ORIGINS': got array, want "},
		{"a route without a parent", broker + "httpRoute: {enabled: true}", "at '/httpRoute/parentRefs': minItems: got 0, want 1"},

		{"a setting twice", broker + "settings: {DRAIN_DELAY: 1s}", "settings.DRAIN_DELAY: the chart sets STOMPGW_DRAIN_DELAY itself"},
		{"a variable twice", broker + "extraEnv: [{name: STOMPGW_ADMIN_LISTEN, value: ':1'}]", "extraEnv: STOMPGW_ADMIN_LISTEN is set by the chart already"},
		{"a variable and a setting", broker + "settings: {LOG_LEVEL: info}\nextraEnv: [{name: STOMPGW_LOG_LEVEL, value: debug}]", "extraEnv: STOMPGW_LOG_LEVEL is set"},
		{"too little grace", broker + "terminationGracePeriodSeconds: 30",
			"terminationGracePeriodSeconds=30: expected more than preStopSleepSeconds (0) and drain.timeout (30s) together, or sessions are cut off by SIGKILL"},
		{"too little grace for preStop", broker + "preStopSleepSeconds: 15", "terminationGracePeriodSeconds=45: expected more than preStopSleepSeconds (15) and drain.timeout (30s)"},
		{"too little grace by a second", broker + "drain: {timeout: 1m30.5s}\nterminationGracePeriodSeconds: 90", "terminationGracePeriodSeconds=90"},
		{"a drain that does not fit", broker + "drain: {spread: 26s}", "drain.timeout=30s: expected no less than drain.delay (5s) and drain.spread (26s) together"},
		{"an autoscaler upside down", broker + "autoscaling: {enabled: true, minReplicas: 11}", "autoscaling.minReplicas=11: expected no more than maxReplicas (10)"},
		{"an autoscaler without a target", broker + "autoscaling: {enabled: true, targetCPUUtilizationPercentage: 0}", "autoscaling: expected a target"},
		{"a cluster without a secret", broker + "cluster: {enabled: true}", "cluster.secret.name: expected a Secret where cluster.enabled is true; kubectl create secret generic"},
		{"a cluster that is set up twice", broker + "cluster: {enabled: true, secret: {name: s}}\nsettings: {CLUSTER_PEERS: 'gw-1:7946'}", "settings.CLUSTER_PEERS: the chart sets"},
		{"a monitor of nothing", broker + "metrics: {service: {enabled: false}, serviceMonitor: {enabled: true}}", "metrics.serviceMonitor.enabled: expected metrics.service.enabled too"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			switch _, err := render(tt.values); {
			case err == nil:
				t.Error("it was rendered")
			case !strings.Contains(err.Error(), tt.want):
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

// TestGraceIsCounted tries the durations that Go has, at the edge.
func TestGraceIsCounted(t *testing.T) {
	for timeout, seconds := range map[string]string{
		"30s": "31", "1m30s": "91", "1h": "3601", "0.5h": "1801", "90500ms": "91", "1m0.5s": "61", "20.25s": "21",
	} {
		values := "brokers: [tcp://mq]\ndrain: {timeout: " + timeout + "}\nterminationGracePeriodSeconds: " + seconds
		files, err := render(values)
		if err != nil {
			t.Errorf("%s within %s seconds: %v", timeout, seconds, err)
		} else if !strings.Contains(files["deployment.yaml"], "terminationGracePeriodSeconds: "+seconds+"\n") {
			t.Errorf("%s: no grace of %s seconds in the Deployment", timeout, seconds)
		}
	}
}
