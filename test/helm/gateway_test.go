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
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// shown gives the metrics of a real gateway that has lived a little: it refused a
// page of another origin, failed to reach one broker and reached another.
func shown(t *testing.T) map[string]*prometheus.MetricFamily {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stompgw")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/stompgw")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	alive, gone := listen(t), listen(t)
	go acceptAll(alive)
	t.Cleanup(func() { _ = alive.Close() })
	public, admin := listen(t), listen(t)
	for _, l := range []net.Listener{gone, public, admin} {
		_ = l.Close() // only its port was wanted
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	gateway := exec.CommandContext(ctx, program)
	gateway.Env = []string{
		"STOMPGW_BROKERS=tcp://" + gone.Addr().String() + ",tcp://" + alive.Addr().String(),
		"STOMPGW_LISTEN=" + public.Addr().String(), "STOMPGW_ADMIN_LISTEN=" + admin.Addr().String(),
		"STOMPGW_DRAIN_DELAY=0s", "STOMPGW_DRAIN_SPREAD=0s",
	}
	var log bytes.Buffer
	gateway.Stderr = &log
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = gateway.Process.Signal(syscall.SIGTERM) // it may be gone, which Wait tells
		if err := gateway.Wait(); err != nil {
			t.Errorf("%v\n%s", err, &log)
		}
	}()
	status := func(method, url string, header http.Header) int {
		request, err := http.NewRequestWithContext(ctx, method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header
		return ask(request, io.Discard)
	}
	for status("GET", "http://"+admin.Addr().String()+"/readyz", nil) != http.StatusOK {
		if ctx.Err() != nil {
			t.Fatalf("it does not become ready\n%s", &log)
		}
		time.Sleep(10 * time.Millisecond)
	}
	stranger := http.Header{"Origin": {"http://stranger.example"}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}}
	if got := status("GET", "http://"+public.Addr().String()+"/stomp", stranger); got != http.StatusForbidden {
		t.Fatalf("a stranger's page got %d", got)
	}
	request, err := http.NewRequestWithContext(ctx, "GET", "http://"+admin.Addr().String()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if got := ask(request, &text); got != http.StatusOK {
		t.Fatalf("/metrics: %d", got)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(&text)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// ask gives the status of the answer, 0 for none, and its body to w.
func ask(request *http.Request, w io.Writer) int {
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	if _, err := io.Copy(w, response.Body); err != nil {
		return 0
	}
	return response.StatusCode
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// acceptAll is all that a readiness probe wants of a broker.
func acceptAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_ = c.Close() // whatever it had to say
	}
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
