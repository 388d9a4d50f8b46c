package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/stompgw/stompgw/config"
)

// brokerTLS is how TLS is spoken to the brokers, by what the files say now: secrets
// are rotated while the gateway runs.
type brokerTLS struct {
	conf   config.BrokerTLS
	failed func(error) // told once a change

	mu      sync.Mutex // guards what follows, and is not held while reading
	current *tls.Config
	read    [3][]byte // the files when last looked at
	looked  time.Time
}

// newBrokerTLS reads the files for the first time.
func newBrokerTLS(c config.BrokerTLS, failed func(error)) (*brokerTLS, error) {
	b := &brokerTLS{conf: c, failed: failed, looked: time.Now()}
	b.read = b.contents()
	var err error
	b.current, err = readBrokerTLS(c)
	return b, err
}

// lookTLSEvery is how long the files are believed to be unchanged.
const lookTLSEvery = time.Second

// config gives what the next connection begins with. Files that are not good, such
// as a certificate whose key is still to be written, change nothing.
func (b *brokerTLS) config() *tls.Config {
	if b.due() && b.changed() {
		conf, err := readBrokerTLS(b.conf)
		if err != nil {
			b.failed(err)
		} else {
			b.mu.Lock()
			b.current = conf
			b.mu.Unlock()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current
}

// due says that it is time to look, and that the caller shall.
func (b *brokerTLS) due() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.looked) < lookTLSEvery {
		return false
	}
	b.looked = time.Now()
	return true
}

// changed says whether the files read otherwise than when last looked at. What is
// written between that and the reading is found by the next look.
func (b *brokerTLS) changed() bool {
	now := b.contents()
	b.mu.Lock()
	defer b.mu.Unlock()
	same := true
	for i := range now {
		same = same && bytes.Equal(now[i], b.read[i])
	}
	b.read = now
	return !same
}

// contents are the files as they are; one that cannot be read has none.
func (b *brokerTLS) contents() (all [3][]byte) {
	for i, name := range []string{b.conf.CAFile, b.conf.CertFile, b.conf.KeyFile} {
		if name != "" {
			all[i], _ = os.ReadFile(name) // reading it in earnest says why
		}
	}
	return all
}

func readBrokerTLS(c config.BrokerTLS) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	var err error
	if conf.RootCAs, err = rootCAs(c.CAFile); err != nil {
		return nil, fmt.Errorf("read the broker's CA: %w", err)
	}
	pair, err := keyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the client certificate for the broker: %w", err)
	}
	if pair != nil {
		conf.Certificates = []tls.Certificate{*pair}
	}
	return conf, nil
}
