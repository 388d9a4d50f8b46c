package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
	"github.com/stompgw/stompgw/internal/testcert"
)

// watched is a pair of files whose changes are watched.
type watched struct {
	*Certificates
	t   *testing.T
	dir string

	mu      sync.Mutex
	reloads []error
}

func watch(t *testing.T, o CertificateOptions) *watched {
	t.Helper()
	w := &watched{t: t}
	o.Reloaded = func(err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.reloads = append(w.reloads, err)
	}
	o.WatchFailed = func(err error) { t.Errorf("watch: %v", err) }
	var err error
	if w.Certificates, err = LoadCertificates(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { w.Watch(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	return w
}

// said gives how the reloads so far ended.
func (w *watched) said() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.reloads)
}

func watchPair(t *testing.T) *watched {
	t.Helper()
	dir := t.TempDir()
	w := watch(t, CertificateOptions{Files: issue(t, "zeroth", dir), MinVersion: tls.VersionTLS12})
	w.dir = dir
	// The look that every watch begins with must not be what finds the changes.
	issue(t, "first", dir)
	eventually.True(t, "the watch to have begun", func() bool { return w.name() == "first" && len(w.said()) > 0 })
	w.mu.Lock()
	w.reloads = nil
	w.mu.Unlock()
	return w
}

// name is whose certificate new handshakes get.
func (w *watched) name() string {
	return w.current.Load().Certificates[0].Leaf.Subject.CommonName
}

func (w *watched) becomes(name string) {
	w.t.Helper()
	eventually.True(w.t, "the certificate of "+name, func() bool { return w.name() == name })
}

// fails waits for a reload that failed.
func (w *watched) fails(cause string) {
	w.t.Helper()
	eventually.True(w.t, "a failure that says "+cause, func() bool {
		for _, err := range w.said() {
			if err != nil && strings.Contains(err.Error(), cause) {
				return true
			}
		}
		return false
	})
}

func TestCertificateRewritten(t *testing.T) {
	w := watchPair(t)
	issue(t, "second", w.dir)
	w.becomes("second")
	eventually.True(t, "word of it", func() bool { return len(w.said()) > 0 })
	if said := w.said(); len(said) != 1 || said[0] != nil {
		t.Errorf("got %v, want one reload that is good: the pair is given time", said)
	}
}

func TestCertificateMovedInPlace(t *testing.T) {
	w := watchPair(t)
	made := issue(t, "second", t.TempDir())
	for _, file := range []string{made.Cert, made.Key} {
		if err := os.Rename(file, filepath.Join(w.dir, filepath.Base(file))); err != nil {
			t.Fatal(err)
		}
	}
	w.becomes("second")
}

// Kubernetes keeps the files in a folder that ..data is a link to, and moves a
// new link into its place. Again and again.
func TestCertificateOfKubernetes(t *testing.T) {
	dir := t.TempDir()
	publish := func(version, name string) {
		t.Helper()
		folder := filepath.Join(dir, version)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		issue(t, name, folder)
		old, _ := os.Readlink(filepath.Join(dir, "..data")) // there is none at first
		if err := os.Symlink(version, filepath.Join(dir, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
		if old != "" {
			if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish("..1", "first")
	files := Files{Cert: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key")}
	for _, file := range []string{files.Cert, files.Key} {
		if err := os.Symlink(filepath.Join("..data", filepath.Base(file)), file); err != nil {
			t.Fatal(err)
		}
	}
	w := watch(t, CertificateOptions{Files: files, MinVersion: tls.VersionTLS12})
	publish("..2", "second")
	w.becomes("second")
	publish("..3", "third")
	w.becomes("third")
}

// A link to a file elsewhere, whose contents change there.
func TestCertificateBehindLink(t *testing.T) {
	there, here := t.TempDir(), t.TempDir()
	files, targets := Files{Cert: filepath.Join(here, "cert"), Key: filepath.Join(here, "key")}, issue(t, "first", there)
	for link, target := range map[string]string{files.Cert: targets.Cert, files.Key: targets.Key} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	w := watch(t, CertificateOptions{Files: files, MinVersion: tls.VersionTLS12})
	for _, name := range []string{"second", "third"} { // the first may be found by the look that a watch begins with
		issue(t, name, there)
		w.becomes(name)
	}
}

// A link that is made to lead elsewhere: what changes there is noticed, too.
func TestCertificateBehindAnotherLink(t *testing.T) {
	first, second, here := t.TempDir(), t.TempDir(), t.TempDir()
	lead := func(to Files) {
		t.Helper()
		for _, target := range []string{to.Cert, to.Key} {
			link := filepath.Join(here, filepath.Base(target))
			if err := os.Symlink(target, link+".new"); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(link+".new", link); err != nil {
				t.Fatal(err)
			}
		}
	}
	lead(issue(t, "first", first))
	w := watch(t, CertificateOptions{Files: Files{Cert: filepath.Join(here, "tls.crt"), Key: filepath.Join(here, "tls.key")}, MinVersion: tls.VersionTLS12})
	lead(issue(t, "second", second))
	w.becomes("second")
	issue(t, "third", second)
	w.becomes("third")
}

func TestNoCertificate(t *testing.T) {
	dir := t.TempDir()
	files := Files{Cert: filepath.Join(dir, "crt"), Key: filepath.Join(dir, "key")}
	if _, err := LoadCertificates(CertificateOptions{Files: files}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v where there are no files", err)
	}
	write(t, dir, "crt", nil)
	write(t, dir, "key", nil)
	if _, err := LoadCertificates(CertificateOptions{Files: files}); err == nil || !strings.Contains(err.Error(), "failed to find any PEM data") {
		t.Errorf("got %v where the files are empty", err)
	}
}

func TestBadCertificateChangesNothing(t *testing.T) {
	w := watchPair(t)
	other := testcert.New(t, "other")
	for _, bad := range []struct {
		name, cause string
		do          func()
	}{
		{"another's key", "private key does not match", func() { write(t, w.dir, "tls.key", other.Key) }},
		{"no PEM", "failed to find any PEM data", func() { write(t, w.dir, "tls.crt", []byte("hello")) }},
		{"gone", "no such file", func() {
			if err := os.Remove(filepath.Join(w.dir, "tls.key")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		bad.do()
		w.fails(bad.cause)
		if w.name() != "first" {
			t.Fatalf("%s: got the certificate of %s", bad.name, w.name())
		}
	}
	issue(t, "second", w.dir)
	w.becomes("second")
}

// Files that stay the same are not taken in again, but on demand.
func TestReload(t *testing.T) {
	w := watchPair(t)
	write(t, w.dir, "another", []byte("file"))
	w.refresh()
	if said := w.said(); len(said) != 0 {
		t.Errorf("got %d reloads of what is the same", len(said))
	}
	w.Reload()
	if said := w.said(); len(said) != 1 || said[0] != nil {
		t.Errorf("got %v, want one that is good", said)
	}
}

// The CA of clients changes with its file, and no ticket gets round it.
func TestClientCAChanges(t *testing.T) {
	dir := t.TempDir()
	one, two := testcert.New(t, "one"), testcert.New(t, "two")
	files := issue(t, "server", dir)
	files.ClientCA = write(t, dir, "ca", one.Cert)
	w := watch(t, CertificateOptions{Files: files, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert})
	l := open(t, Options{Addresses: []string{"127.0.0.1:0"}, Certificates: w.Certificates})[0]
	tickets := tls.NewLRUClientSessionCache(8)
	gets := func(client testcert.Pair) error {
		t.Helper()
		c := tls.Client(dial(t, l), &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{client.TLS(t)}, ClientSessionCache: tickets})
		done := make(chan error, 1)
		go func() {
			_, err := c.Write([]byte("x"))
			if err == nil {
				_, err = c.Read(make([]byte, 1))
			}
			done <- err
		}()
		s := accept(t, l).(*tls.Conn)
		_ = s.SetDeadline(time.Now().Add(patience))
		if err := s.Handshake(); err == nil {
			_, _ = s.Write([]byte("y"))
		}
		s.Close()
		return <-done
	}
	if err := gets(one); err != nil {
		t.Fatalf("one, whose CA it is: %v", err)
	}
	if err := gets(two); err == nil {
		t.Error("two got in")
	}
	write(t, dir, "ca", two.Cert)
	eventually.True(t, "the new CA", func() bool { return len(w.said()) == 1 })
	if err := gets(one); err == nil {
		t.Error("one got in, although the CA is another's now")
	}
	if err := gets(two); err != nil {
		t.Errorf("two, whose CA it is now: %v", err)
	}
}

func TestHandshakes(t *testing.T) {
	files := issue(t, "server", t.TempDir())
	for name, test := range map[string]struct {
		least  uint16
		client *tls.Config
		want   string // "" for a handshake that succeeds
	}{
		"1.2":              {tls.VersionTLS12, &tls.Config{MaxVersion: tls.VersionTLS12}, ""},
		"1.3":              {tls.VersionTLS12, &tls.Config{}, ""},
		"too old":          {tls.VersionTLS12, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "protocol version"},
		"1.2 where 1.3 is": {tls.VersionTLS13, &tls.Config{MaxVersion: tls.VersionTLS12}, "protocol version"},
		"http/1.1 and h2":  {tls.VersionTLS12, &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, ""},
		"h2 only":          {tls.VersionTLS12, &tls.Config{NextProtos: []string{"h2"}}, "no application protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := LoadCertificates(CertificateOptions{Files: files, MinVersion: test.least})
			if err != nil {
				t.Fatal(err)
			}
			l := open(t, Options{Addresses: []string{"127.0.0.1:0"}, Certificates: c})[0]
			test.client.InsecureSkipVerify = true
			client := tls.Client(dial(t, l), test.client)
			done := make(chan error, 1)
			go func() { done <- client.Handshake() }()
			s := accept(t, l).(*tls.Conn)
			_ = s.SetDeadline(time.Now().Add(patience))
			_ = s.Handshake() // the client's view is what counts
			err = <-done
			switch {
			case test.want == "" && err != nil, test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %q", err, test.want)
			case err == nil && len(test.client.NextProtos) > 0 && client.ConnectionState().NegotiatedProtocol != "http/1.1":
				t.Errorf("got %q", client.ConnectionState().NegotiatedProtocol)
			}
		})
	}
}
