package demo

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
)

func TestServeEndsWithItsContext(t *testing.T) {
	r := start(t, Options{})
	c := connect(t, r.addr, "1.2")
	c.tell("SUBSCRIBE\nid:x\ndestination:/queue/q\n\n\x00")
	dial(t, r.addr) // one that has not connected yet
	c.tell("SEND\ndestination:/queue/q\n\n\x00")
	c.want("MESSAGE")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if open := r.open.Load(); open != 0 {
		t.Errorf("%d connections are open after Serve", open)
	}
	if e := r.wantEnd(t, EndShutdown); !errors.Is(e.Err, context.Canceled) {
		t.Errorf("cause: got %v, want context.Canceled", e.Err)
	}
	if _, err := c.next(); err == nil {
		t.Error("the client is still connected")
	}
	if conn, err := net.Dial("tcp", r.addr); err == nil {
		conn.Close()
		t.Error("the listener is still open")
	}
}

func TestServeReportsItsListener(t *testing.T) {
	b, err := NewBroker(Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	err = b.Serve(context.Background(), l)
	if want := "accept clients on " + l.Addr().String() + ": "; err == nil || err.Error()[:len(want)] != want {
		t.Errorf("got %v, want %s…", err, want)
	}
}

func TestClientCloses(t *testing.T) {
	for name, sent := range map[string]string{"at once": "", "within a frame": "CONNECT\naccept-ver", "within a body": "CONNECT\n\n\x00SEND\ndestination:/queue/q\n\nbo"} {
		t.Run(name, func(t *testing.T) {
			r := start(t, Options{})
			c := dial(t, r.addr)
			c.tell(sent)
			c.conn.Close()
			if e := r.wantEnd(t, EndClientClosed); e.Remote.String() != c.conn.LocalAddr().String() {
				t.Errorf("remote: got %v, want %v", e.Remote, c.conn.LocalAddr())
			}
		})
	}
}

// A client hears why it is refused although the broker reads no more of what it
// sent, which would reset the connection if the broker just closed it.
func TestLastWordsAreHeard(t *testing.T) {
	c := connect(t, start(t, Options{}).addr, "1.2")
	c.tell("SEND\ndestination:nowhere\n\n\x00" + strings.Repeat("\n", 4*readBuffer))
	c.want("ERROR; message:unknown destination")
	c.wantClosed()
}

func TestTurnedAwayHearsWhy(t *testing.T) {
	b, err := NewBroker(Options{Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dial(t, l.Addr().String())
	second := dial(t, l.Addr().String())
	second.tell("CONNECT\naccept-version:1.2\n\n\x00") // is there before it is turned away
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, l) }()
	second.want("ERROR; message:too many connections")
	second.wantClosed()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
