package helm

import (
	"strconv"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// TestCluster: the name that the gateways look up is that of a headless Service,
// which shows every pod at the port where it listens.
func TestCluster(t *testing.T) {
	files, err := render(read(t, "testdata/values/cluster.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects := mustDecode(t, manifests(files))
	pod := only[*apps.Deployment](objects)[0].Spec.Template
	values := map[string]string{}
	for _, v := range pod.Spec.Containers[0].Env {
		values[v.Name] = v.Value
	}
	var ports []string
	for _, s := range only[*core.Service](objects) {
		port := s.Spec.Ports[0]
		name := "dns:" + s.Name + "." + s.Namespace + ".svc:" + strconv.Itoa(int(port.Port))
		if name != values["STOMPGW_CLUSTER_PEERS"] {
			continue
		}
		if s.Spec.ClusterIP != core.ClusterIPNone || !s.Spec.PublishNotReadyAddresses {
			t.Errorf("%s does not show every pod: %+v", s.Name, s.Spec)
		}
		for _, p := range pod.Spec.Containers[0].Ports {
			if p.Name == port.TargetPort.StrVal {
				ports = append(ports, ":"+strconv.Itoa(int(p.ContainerPort)))
			}
		}
	}
	if listen := values["STOMPGW_CLUSTER_LISTEN"]; len(ports) != 1 || ports[0] != listen {
		t.Errorf("%s leads to %v, the gateways listen on %s", values["STOMPGW_CLUSTER_PEERS"], ports, listen)
	}
	if secret := values["STOMPGW_CLUSTER_SECRET"]; secret != "" {
		t.Error("the secret stands in the manifest")
	}
	onlyTheSamePods(t, only[*networking.NetworkPolicy](objects)[0], pod.Labels)
}

// onlyTheSamePods has the policy let the pods, and nobody else, reach each other
// for the cluster.
func onlyTheSamePods(t *testing.T, policy *networking.NetworkPolicy, pod map[string]string) {
	t.Helper()
	peers := map[string][]networking.NetworkPolicyPeer{}
	note := func(way string, ports []networking.NetworkPolicyPort, to []networking.NetworkPolicyPeer) {
		for _, p := range ports {
			if port := p.Port.String(); port == "cluster" || port == "7946" {
				peers[way] = append(peers[way], to...)
			}
		}
	}
	for _, rule := range policy.Spec.Ingress {
		note("in", rule.Ports, rule.From)
	}
	for _, rule := range policy.Spec.Egress {
		note("out", rule.Ports, rule.To)
	}
	for _, way := range []string{"in", "out"} {
		if len(peers[way]) != 1 || peers[way][0].NamespaceSelector != nil || peers[way][0].IPBlock != nil {
			t.Fatalf("%s: got %+v, want one selector of pods in this namespace", way, peers[way])
		}
		selector := peers[way][0].PodSelector.MatchLabels
		if len(selector) == 0 || !labels.SelectorFromSet(selector).Matches(labels.Set(pod)) {
			t.Errorf("%s: %v is not these pods", way, selector)
		}
	}
}

// TestAlone has nothing of a cluster where none is asked for.
func TestAlone(t *testing.T) {
	files, err := render("brokers: [tcp://mq]")
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.ToLower(manifests(files)); strings.Contains(strings.ReplaceAll(all, "clusterip", ""), "cluster") {
		t.Errorf("got a cluster in\n%s", all)
	}
}
