package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/proc"
)

// TestSockJSBehindBalancers runs clients of every transport through HAProxy and nginx, as docs/examples configure them,
// to two gateways: no session is lost, and both gateways have some.
func TestSockJSBehindBalancers(t *testing.T) {
	onlyGateway(t)
	b := rabbitMQ(t)
	needs(t, "node_modules/sockjs-client")
	for name, start := range map[string]func(t *testing.T, port int, a, b *gw.Gateway){"HAProxy": startHAProxy, "nginx": startNginx} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := b.env(map[string]string{"STOMPGW_TRUSTED_PROXIES": "127.0.0.1", "STOMPGW_SOCKJS_TRANSPORTS": allTransports})
			one, two := gw.Run(t, gw.Options{Env: env}), gw.Run(t, gw.Options{Env: env})
			port, err := proc.FreePort()
			if err != nil {
				t.Fatal(err)
			}
			start(t, port, one, two)
			addr := fmt.Sprintf("127.0.0.1:%d", port)
			gw.Eventually(t, 20*time.Second, name+" listening", func() bool {
				c, err := net.DialTimeout("tcp", addr, time.Second)
				if err == nil {
					c.Close()
				}
				return err == nil
			})
			var cases []sockjsCase
			for i := range 6 {
				for _, transport := range []string{"xhr-polling", "xhr-streaming", "eventsource", "websocket"} {
					c := b.sockjsCase(t, fmt.Sprintf("%d, ", i), "1.6.1", transport, "http://"+addr+"/stomp", "")
					c.Count = 100
					cases = append(cases, c)
				}
			}
			if count := runNode(t, "run-sockjs-node.js", map[string]any{"cases": cases}); count != len(cases) {
				t.Errorf("cases that were reported: got %d, want %d", count, len(cases))
			}
			had := func(g *gw.Gateway) float64 { return g.Metric(t, "stompgw_sessions_total") }
			if had(one) == 0 || had(two) == 0 || had(one)+had(two) != float64(2*len(cases)) {
				t.Errorf("sessions of the gateways: got %v and %v, want %d between them", had(one), had(two), 2*len(cases))
			}
		})
	}
}

// example gives a configuration of docs/examples with a test's addresses in it.
func example(t *testing.T, file string, port int, a, b *gw.Gateway) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "examples", file))
	if err != nil {
		t.Fatal(err)
	}
	adminPort := func(g *gw.Gateway) string { _, port, _ := net.SplitHostPort(g.Admin); return port }
	return strings.NewReplacer(
		"192.0.2.1:80", fmt.Sprintf("127.0.0.1:%d", port),
		"192.0.2.11:8080 check port 9090 addr 192.0.2.11", a.Listen+" check port "+adminPort(a)+" addr 127.0.0.1",
		"192.0.2.12:8080 check port 9090 addr 192.0.2.12", b.Listen+" check port "+adminPort(b)+" addr 127.0.0.1",
		"192.0.2.11:8080", a.Listen, "192.0.2.12:8080", b.Listen,
	).Replace(string(text))
}

func startHAProxy(t *testing.T, port int, a, b *gw.Gateway) {
	startProgram(t, "/usr/sbin/haproxy", example(t, "haproxy.cfg", port, a, b), func(file string) []string { return []string{"-db", "-f", file} })
}

func startNginx(t *testing.T, port int, a, b *gw.Gateway) {
	dir := t.TempDir()
	conf := "daemon off;\nmaster_process off;\npid " + dir + "/pid;\nerror_log " + dir + "/error.log;\nevents {}\nhttp {\naccess_log off;\n"
	for _, temp := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		conf += temp + "_temp_path " + dir + "/" + temp + ";\n"
	}
	conf += example(t, "nginx.conf", port, a, b) + "}\n"
	startProgram(t, "/usr/sbin/nginx", conf, func(file string) []string { return []string{"-p", dir, "-e", dir + "/error.log", "-c", file} })
}

// startProgram runs a program with a configuration file for the time of a test.
func startProgram(t *testing.T, program, conf string, args func(file string) []string) {
	t.Helper()
	if _, err := os.Stat(program); err != nil {
		lacking(t, fmt.Errorf("%s is not installed (run test/setup.sh)", program))
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := proc.Start(proc.Command{Path: program, Args: args(file), Log: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s:\n%s", program, proc.Tail(filepath.Join(dir, "log"), 20))
		}
		_ = p.Kill()
	})
}
