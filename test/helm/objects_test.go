package helm

import (
	"fmt"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation"
	podsecurity "k8s.io/pod-security-admission/api"
	restriction "k8s.io/pod-security-admission/policy"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
)

// decode gives the objects of a manifest. A field that its type does not have, or
// that stands twice, is an error.
func decode(manifest string) ([]runtime.Object, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, autoscaling.AddToScheme, core.AddToScheme, networking.AddToScheme, policy.AddToScheme,
		gateway.Install, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	var objects []runtime.Object
	for document := range strings.SplitSeq("\n"+manifest, "\n---") {
		if text, _, _ := strings.Cut(document, "\n"); strings.HasPrefix(strings.TrimSpace(text), "#") {
			document = document[len(text):]
		}
		if strings.TrimSpace(document) == "" {
			continue
		}
		object, _, err := decoder.Decode([]byte(document), nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%w in%s", err, document)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func mustDecode(t *testing.T, manifest string) []runtime.Object {
	t.Helper()
	objects, err := decode(manifest)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// only gives the objects of one type.
func only[T runtime.Object](objects []runtime.Object) []T {
	var found []T
	for _, object := range objects {
		if o, ok := object.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// TestDecodeIsStrict shows that the test below can fail.
func TestDecodeIsStrict(t *testing.T) {
	for name, manifest := range map[string]string{
		"an unknown field":     "apiVersion: v1\nkind: ServiceAccount\nautomountToken: false",
		"the wrong case":       "apiVersion: v1\nkind: ServiceAccount\nautomountserviceaccounttoken: false",
		"a field twice":        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, name: b}",
		"an unknown kind":      "apiVersion: v1\nkind: ServiceAcount",
		"an old version":       "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget",
		"a text for a number":  "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: '2'}",
		"in the second object": "apiVersion: v1\nkind: ServiceAccount\n---\napiVersion: v1\nkind: Service\nspec: {port: 1}",
	} {
		if _, err := decode(manifest); err == nil {
			t.Errorf("%s was decoded", name)
		}
	}
}

// TestObjects decodes all that the chart makes, and checks what Kubernetes would
// only notice later: names that point nowhere.
func TestObjects(t *testing.T) {
	eachValues(t, func(t *testing.T, _ string, files map[string]string) {
		objects := mustDecode(t, manifests(files))
		deployments := only[*apps.Deployment](objects)
		if len(deployments) != 1 {
			t.Fatalf("got %d Deployments", len(deployments))
		}
		pod := deployments[0].Spec.Template
		selects := func(what string, selector map[string]string) {
			if len(selector) == 0 || !labels.SelectorFromSet(selector).Matches(labels.Set(pod.Labels)) {
				t.Errorf("%s selects %v, which the pods %v are not", what, selector, pod.Labels)
			}
		}
		selects("the Deployment", deployments[0].Spec.Selector.MatchLabels)
		services := only[*core.Service](objects)
		for _, s := range services {
			selects("Service "+s.Name, s.Spec.Selector)
			for _, p := range s.Spec.Ports {
				if !hasPort(pod.Spec, p.TargetPort.StrVal) {
					t.Errorf("Service %s goes to port %q, which no container has", s.Name, p.TargetPort.StrVal)
				}
			}
		}
		for _, b := range only[*policy.PodDisruptionBudget](objects) {
			selects("the PodDisruptionBudget", b.Spec.Selector.MatchLabels)
		}
		for _, p := range only[*networking.NetworkPolicy](objects) {
			selects("the NetworkPolicy", p.Spec.PodSelector.MatchLabels)
		}
		for _, c := range pod.Spec.TopologySpreadConstraints {
			selects("a topology spread", c.LabelSelector.MatchLabels)
		}
		for _, h := range only[*autoscaling.HorizontalPodAutoscaler](objects) {
			if h.Spec.ScaleTargetRef.Name != deployments[0].Name || deployments[0].Spec.Replicas != nil {
				t.Errorf("the autoscaler scales %s, and the Deployment says %v itself", h.Spec.ScaleTargetRef.Name, deployments[0].Spec.Replicas)
			}
		}
		for _, m := range only[*monitoring.ServiceMonitor](objects) {
			var found []string
			for _, s := range services {
				if labels.SelectorFromSet(m.Spec.Selector.MatchLabels).Matches(labels.Set(s.Labels)) {
					found = append(found, s.Name)
				}
			}
			if want := deployments[0].Name + "-metrics"; len(found) != 1 || found[0] != want {
				t.Errorf("the ServiceMonitor finds the Services %v, want %s, which the rules have for a job", found, want)
			}
		}
		checkMounts(t, pod.Spec, objects)
		checkPod(t, pod)
	})
}

func hasPort(pod core.PodSpec, name string) bool {
	for _, c := range pod.Containers {
		for _, p := range c.Ports {
			if p.Name == name {
				return true
			}
		}
	}
	return false
}

// checkMounts finds mounts without a volume, volumes of ConfigMaps that are not
// made, and mounts that a change never reaches.
func checkMounts(t *testing.T, pod core.PodSpec, objects []runtime.Object) {
	t.Helper()
	volumes := map[string]core.Volume{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v
		if v.ConfigMap == nil || v.ConfigMap.Name == "our-policy" {
			continue
		}
		found := false
		for _, m := range only[*core.ConfigMap](objects) {
			found = found || m.Name == v.ConfigMap.Name
		}
		if !found {
			t.Errorf("volume %s is of the ConfigMap %s, which is not made", v.Name, v.ConfigMap.Name)
		}
	}
	mounted := map[string]bool{}
	for _, m := range pod.Containers[0].VolumeMounts {
		mounted[m.Name] = true
		if _, ok := volumes[m.Name]; !ok || m.SubPath != "" {
			t.Errorf("mount %+v", m)
		}
	}
	if len(mounted) != len(volumes) {
		t.Errorf("%d of %d volumes are mounted", len(mounted), len(volumes))
	}
}

// checkPod checks what goes beyond the restricted level.
func checkPod(t *testing.T, pod core.PodTemplateSpec) {
	t.Helper()
	checkRestricted(t, pod)
	if s := pod.Spec.Containers[0].SecurityContext; s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
		t.Error("the root file system can be written")
	}
	if s := pod.Spec.AutomountServiceAccountToken; s == nil || *s {
		t.Error("the pod gets a token of Kubernetes")
	}
	for key, value := range pod.Labels {
		if reasons := validation.IsValidLabelValue(value); len(reasons) > 0 {
			t.Errorf("label %s: %v", key, reasons)
		}
	}
}

// checkRestricted asks Kubernetes' own admission for the restricted level.
func checkRestricted(t *testing.T, pod core.PodTemplateSpec) {
	t.Helper()
	evaluator, err := restriction.NewEvaluator(restriction.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	if got := restriction.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec)); !got.Allowed {
		t.Errorf("the pod is not restricted: %s", got.ForbiddenDetail())
	}
}

// TestLongNames has every name within a DNS label.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("a-long-name-", 6)
	files, err := render("{brokers: [tcp://mq], fullnameOverride: " + long + ", nameOverride: " + long + "}")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range only[*core.Service](mustDecode(t, manifests(files))) {
		if reasons := validation.IsDNS1123Label(s.Name); len(reasons) > 0 {
			t.Errorf("Service %s: %v", s.Name, reasons)
		}
	}
}
