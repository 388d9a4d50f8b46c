package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// tlsFiles are the PEM files by which somebody else's server is verified, and by
// which the gateway shows who it is.
type tlsFiles struct {
	whose     string // in errors
	ca        string // "" is the system's
	cert, key string // "" shows no certificate
}

// clientTLS is how TLS is spoken to somebody else, by what the files say now:
// secrets are rotated while the gateway runs.
type clientTLS struct {
	files      tlsFiles
	serverName string      // that the certificate must have; "" is the host's
	failed     func(error) // told once a change

	mu      sync.Mutex // guards what follows, and is not held while reading
	current *tls.Config
	read    [3][]byte // the files when last looked at
	looked  time.Time
}

// newClientTLS reads the files for the first time.
func newClientTLS(files tlsFiles, serverName string, failed func(error)) (*clientTLS, error) {
	c := &clientTLS{files: files, serverName: serverName, failed: failed, looked: time.Now()}
	c.read = files.contents()
	var err error
	c.current, err = c.load()
	return c, err
}

// lookTLSEvery is how long the files are believed to be unchanged.
const lookTLSEvery = time.Second

// config gives what the next connection begins with. Files that are not good, such
// as a certificate whose key is still to be written, change nothing.
func (c *clientTLS) config() *tls.Config {
	if c.due() && c.changed() {
		conf, err := c.load()
		if err != nil {
			c.failed(fmt.Errorf("what was before still holds: %w", err))
		} else {
			c.mu.Lock()
			c.current = conf
			c.mu.Unlock()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// due says that it is time to look, and that the caller shall.
func (c *clientTLS) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookTLSEvery {
		return false
	}
	c.looked = time.Now()
	return true
}

// changed says whether the files read otherwise than when last looked at. What is
// written between that and the reading is found by the next look.
func (c *clientTLS) changed() bool {
	now := c.files.contents()
	c.mu.Lock()
	defer c.mu.Unlock()
	same := true
	for i := range now {
		same = same && bytes.Equal(now[i], c.read[i])
	}
	c.read = now
	return !same
}

// contents are the files as they are; one that cannot be read has none.
func (f tlsFiles) contents() (all [3][]byte) {
	for i, name := range []string{f.ca, f.cert, f.key} {
		if name != "" {
			all[i], _ = os.ReadFile(name) // reading it in earnest says why
		}
	}
	return all
}

func (c *clientTLS) load() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.serverName}
	var err error
	if conf.RootCAs, err = rootCAs(c.files.ca); err != nil {
		return nil, fmt.Errorf("read the CA of %s: %w", c.files.whose, err)
	}
	pair, err := keyPair(c.files.cert, c.files.key)
	if err != nil {
		return nil, fmt.Errorf("read the client certificate for %s: %w", c.files.whose, err)
	}
	if pair != nil {
		conf.Certificates = []tls.Certificate{*pair}
	}
	return conf, nil
}

// rootCAs reads authorities; "" is the system's, which is nil.
func rootCAs(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in " + file)
	}
	return pool, nil
}

// keyPair reads a certificate and its key; nil where no file is named.
func keyPair(certFile, keyFile string) (*tls.Certificate, error) {
	if certFile == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	return &pair, err
}
