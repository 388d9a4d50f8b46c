package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// images gives the released images by their architecture.
func images(t *testing.T) map[string]v1.Image {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Open(filepath.Join(aRelease(t), "stompgw-image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpack(t, f, dir)
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := index.IndexManifest()
	if err != nil || len(outer.Manifests) != 1 {
		t.Fatalf("%d images: %v", len(outer.Manifests), err)
	}
	if index, err = index.ImageIndex(outer.Manifests[0].Digest); err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	inner, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]v1.Image{}
	for _, m := range inner.Manifests {
		if found[m.Platform.Architecture], err = index.Image(m.Digest); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// unpack writes the files of a tar with their modes.
func unpack(t *testing.T, from io.Reader, dir string) {
	t.Helper()
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			var text []byte
			if text, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, text, h.FileInfo().Mode())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestImageRuns unpacks the image of this machine, starts what it starts, as the
// user that it names, with nothing of the machine in sight, and asks its health
// as it says.
func TestImageRuns(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the image is for Linux")
	}
	image := images(t)[runtime.GOARCH]
	if image == nil {
		t.Skipf("no image is made for %s", runtime.GOARCH)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	content := mutate.Extract(image)
	defer content.Close()
	unpack(t, content, root)
	inside := func(ctx context.Context, command ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		if os.Getuid() == 0 {
			open(t, root)
			cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			cmd.Dir = "/"
		} else {
			t.Log("without root the image's program runs outside its image")
			cmd.Path = filepath.Join(root, command[0])
		}
		return cmd
	}
	broker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	go acceptAll(broker)
	env := append([]string{"STOMPGW_BROKERS=tcp://" + broker.Addr().String(), "STOMPGW_LISTEN=127.0.0.1:0",
		"STOMPGW_ADMIN_LISTEN=" + freeAddress(t), "STOMPGW_DRAIN_DELAY=0s", "STOMPGW_DRAIN_SPREAD=0s"}, config.Config.Env...)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	gateway := inside(ctx, config.Config.Entrypoint...)
	gateway.Env = env
	var log bytes.Buffer
	gateway.Stderr = &log
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	healthy := false
	for !healthy && ctx.Err() == nil {
		health := inside(ctx, config.Config.Healthcheck.Test[1:]...)
		health.Env = env
		out, err := health.CombinedOutput()
		healthy = err == nil && strings.TrimSpace(string(out)) == "ready"
	}
	_ = gateway.Process.Signal(syscall.SIGTERM) // it may be gone, which Wait tells
	if err := gateway.Wait(); err != nil || !healthy {
		t.Errorf("healthy: %v, end: %v\n%s", healthy, err, &log)
	}
}

// open lets the image's user into its root, which lies in folders of the tester's.
func open(t *testing.T, root string) {
	t.Helper()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
}

// acceptAll is all that a health check wants of a broker.
func acceptAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_ = c.Close() // whatever it had to say
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestImageHoldsNothingElse lists what is in it.
func TestImageHoldsNothingElse(t *testing.T) {
	all := images(t)
	if len(all) != 2 {
		t.Fatalf("got %d images", len(all))
	}
	for arch, image := range all {
		content := mutate.Extract(image)
		defer content.Close()
		got := map[string]string{}
		for r := tar.NewReader(content); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Typeflag == tar.TypeReg {
				got[h.Name] = h.FileInfo().Mode().String()
			}
			if h.Uid != 0 || !h.ModTime.Equal(epoch) {
				t.Errorf("%s: %s belongs to %d, is of %v", arch, h.Name, h.Uid, h.ModTime)
			}
		}
		want := map[string]string{"stompgw": "-rwxr-xr-x", "etc/ssl/certs/ca-certificates.crt": "-rw-r--r--"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", arch, got, want)
		}
		config, err := image.ConfigFile()
		if err != nil || config.Architecture != arch || config.OS != "linux" {
			t.Errorf("%s: the image is for %s/%s: %v", arch, config.OS, config.Architecture, err)
		}
		p, err := release{out: aRelease(t)}.inspect(arch)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := config.Config.Labels["org.opencontainers.image.revision"], p.setting("vcs.revision"); got != want {
			t.Errorf("%s: the image is of commit %q, the program of %q", arch, got, want)
		}
	}
}

func TestCertificates(t *testing.T) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificates()) {
		t.Fatal("no certificate can be read")
	}
	if n := bytes.Count(certificates(), []byte("BEGIN CERTIFICATE")); n < 80 {
		t.Errorf("only %d certificates", n)
	}
}

// TestImageIsLikeTheDockerfile compares what both say of how a container runs.
func TestImageIsLikeTheDockerfile(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, last, ok := strings.Cut(string(text), "\nFROM scratch\n")
	if !ok {
		t.Fatal("the last stage is not FROM scratch")
	}
	say := func(pattern string) string {
		found := regexp.MustCompile(`(?m)^` + pattern + `$`).FindStringSubmatch(last)
		if found == nil {
			t.Fatalf("the Dockerfile has no line %s", pattern)
		}
		return found[1]
	}
	quoted := func(list []string) string { return `["` + strings.Join(list, `", "`) + `"]` }
	c := release{version: testVersion}.config()
	if got := say(`USER (.*)`); got != c.User {
		t.Errorf("USER is %s there, %s here", got, c.User)
	}
	if got := say(`ENTRYPOINT (.*)`); got != quoted(c.Entrypoint) {
		t.Errorf("ENTRYPOINT is %s there, %s here", got, c.Entrypoint)
	}
	if got := []string{say(`ENV (.*)`)}; !slices.Equal(got, c.Env) {
		t.Errorf("ENV is %s there, %s here", got, c.Env)
	}
	for port := range strings.FieldsSeq(say(`EXPOSE (.*)`)) {
		if _, ok := c.ExposedPorts[port+"/tcp"]; !ok {
			t.Errorf("EXPOSE has %s there, %v here", port, c.ExposedPorts)
		}
	}
	h := c.Healthcheck
	got := say(`HEALTHCHECK (.*)`)
	want := "--interval=" + h.Interval.String() + " --timeout=" + h.Timeout.String() + " --start-period=" + h.StartPeriod.String() +
		" CMD " + quoted(h.Test[1:])
	if got != want {
		t.Errorf("HEALTHCHECK is %s there, %s here", got, want)
	}
	copied := regexp.MustCompile(`(?m)^COPY .* (\S+)$`).FindAllStringSubmatch(last, -1)
	if len(copied) != 2 || copied[0][1] != "/etc/ssl/certs/" || copied[1][1] != "/stompgw" {
		t.Errorf("the Dockerfile copies %v", copied)
	}
}
