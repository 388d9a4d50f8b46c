package listen

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Files are where the certificates are, all PEM.
type Files struct {
	Cert, Key string // the server's, the certificate with its chain
	ClientCA  string // what clients' certificates are verified by; "" asks for none
}

// CertificateOptions say how TLS is spoken to browsers.
type CertificateOptions struct {
	Files
	MinVersion uint16 // of package crypto/tls
	ClientAuth tls.ClientAuthType
	// Reloaded is told of every attempt to read files that have changed; what they
	// hold has no effect where err is not nil. nil is fine.
	Reloaded func(err error)
	// WatchFailed is told when changes cannot be noticed as they happen, but only
	// by looking each minute. nil is fine.
	WatchFailed func(err error)
}

// Certificates are the server's certificate and the clients' CA as the files
// have them now. New handshakes get what is new; connections that there are go
// on as they began.
type Certificates struct {
	options CertificateOptions
	current atomic.Pointer[tls.Config]

	mu   sync.Mutex
	read [3][]byte // guarded by mu: the contents of the files when last looked at
}

// LoadCertificates reads the files.
func LoadCertificates(o CertificateOptions) (*Certificates, error) {
	c := &Certificates{options: o}
	if _, err := c.reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Expiry gives the end of the server certificate's validity.
func (c *Certificates) Expiry() time.Time {
	return c.current.Load().Certificates[0].Leaf.NotAfter
}

// serverConfig gives a configuration that follows the files.
func (c *Certificates) serverConfig() *tls.Config {
	return &tls.Config{
		MinVersion:         c.options.MinVersion,
		NextProtos:         nextProtos,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load(), nil },
	}
}

// nextProtos leaves HTTP/2 out: WebSockets over it (RFC 8441) are not spoken here.
var nextProtos = []string{"http/1.1"}

// Reload reads the files again, whether they have changed or not.
func (c *Certificates) Reload() {
	c.mu.Lock()
	c.read = [3][]byte{}
	c.mu.Unlock()
	c.refresh()
}

// refresh reads the files and says what came of it, if anything has changed.
func (c *Certificates) refresh() {
	if changed, err := c.reload(); (changed || err != nil) && c.options.Reloaded != nil {
		c.options.Reloaded(err)
	}
}

// reload reads the files. What they hold counts if all of it is good. The same
// contents are looked at once only.
func (c *Certificates) reload() (changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var contents [3][]byte
	for i, name := range []string{c.options.Cert, c.options.Key, c.options.ClientCA} {
		if name == "" {
			continue
		}
		if contents[i], err = os.ReadFile(name); err != nil {
			err = fmt.Errorf("read certificates: %w", err)
			contents[i] = []byte(err.Error()) // said once, not with every look
		}
	}
	same := true
	for i := range contents {
		same = same && contents[i] != nil == (c.read[i] != nil) && bytes.Equal(contents[i], c.read[i])
	}
	if same {
		return false, nil
	}
	c.read = contents
	if err != nil {
		return false, err
	}
	conf, err := c.options.parse(contents)
	if err != nil {
		return false, err
	}
	c.current.Store(conf)
	return true, nil
}

func (o CertificateOptions) parse(contents [3][]byte) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return nil, fmt.Errorf("read certificate %s with key %s: %w", o.Cert, o.Key, err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: o.MinVersion, NextProtos: nextProtos}
	if o.ClientCA == "" {
		return conf, nil
	}
	conf.ClientCAs, conf.ClientAuth = x509.NewCertPool(), o.ClientAuth
	if !conf.ClientCAs.AppendCertsFromPEM(contents[2]) {
		return nil, fmt.Errorf("read the clients' CA: no certificate in %s", o.ClientCA)
	}
	// A ticket would let in whom the CA's file lets in no longer.
	conf.SessionTicketsDisabled = true
	return conf, nil
}

// How changes are noticed. A pair is written file by file, so the first change is
// given a moment for the second. Where no event comes, as from network file
// systems or when a folder further up is replaced, a look in between finds it.
const (
	settle    = 250 * time.Millisecond
	lookEvery = time.Minute
)

// Watch takes in changes of the files until the context ends. It watches the
// folders of the files, and of what they are links to, because files are replaced
// rather than written: Kubernetes swaps a link in the folder.
func (c *Certificates) Watch(ctx context.Context) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		c.watchFailed(err)
		watcher = &fsnotify.Watcher{} // whose channels never give anything
	} else {
		defer func() { _ = watcher.Close() }() // nothing is lost with it
		c.watchFailed(c.watchFolders(watcher))
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	settled := time.NewTimer(settle) // something may have changed before the watch began
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-watcher.Events:
			settled.Reset(settle)
		case err := <-watcher.Errors:
			c.watchFailed(err)
		case <-look.C:
			c.refresh()
		case <-settled.C:
			if watcher.Events != nil {
				c.watchFailed(c.watchFolders(watcher)) // links may point elsewhere now
			}
			c.refresh() // after that, so that no change falls between the two
		}
	}
}

func (c *Certificates) watchFailed(err error) {
	if err != nil && c.options.WatchFailed != nil {
		c.options.WatchFailed(err)
	}
}

// watchFolders watches what is not watched yet; the kernel forgets folders that
// are gone.
func (c *Certificates) watchFolders(w *fsnotify.Watcher) error {
	var failed []error
	for _, name := range []string{c.options.Cert, c.options.Key, c.options.ClientCA} {
		if name == "" {
			continue
		}
		failed = append(failed, w.Add(filepath.Dir(name)))
		if target, err := filepath.EvalSymlinks(name); err == nil {
			failed = append(failed, w.Add(filepath.Dir(target)))
		}
	}
	return errors.Join(failed...)
}
