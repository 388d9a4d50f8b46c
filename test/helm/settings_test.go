package helm

import (
	"regexp"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"github.com/stompgw/stompgw/config"
)

var variable = regexp.MustCompile(`\bSTOMPGW_[A-Z0-9_]+\b`)

// documented gives the variables that the gateway has.
func documented() map[string]bool {
	names := map[string]bool{}
	for _, name := range variable.FindAllString(config.Reference(), -1) {
		names[name] = true
	}
	return names
}

// TestSettings gives what the chart sets to the gateway's own configuration.
func TestSettings(t *testing.T) {
	eachValues(t, func(t *testing.T, _ string, files map[string]string) {
		pod := only[*apps.Deployment](mustDecode(t, files["deployment.yaml"]))[0].Spec.Template.Spec
		checkSettings(t, pod.Containers[0])
	})
}

// checkSettings has every variable known, none twice, and every value right. The
// files that some name are not here, and what a Secret holds is not known: a made-up
// one stands for it.
func checkSettings(t *testing.T, c core.Container) {
	t.Helper()
	names, seen := documented(), map[string]bool{}
	var environ []string
	for _, v := range c.Env {
		switch {
		case seen[v.Name]:
			t.Errorf("%s is set twice", v.Name)
		case !strings.HasPrefix(v.Name, config.Prefix):
		case !names[v.Name]:
			t.Errorf("the gateway has no %s", v.Name)
		case strings.HasSuffix(v.Name, "_FILE"):
			if !mounts(c, v.Value) {
				t.Errorf("%s=%s is on no mounted volume", v.Name, v.Value)
			}
			if secret := strings.TrimSuffix(v.Name, "_FILE"); names[secret] {
				environ = append(environ, secret+"="+strings.Repeat("0123456789", 6))
			}
		case v.ValueFrom == nil:
			environ = append(environ, v.Name+"="+v.Value)
		}
		seen[v.Name] = true
	}
	if _, err := config.Parse(environ); err != nil {
		t.Error(err)
	}
}

func mounts(c core.Container, path string) bool {
	for _, m := range c.VolumeMounts {
		if strings.HasPrefix(path, m.MountPath+"/") {
			return true
		}
	}
	return false
}

// TestTextsNameVariablesThatExist reads the chart, its README, the examples and
// the pages about deploying.
func TestTextsNameVariablesThatExist(t *testing.T) {
	names := documented()
	for _, path := range files(t, chartDir, "../../docs/examples", "../../docs/deploying.md") {
		for _, name := range variable.FindAllString(read(t, path), -1) {
			if !names[name] && !strings.HasSuffix(name, "_") {
				t.Errorf("%s: the gateway has no %s", path, name)
			}
		}
	}
}
