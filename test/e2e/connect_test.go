package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/brokers"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		name        string
		accept      string
		subprotocol []string
		want        string // version of CONNECTED; a 1.0 broker may leave it out
	}{
		{"1.0", "1.0", []string{"v10.stomp"}, "1.0"},
		{"1.1", "1.1", []string{"v11.stomp"}, "1.1"},
		{"1.2", "1.2", []string{"v12.stomp"}, "1.2"},
		{"the best of three", "1.0,1.1,1.2", nil, "1.2"},
		{"no accept-version", "", nil, "1.0"},
		{"no subprotocol", "1.1,1.2", []string{}, "1.2"},
		// What stompjs 2.3.3 offers.
		{"1.1 and 1.0", "1.1,1.0", []string{"v10.stomp", "v11.stomp"}, "1.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b *backend) {
				s := b.open(t)
				if !world.bare {
					s = stompws.Open(t, b.gateway.URL, stompws.Options{Subprotocols: c.subprotocol})
				}
				header := []string{"login", b.user.Login, "passcode", b.user.Passcode}
				if c.accept != "" {
					header = append(header, "accept-version", c.accept, "host", b.user.Host)
				}
				f := s.Connect(header...)
				if got := s.Version; got != c.want {
					t.Errorf("version: got %q, want %q; %v", got, c.want, f)
				}
				q := b.queue(t)
				s.Do("SUBSCRIBE", "", "id", "1", "destination", q)
				s.Do("SEND", "hello", "destination", q)
				s.ExpectBody("hello")
			})
		})
	}
}

func TestSubprotocol(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	for _, c := range []struct {
		offer []string
		want  string
	}{
		{[]string{"v10.stomp", "v11.stomp", "v12.stomp"}, "v12.stomp"},
		{[]string{"v10.stomp", "v11.stomp"}, "v11.stomp"},
		{[]string{"v10.stomp"}, "v10.stomp"},
		{[]string{"stomp"}, "stomp"},
		{[]string{"chat", "v11.stomp"}, "v11.stomp"},
		{[]string{}, ""},
	} {
		s := stompws.Open(t, b.gateway.URL, stompws.Options{Subprotocols: c.offer})
		if got := s.Subprotocol(); got != c.want {
			t.Errorf("offered %q: got %q, want %q", c.offer, got, c.want)
		}
	}
}

func TestStompInPlaceOfConnect(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		s := b.open(t)
		s.Do("STOMP", "", b.login()...)
		s.Expect("CONNECTED")
	})
}

// A client need not wait for CONNECTED.
func TestFramesBeforeConnected(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		q := b.queue(t)
		s := b.open(t)
		s.Do("CONNECT", "", b.login()...)
		s.Version = "1.2"
		s.Do("SUBSCRIBE", "", "id", "1", "destination", q)
		for _, body := range []string{"1", "2", "3"} {
			s.Do("SEND", body, "destination", q)
		}
		s.Expect("CONNECTED")
		for _, body := range []string{"1", "2", "3"} {
			s.ExpectBody(body)
		}
	})
}

func TestReceipts(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		q := b.queue(t)
		s := b.connect(t)
		s.DoReceipt("SUBSCRIBE", "", "id", "1", "destination", q, "ack", "client")
		s.DoReceipt("BEGIN", "", "transaction", "tx")
		s.DoReceipt("ABORT", "", "transaction", "tx")
		s.DoReceipt("UNSUBSCRIBE", "", "id", "1")
		s.DoReceipt("SEND", "x", "destination", q)
		if b.name == "HornetQ" {
			t.Skip("HornetQ 2.4 escapes nothing in a RECEIPT")
		}
		s.Do("SEND", "x", "destination", q, "receipt", "odd: ü\n\\ id")
		if got := s.Expect("RECEIPT").Get("receipt-id"); got != "odd: ü\n\\ id" {
			t.Errorf("receipt-id: got %q", got)
		}
	})
}

func TestVirtualHost(t *testing.T) {
	t.Parallel()
	b := rabbitMQ(t)
	other := world.rabbit.Other
	q := b.queue(t)
	s := b.open(t)
	s.Connect("accept-version", "1.2", "host", other.Host, "login", other.Login, "passcode", other.Passcode)
	s.DoReceipt("SEND", "in the second", "destination", q)
	gw.Eventually(t, 20*time.Second, "the message in the queue of the virtual host", func() bool {
		ready, _, err := world.rabbit.QueueMessages(other.Host, strings.TrimPrefix(q, "/queue/"))
		return err == nil && ready == 1
	})
	if ready, _, err := world.rabbit.QueueMessages("/", strings.TrimPrefix(q, "/queue/")); ready != 0 || err != nil {
		t.Errorf("messages in the queue of the other virtual host: got %d, %v, want 0", ready, err)
	}
}

func TestUnknownVirtualHost(t *testing.T) {
	t.Parallel()
	b := rabbitMQ(t)
	s := b.open(t)
	s.Do("CONNECT", "", "accept-version", "1.2", "host", "nowhere", "login", b.user.Login, "passcode", b.user.Passcode)
	s.Expect("ERROR")
	if !world.bare {
		s.ExpectClose(1002)
	}
}

// A failed login is the broker's ERROR, then the end, and nothing secret is in the log.
func TestBadLogin(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		for _, u := range []brokers.User{
			{Login: b.user.Login, Passcode: "very wrong passcode"},
			{Login: "nobody", Passcode: "very wrong passcode"},
		} {
			s := b.open(t)
			s.Do("CONNECT", "", "accept-version", "1.2", "host", b.user.Host, "login", u.Login, "passcode", u.Passcode)
			f := s.Expect("ERROR")
			if strings.Contains(f.String(), u.Passcode) {
				t.Errorf("the ERROR shows the passcode: %v", f)
			}
			if !world.bare {
				if more := s.ExpectClose(1002); len(more) > 0 {
					t.Errorf("more frames after the ERROR: %v", more)
				}
			}
		}
		if !world.bare && strings.Contains(b.gateway.LogText(), "very wrong passcode") {
			t.Error("the gateway's log shows the passcode")
		}
	})
}

func TestDisconnectWithReceipt(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		s := b.connect(t)
		s.DoReceipt("DISCONNECT", "")
		if world.bare {
			return
		}
		if more := s.ExpectClose(1000); len(more) > 0 {
			t.Errorf("frames after the RECEIPT of DISCONNECT: %v", more)
		}
	})
}

// What was sent before DISCONNECT has reached the broker when its RECEIPT comes.
func TestDisconnectAfterManyFrames(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		q := b.queue(t)
		s := b.connect(t)
		const count = 500
		for range count {
			s.Do("SEND", "x", "destination", q)
		}
		s.DoReceipt("DISCONNECT", "")
		s.Close()
		reader := b.connect(t)
		reader.Do("SUBSCRIBE", "", "id", "1", "destination", q)
		for range count {
			reader.ExpectBody("x")
		}
	})
}
