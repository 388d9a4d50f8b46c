package demo

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// Who reads a little within each write timeout is slow, but not too slow.
func TestWriteTimeoutIsOfSilence(t *testing.T) {
	b, err := NewBroker(Options{WriteTimeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	client, server := net.Pipe() // which holds nothing back
	defer client.Close()
	_ = client.SetReadDeadline(time.Now().Add(patience))
	s := newSession(b, server, "s1")
	wrote := make(chan error, 1)
	go func() { wrote <- s.writeBatch(net.Buffers{[]byte("one "), []byte("two")}) }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	got := ""
	for range len("one two") {
		<-tick.C
		var p [1]byte
		if _, err := io.ReadFull(client, p[:]); err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		got += string(p[:])
	}
	if err := <-wrote; err != nil || got != "one two" {
		t.Errorf("got %q, %v; want all of it", got, err)
	}
	if err := s.writeBatch(net.Buffers{[]byte("three")}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("with nobody reading: got %v, want a timeout", err)
	}
}
