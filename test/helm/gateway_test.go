package helm

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	prometheus "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/stompgw/stompgw/internal/eventually"
	"github.com/stompgw/stompgw/internal/testcert"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// policyText grants one topic, so that there is something to deny.
const policyText = "version: 1\ngrants: [{name: chat, send: [/topic/chat]}]\n"

// shown gives the metrics of a real gateway with TLS, tokens and a policy that has
// lived a little: it failed to reach one broker and reached another, refused a
// page of another origin, a token, and a frame.
func shown(t *testing.T) map[string]*prometheus.MetricFamily {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dir := t.TempDir()
	pair := testcert.New(t, "gateway", "localhost")
	certificate, key := pair.Write(t, dir)
	trust := pair.Roots()
	write(t, filepath.Join(dir, "policy.yaml"), policyText)
	alive, gone := listen(t), listen(t)
	go answerConnects(alive)
	t.Cleanup(func() { _ = alive.Close() })
	public, admin := listen(t), listen(t)
	for _, l := range []net.Listener{gone, public, admin} {
		_ = l.Close() // only its port was wanted
	}
	stop := start(ctx, t,
		"STOMPGW_BROKERS=tcp://"+gone.Addr().String()+",tcp://"+alive.Addr().String(),
		"STOMPGW_LISTEN="+public.Addr().String(), "STOMPGW_ADMIN_LISTEN="+admin.Addr().String(),
		"STOMPGW_TLS_CERT_FILE="+certificate, "STOMPGW_TLS_KEY_FILE="+key,
		"STOMPGW_POLICY_FILE="+filepath.Join(dir, "policy.yaml"), "STOMPGW_AUDIT=off",
		"STOMPGW_AUTH=jwt,none", "STOMPGW_JWT_SECRET="+strings.Repeat("0123456789", 4),
		"STOMPGW_JWT_ISSUER=https://id.example.com/", "STOMPGW_JWT_AUDIENCE=stomp",
		"STOMPGW_CLUSTER_LISTEN=127.0.0.1:0", "STOMPGW_CLUSTER_PEERS="+gone.Addr().String(), "STOMPGW_CLUSTER_SECRET="+strings.Repeat("0123456789", 4),
		"STOMPGW_DRAIN_DELAY=0s", "STOMPGW_DRAIN_SPREAD=0s")
	defer stop()
	probe := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	figures := func(path string) (int, string) {
		response, err := probe.Get("http://" + admin.Addr().String() + path)
		if err != nil {
			return 0, ""
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return 0, ""
		}
		return response.StatusCode, string(text)
	}
	eventually.True(t, "it is ready", func() bool { status, _ := figures("/readyz"); return status == http.StatusOK })
	stranger := handshake(t, public.Addr().String(), trust, "Origin: http://stranger.example")
	expect(t, stranger, "HTTP/1.1 403 ")
	liar := handshake(t, public.Addr().String(), trust, "Authorization: Bearer of.no.token")
	expect(t, liar, "HTTP/1.1 401 ")
	client := handshake(t, public.Addr().String(), trust, "X-Nothing: special")
	expect(t, client, "HTTP/1.1 101 ")
	say(t, client, "CONNECT\naccept-version:1.2\nhost:/\n\n\x00")
	say(t, client, "SEND\ndestination:/queue/admin\n\nx\x00")
	var text string
	eventually.True(t, "the frame is denied", func() bool {
		_, text = figures("/metrics")
		return strings.Contains(text, "stompgw_frames_denied_total{")
	})
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// start builds the gateway and runs it; stop ends it and waits.
func start(ctx context.Context, t *testing.T, environ ...string) (stop func()) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stompgw")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/stompgw")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	gateway := exec.CommandContext(ctx, program)
	gateway.Env = environ
	var log bytes.Buffer
	gateway.Stderr = &log
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = gateway.Process.Signal(syscall.SIGTERM) // it may be gone, which Wait tells
		if err := gateway.Wait(); err != nil || t.Failed() {
			t.Errorf("%v\n%s", err, &log)
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// files gives every file below the paths.
func files(t *testing.T, paths ...string) []string {
	t.Helper()
	var found []string
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
				found = append(found, file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
