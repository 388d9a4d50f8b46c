package main

import (
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/gateway"
	"github.com/stompgw/stompgw/internal/docpage"
	"github.com/stompgw/stompgw/internal/testcert"
	"github.com/stompgw/stompgw/sockjs"
)

// metricRows is what docs/metrics.md says of each metric beside what the metric
// says itself: its kind, and what to do when.
var metricRows = []struct{ name, kind, do string }{
	{"stompgw_sessions", "gauge", "Near `stompgw_sessions_limit`: add a gateway, or raise `STOMPGW_MAX_SESSIONS` and the limit of descriptors (`process_max_fds`), two for each session."},
	{"stompgw_sessions_total", "counter", "Many with few in `stompgw_sessions`: clients come and go; look at the reasons of their ends."},
	{"stompgw_sessions_limit", "gauge", "What `stompgw_sessions` is compared with."},
	{"stompgw_sessions_paused", "gauge", "`to=\"client\"` that stays up: clients that read too slowly; they end as `slow_client`. `to=\"broker\"`: the broker takes no more, often for want of memory or disk."},
	{"stompgw_session_ends_total", "counter", "Rising with one reason: [errors.md](errors.md) says what it means and what to do."},
	{"stompgw_handshakes_refused_total", "counter", "Rising: [errors.md](errors.md#refused-handshakes) by its reason; the log's `handshake refused` has the address and why."},
	{"stompgw_identities_refused_total", "counter", "Rising: [errors.md](errors.md#codes-of-error-frames) by its code; `auth_unavailable` is keys or a webhook that do not answer."},
	{"stompgw_frames_denied_total", "counter", "Rising: a page that asks for too much, or somebody who tries; the audit log has who and what, `stompgw explain` why."},
	{"stompgw_policy_reloads_total", "counter", "`failed` rising: the log says what is wrong with the file; the policy before it holds."},
	{"stompgw_audit_lines_lost_total", "counter", "Not 0: the disk or pipe behind the audit log is too slow, or full."},
	{"stompgw_frames_total", "counter", "The load, by direction. Falling to nothing while sessions live: the brokers or the pages stand still."},
	{"stompgw_bytes_total", "counter", "The same in bytes of STOMP."},
	{"stompgw_backpressure_seconds_total", "counter", "Its rate is how many sessions wait on the average; as for `stompgw_sessions_paused`. A wait counts when it is over."},
	{"stompgw_broker_up", "gauge", "0: see `broker not reached` in the log. All 0: the gateway is not ready, and new sessions end as `broker_unavailable`."},
	{"stompgw_broker_dial_seconds", "histogram", "Growing: the network, the broker's accept queue, or its TLS."},
	{"stompgw_broker_dial_failures_total", "counter", "Rising: as for `stompgw_broker_up`."},
	{"stompgw_broker_logins_waiting", "gauge", "Up for long: more clients come than `STOMPGW_BROKER_CONNECT_RATE` lets through, or the broker answers slowly and `STOMPGW_BROKER_CONNECT_AT_ONCE` holds; after a restart it goes down by itself."},
	{"stompgw_broker_login_wait_seconds", "histogram", "Near `STOMPGW_BROKER_CONNECT_WAIT`: as for `stompgw_broker_logins_waiting`."},
	{"stompgw_broker_logins_refused_total", "counter", "Rising: clients are told to come back later (`broker_busy`): raise the rate if the broker stands it, spread restarts more, or add time to wait."},
	{"stompgw_tls_reloads_total", "counter", "`failed` rising: the log says what is wrong with the files; the certificate before them holds."},
	{"stompgw_tls_certificate_expiry_timestamp_seconds", "gauge", "Near `time()`: renew the certificate."},
	{"stompgw_proxy_protocol_refused_total", "counter", "Rising: a load balancer named in `STOMPGW_PROXY_PROTOCOL_FROM` does not send PROXY headers."},
	{"stompgw_cluster_peers", "gauge", "`ready` less than the number of the other gateways: they do not find or not trust each other; see the log. `silent`: new SockJS sessions over HTTP wait for it, up to 15 s."},
	{"stompgw_cluster_forwarded_total", "counter", "`unreachable`, `unsure` or `broken` rising: the network between gateways, or one that was killed. `full`: more requests than sessions should have."},
	{"stompgw_draining", "gauge", "1 for longer than `STOMPGW_DRAIN_TIMEOUT`: it should have ended by now."},
	{"stompgw_build_info", "gauge", "More than one version for long: a roll-out that does not get on."},
}

// labelValues says of each label where its values come from, and tells whether
// one is of them. None may be a client's choice: each new value is a new series.
var labelValues = map[string]struct {
	doc string
	ok  func(conf config.Config, value string) bool
}{
	"transport": {"`websocket`, `sockjs_websocket` and SockJS's HTTP transports", func(_ config.Config, v string) bool {
		return slices.Contains([]string{"websocket", "sockjs_websocket", sockjs.XHR, sockjs.XHRStreaming, sockjs.EventSource, sockjs.HTMLFile, sockjs.JSONP}, v)
	}},
	"reason": {"the words of [errors.md](errors.md)", func(_ config.Config, v string) bool {
		return inDocs("../../docs/errors.md", "`"+v+"`")
	}},
	"code": {"the codes of [errors.md](errors.md)", func(_ config.Config, v string) bool {
		return inDocs("../../docs/errors.md", "`"+v+"`")
	}},
	"result": {"`ok` or `failed`; in a cluster `answered`, `broken`, `unreachable`, `unsure`, `full` or `client_gone`", func(_ config.Config, v string) bool {
		return slices.Contains([]string{"ok", "failed", "answered", "broken", "unreachable", "unsure", "full", "client_gone"}, v)
	}},
	"state": {"`joining`, `ready`, `draining`, `leaving` or `silent`", func(_ config.Config, v string) bool {
		return slices.Contains([]string{"joining", "ready", "draining", "leaving", "silent"}, v)
	}},
	"to": {"`broker` or `client`", func(_ config.Config, v string) bool { return v == "broker" || v == "client" }},
	"endpoint": {"the items of `STOMPGW_BROKERS`", func(conf config.Config, v string) bool {
		return slices.ContainsFunc(conf.Broker.Endpoints, func(e config.Endpoint) bool { return e.String() == v })
	}},
	"version": {"the gateway's version", func(_ config.Config, v string) bool { return v == buildVersion() }},
}

func inDocs(file, text string) bool {
	b, err := os.ReadFile(file)
	return err == nil && strings.Contains(string(b), text)
}

// metricsServer is a server that was asked once for everything which gives a
// metric its first value, by a client that chooses odd words wherever it can.
func metricsServer(t *testing.T) *server {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"policy": "version: 1\n", "users": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, key := testcert.New(t, "gateway", "127.0.0.1").Write(t, t.TempDir())
	conf, err := config.Parse([]string{"STOMPGW_BROKERS=tcp://broker.example:61613", "STOMPGW_SOCKJS_TRANSPORTS=xhr", "STOMPGW_ORIGINS=*",
		"STOMPGW_POLICY_FILE=" + dir + "/policy", "STOMPGW_AUTH=users", "STOMPGW_USERS_FILE=" + dir + "/users",
		"STOMPGW_TLS_CERT_FILE=" + cert, "STOMPGW_TLS_KEY_FILE=" + key, "STOMPGW_PROXY_PROTOCOL_FROM=192.0.2.1",
		"STOMPGW_CLUSTER_LISTEN=127.0.0.1:0", "STOMPGW_CLUSTER_PEERS=127.0.0.1:1", "STOMPGW_CLUSTER_SECRET=" + strings.Repeat("0123456789", 4)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(conf, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.rules.close)
	if err := s.startCluster(t.Context(), s.routes()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stopCluster)
	s.dialed("tcp://broker.example:61613", 1, nil)
	s.dialed("tcp://broker.example:61613", 1, io.EOF)
	odd := []string{"Origin", "Host", "Sec-WebSocket-Protocol", "User-Agent", "X-Forwarded-For", "Authorization", "Cookie"}
	for _, path := range []string{"/stomp", "/stomp/" + choice, "/stomp/000/" + choice + "/xhr_send", "/stomp/000/s/" + choice, "/" + choice} {
		for _, method := range []string{"GET", "POST", strings.ToUpper(choice)} {
			r := httptest.NewRequest(method, path+"?"+choice, nil)
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "websocket")
			r.Header.Set("Sec-WebSocket-Version", "13")
			r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
			for _, name := range odd {
				r.Header.Set(name, choice)
			}
			s.routes().ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	return s
}

// choice is what the odd client calls everything.
const choice = "x7choice"

// described is what a metric says of itself.
type described struct {
	help   string
	labels []string
}

// describe gives the metrics of the registry but for those of the process and
// the Go runtime, which their collectors' own pages describe.
func describe(t *testing.T, registry *prometheus.Registry) map[string]described {
	t.Helper()
	descs := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(descs)
		close(descs)
	}()
	form := regexp.MustCompile(`^Desc\{fqName: "(.*?)", help: ("(?:[^"\\]|\\.)*"), .*constLabels: \{(.*?)\}, variableLabels: \{(.*?)\}\}$`)
	value := regexp.MustCompile(`="(?:[^"\\]|\\.)*"`)
	all := map[string]described{}
	for desc := range descs {
		m := form.FindStringSubmatch(desc.String())
		if m == nil {
			t.Fatalf("cannot read %s", desc)
		}
		if strings.HasPrefix(m[1], "go_") || strings.HasPrefix(m[1], "process_") {
			continue
		}
		help, err := strconv.Unquote(m[2])
		if err != nil {
			t.Fatalf("help of %s: %v", m[1], err)
		}
		labels := value.ReplaceAllString(m[3], "") + "," + m[4]
		all[m[1]] = described{help, strings.FieldsFunc(labels, func(r rune) bool { return r == ',' })}
	}
	return all
}

// TestMetricsDocs holds the table of the docs equal to the metrics that are
// registered.
func TestMetricsDocs(t *testing.T) {
	all := describe(t, metricsServer(t).registry)
	var table strings.Builder
	table.WriteString("| Metric | Kind | Labels | Meaning | What to do when |\n|---|---|---|---|---|\n")
	seen := map[string]bool{}
	for _, row := range metricRows {
		d, ok := all[row.name]
		if !ok || seen[row.name] || row.do == "" {
			t.Errorf("%s has a row in this test, and is not registered, or has two rows, or one without advice", row.name)
		}
		seen[row.name] = true
		var labels []string
		for _, l := range d.labels {
			labels = append(labels, "`"+l+"`")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s | %s |\n", row.name, row.kind, strings.Join(labels, ", "), d.help, row.do)
	}
	for name := range all {
		if !seen[name] {
			t.Errorf("%s is registered and has no row: add one to metricRows in this test, then run it with -update", name)
		}
	}
	table.WriteString("\nThe labels' values, none of which a client can choose:\n\n| Label | Values |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(labelValues)) {
		fmt.Fprintf(&table, "| `%s` | %s |\n", name, labelValues[name].doc)
	}
	docpage.Hold(t, "../../docs/metrics.md", "from cmd/stompgw/metrics_test.go. -->\n\n", "\n<!-- table: end -->", table.String(),
		"go test ./cmd/stompgw -run TestMetricsDocs -update")
}

// No label takes a value that a client chooses, and every metric is of the kind
// that the docs say.
func TestLabelsAreNoClientsChoice(t *testing.T) {
	s := metricsServer(t)
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, family := range families {
		name := family.GetName()
		if !strings.HasPrefix(name, "stompgw_") {
			continue
		}
		i := slices.IndexFunc(metricRows, func(row struct{ name, kind, do string }) bool { return row.name == name })
		if got := strings.ToLower(family.GetType().String()); i < 0 || metricRows[i].kind != got {
			t.Errorf("%s is a %s, and the row in this test says something else", name, got)
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				seen++
				values, ok := labelValues[label.GetName()]
				if !ok {
					t.Errorf("%s: say in labelValues where the values of label %s come from", name, label.GetName())
				} else if !values.ok(s.conf, label.GetValue()) || strings.Contains(strings.ToLower(label.GetValue()), choice) {
					t.Errorf("%s: label %s has the value %q, want %s", name, label.GetName(), label.GetValue(), values.doc)
				}
			}
		}
	}
	if least := len(gateway.Reasons()); seen < least {
		t.Errorf("got %d labels, want %d at the least", seen, least)
	}
	if got := sumOf(t, s, "stompgw_handshakes_refused_total"); got < 3 {
		t.Errorf("the odd client was refused %v times: this test has lost its bite", got)
	}
}

// sumOf adds up the series of a counter.
func sumOf(t *testing.T, s *server, name string) (sum float64) {
	t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name {
				sum += metric.GetCounter().GetValue()
			}
		}
	}
	return sum
}
