package helm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	compose "github.com/compose-spec/compose-go/v2/types"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"github.com/stompgw/stompgw/config"
)

const examples = "../../docs/examples"

func glob(t *testing.T, pattern string, least int) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(examples, pattern))
	if err != nil || len(paths) < least {
		t.Fatalf("%d examples are %s: %v", len(paths), pattern, err)
	}
	return paths
}

// TestCompose reads the compose files as Compose does.
func TestCompose(t *testing.T) {
	for _, path := range glob(t, "compose-*.yaml", 2) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			project, err := loader.LoadWithContext(t.Context(), compose.ConfigDetails{
				WorkingDir:  examples,
				ConfigFiles: []compose.ConfigFile{{Filename: path, Content: []byte(read(t, path))}},
			})
			if err != nil {
				t.Fatal(err)
			}
			gateway, err := project.GetService("stompgw")
			if err != nil {
				t.Fatal(err)
			}
			var environ []string
			for name, value := range gateway.Environment {
				environ = append(environ, name+"="+*value)
			}
			c, err := config.Parse(environ)
			if err != nil {
				t.Fatal(err)
			}
			if grace := gateway.StopGracePeriod; grace == nil || time.Duration(*grace) <= c.Drain.Timeout {
				t.Errorf("stop_grace_period is %v, a drain takes up to %v", grace, c.Drain.Timeout)
			}
			broker, _, _ := strings.Cut(c.Broker.Endpoints[0].Address, ":")
			if _, err := project.GetService(broker); err != nil {
				t.Errorf("the broker is no service: %v", err)
			}
		})
	}
}

// TestSidecars decodes the manifests and checks what makes a sidecar one.
func TestSidecars(t *testing.T) {
	for _, path := range glob(t, "kubernetes-sidecar-*.yaml", 2) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			objects := mustDecode(t, read(t, path))
			set := only[*apps.StatefulSet](objects)[0]
			pod := set.Spec.Template
			gateway := pod.Spec.InitContainers[0]
			if gateway.RestartPolicy == nil || *gateway.RestartPolicy != core.ContainerRestartPolicyAlways {
				t.Error("without restartPolicy: Always the broker never starts")
			}
			if gateway.StartupProbe.HTTPGet.Path != "/livez" {
				t.Error("the broker would wait for a gateway that waits for the broker")
			}
			checkSettings(t, gateway)
			for _, v := range gateway.Env {
				if v.Name == "STOMPGW_BROKERS" && !strings.HasPrefix(v.Value, "tcp://127.0.0.1:") {
					t.Errorf("the broker is not on loopback: %s", v.Value)
				}
				if v.Name == "STOMPGW_DRAIN_DELAY" && v.Value != "0s" {
					t.Errorf("the gateway waits for %s when all sessions have ended with the broker", v.Value)
				}
			}
			// By its number: Kubernetes 1.29 looks for names in ordinary containers only.
			for _, s := range only[*core.Service](objects) {
				if got := s.Spec.Ports[0].TargetPort.IntVal; got != gateway.Ports[0].ContainerPort {
					t.Errorf("the Service goes to %d, the gateway listens on %d", got, gateway.Ports[0].ContainerPort)
				}
			}
			checkRestricted(t, pod)
		})
	}
}

// TestUnit lets systemd judge the unit.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("MISSING, an error because CI=true: %v", err)
		}
		t.Skipf("SKIPPED, MISSING: %v", err)
	}
	// The program is not installed here; everything else must be right.
	unit := filepath.Join(t.TempDir(), "stompgw.service")
	text := strings.ReplaceAll(read(t, filepath.Join(examples, "stompgw.service")), "/usr/local/bin/stompgw", "/bin/true")
	write(t, unit, text)
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
