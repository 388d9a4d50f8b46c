package helm

import (
	"strings"
	"testing"

	core "k8s.io/api/core/v1"

	"github.com/stompgw/stompgw/policy"
)

// TestPolicy has the gateway read the policies that the chart mounts.
func TestPolicy(t *testing.T) {
	read := 0
	eachValues(t, func(t *testing.T, _ string, files map[string]string) {
		for _, m := range only[*core.ConfigMap](mustDecode(t, manifests(files))) {
			if !strings.HasSuffix(m.Name, "-policy") {
				continue
			}
			for name, text := range m.Data {
				read++
				if _, err := policy.Parse(name, []byte(text)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	if read == 0 {
		t.Error("no values file has a policy")
	}
}

// TestNewPolicyRestartsNothing: the gateway reads it while it runs.
func TestNewPolicyRestartsNothing(t *testing.T) {
	var deployments []string
	for _, comment := range []string{"# one", "# another"} {
		files, err := render("brokers: [tcp://mq]\npolicy: {inline: '" + comment + "'}")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(files["policy.yaml"], comment) {
			t.Errorf("no %s in %s", comment, files["policy.yaml"])
		}
		deployments = append(deployments, files["deployment.yaml"])
	}
	if deployments[0] != deployments[1] {
		t.Error("another policy is another pod")
	}
}
