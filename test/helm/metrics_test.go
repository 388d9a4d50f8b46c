package helm

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	prometheus "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	core "k8s.io/api/core/v1"
)

// target are the labels that Prometheus adds when it scrapes.
var target = []string{"namespace", "job", "pod", "instance", "le"}

// TestExpressions parses every expression of the rules and the dashboard, and
// holds each metric, label and value in it against a running gateway.
func TestExpressions(t *testing.T) {
	files, err := render(read(t, "testdata/values/monitoring.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// With every alert, the ones that the values file leaves out too.
	all, err := render("brokers: [tcp://mq]\nmetrics: {prometheusRule: {enabled: true}}")
	if err != nil {
		t.Fatal(err)
	}
	families := shown(t)
	var expressions []string
	for _, rule := range only[*monitoring.PrometheusRule](mustDecode(t, all["prometheusrule.yaml"])) {
		for _, r := range rule.Spec.Groups[0].Rules {
			expressions = append(expressions, r.Expr.String())
		}
	}
	if len(expressions) < 10 {
		t.Errorf("only %d alerts", len(expressions))
	}
	dashboard := only[*core.ConfigMap](mustDecode(t, files["dashboard.yaml"]))[0]
	queries := queriesOf(t, dashboard.Data["stompgw.json"])
	if len(queries) < 15 {
		t.Errorf("only %d queries in the dashboard", len(queries))
	}
	for _, expression := range append(expressions, queries...) {
		if err := check(families, expression); err != "" {
			t.Errorf("%s: %s", expression, err)
		}
	}
}

// TestCheckFindsMistakes shows that the test above can fail.
func TestCheckFindsMistakes(t *testing.T) {
	families := shown(t)
	for expression, want := range map[string]string{
		`stompgw_sessionz`:                                      "no metric stompgw_sessionz",
		`sum by (user) (stompgw_sessions)`:                      "no label user",
		`stompgw_session_ends_total{reason="slow"}`:             `reason="slow" is never so`,
		`stompgw_session_ends_total{reason=~"slow.*|internl"}`:  "",
		`stompgw_session_ends_total{reason=~"internl"}`:         `reason=~"internl" is never so`,
		`stompgw_sessions{user="x"}`:                            "no label user",
		`sum(stompgw_sessions`:                                  "1:21: parse error: unclosed left parenthesis",
		`rate(stompgw_broker_dial_seconds_bucket[5m])`:          "",
		`rate(stompgw_broker_dial_seconds_sums[5m])`:            "no metric stompgw_broker_dial_seconds_sums",
		`absent(stompgw_build_info{namespace="a",job="b"}) > 0`: "",
	} {
		if got := check(families, expression); got != want {
			t.Errorf("%s: got %q, want %q", expression, got, want)
		}
	}
}

// queriesOf gives the queries of a dashboard's panels.
func queriesOf(t *testing.T, dashboard string) []string {
	t.Helper()
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(dashboard), &d); err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			queries = append(queries, strings.ReplaceAll(q.Expr, "$__rate_interval", "5m"))
		}
		if len(p.Targets) == 0 {
			t.Errorf("the panel %q asks nothing", p.Title)
		}
	}
	return queries
}

// check says what is wrong with an expression, nothing if it is right.
func check(families map[string]*prometheus.MetricFamily, expression string) string {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		return err.Error()
	}
	wrong := ""
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if wrong != "" {
			return nil
		}
		switch n := node.(type) {
		case *parser.VectorSelector:
			wrong = checkSelector(families, n)
		case *parser.AggregateExpr:
			for _, label := range n.Grouping {
				if !hasLabel(families, n, label) {
					wrong = "no label " + label
				}
			}
		}
		return nil
	})
	return wrong
}

func checkSelector(families map[string]*prometheus.MetricFamily, v *parser.VectorSelector) string {
	family := familyOf(families, v.Name)
	if family == nil {
		return "no metric " + v.Name
	}
	for _, m := range v.LabelMatchers {
		if m.Name == model.MetricNameLabel || slices.Contains(target, m.Name) {
			continue
		}
		values := valuesOf(family, m.Name)
		if len(values) == 0 {
			return "no label " + m.Name
		}
		if !slices.ContainsFunc(values, m.Matches) {
			return m.String() + " is never so"
		}
	}
	return ""
}

// hasLabel says whether all that is aggregated has the label.
func hasLabel(families map[string]*prometheus.MetricFamily, n *parser.AggregateExpr, label string) bool {
	found := true
	parser.Inspect(n.Expr, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok && !slices.Contains(target, label) {
			family := familyOf(families, v.Name)
			found = found && (family == nil || len(valuesOf(family, label)) > 0)
		}
		return nil
	})
	return found
}

// familyOf gives the family of a series: of a histogram, three have its name.
func familyOf(families map[string]*prometheus.MetricFamily, name string) *prometheus.MetricFamily {
	if f := families[name]; f != nil {
		return f
	}
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		if base, ok := strings.CutSuffix(name, suffix); ok {
			if f := families[base]; f != nil && f.GetType() == prometheus.MetricType_HISTOGRAM {
				return f
			}
		}
	}
	return nil
}

// valuesOf gives the values that a label has.
func valuesOf(f *prometheus.MetricFamily, label string) []string {
	var values []string
	for _, m := range f.GetMetric() {
		for _, pair := range m.GetLabel() {
			if pair.GetName() == label {
				values = append(values, pair.GetValue())
			}
		}
	}
	return values
}
