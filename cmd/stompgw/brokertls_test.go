package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/internal/testcert"
)

func TestBrokerTLSFollowsItsFiles(t *testing.T) {
	dir := t.TempDir()
	first, second := testcert.New(t, "first"), testcert.New(t, "second")
	cert, key := first.Write(t, dir)
	failures := 0
	b, err := newBrokerTLS(config.BrokerTLS{CAFile: cert, CertFile: cert, KeyFile: key}, func(error) { failures++ })
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		what     string
		do       func() error
		want     testcert.Pair
		failures int
	}{
		{"as they were", func() error { return nil }, first, 0},
		{"the certificate alone", func() error { return os.WriteFile(cert, second.Cert, 0o600) }, first, 1},
		{"no change", func() error { return nil }, first, 1},
		{"the key, too", func() error { return os.WriteFile(key, second.Key, 0o600) }, second, 1},
		{"gone", func() error { return os.Remove(key) }, second, 2},
		{"back", func() error { return os.WriteFile(key, second.Key, 0o600) }, second, 2},
		{"the old ones again", func() error { first.Write(t, dir); return nil }, first, 2},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		b.looked = time.Now().Add(-lookTLSEvery)
		conf := b.config()
		if !bytes.Equal(conf.Certificates[0].Certificate[0], step.want.TLS(t).Certificate[0]) || !conf.RootCAs.Equal(step.want.Roots()) {
			t.Errorf("%s: not the pair that was wanted", step.what)
		}
		if failures != step.failures {
			t.Errorf("%s: got %d failures, want %d", step.what, failures, step.failures)
		}
	}
	// In between nothing is read: a crowd that logs in asks for each.
	second.Write(t, dir)
	if b.looked = time.Now().Add(time.Hour); !b.config().RootCAs.Equal(first.Roots()) {
		t.Error("looked again at once")
	}
}
