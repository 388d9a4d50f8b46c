package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// What a browser may not say ends its session: an ERROR with a stable code, then the close code. Nothing of it
// reaches the broker.
func TestIllegalFrames(t *testing.T) {
	onlyGateway(t)
	b := rabbitMQ(t)
	t.Parallel()
	const long = 70_000
	for _, c := range []struct {
		name  string
		frame string
		code  string // of the ERROR
		close int
	}{
		{"unknown command", "SUBX\ndestination:/queue/x\nid:9\n\n\x00", "unknown_command", 1002},
		{"lower case", "send\ndestination:/queue/x\n\n\x00", "unknown_command", 1002},
		{"a server's command", "MESSAGE\ndestination:/queue/x\n\n\x00", "unknown_command", 1002},
		{"a body where none may be", "SUBSCRIBE\ndestination:/queue/x\nid:9\ncontent-length:5\n\nabcde\x00", "body_not_allowed", 1002},
		{"header without colon", "SEND\ndestination:/queue/x\nx\n\n\x00", "header_without_colon", 1002},
		{"undefined escape", "SEND\ndestination:/queue/x\nx:a\\tb\n\n\x00", "bad_escape", 1002},
		{"negative content-length", "SEND\ndestination:/queue/x\ncontent-length:-1\n\nx\x00", "bad_content_length", 1002},
		{"no NUL after the body", "SEND\ndestination:/queue/x\ncontent-length:2\n\nxyz\x00", "missing_nul", 1002},
		{"second CONNECT", "CONNECT\naccept-version:1.2\nhost:/\n\n\x00", "second_connect", 1002},
		{"a big head", "SEND\ndestination:/queue/x\nx:" + strings.Repeat("x", long) + "\n\n\x00", "head_too_big", 1009},
		{"many headers", "SEND\ndestination:/queue/x\n" + strings.Repeat("a:b\n", 200) + "\n\x00", "too_many_headers", 1009},
		{"a big body", "SEND\ndestination:/queue/x\ncontent-length:100001\n\n" + strings.Repeat("x", 100_001) + "\x00", "body_too_big", 1009},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := limited(t, b)
			s := stompws.Open(t, g.URL, stompws.Options{})
			s.Connect(b.login()...)
			frame := c.frame
			if !strings.Contains(frame, "CONNECT\n") && c.close == 1002 {
				frame = strings.Replace(frame, "\n", "\nreceipt:r-1\n", 1)
			}
			if err := s.Write(stompws.Message{Data: []byte(frame)}); err != nil {
				t.Fatal(err)
			}
			f := expectGatewayError(t, s.ExpectClose(c.close), c.code)
			// A frame whose head could not be read has no receipt to speak of.
			if c.code == "missing_nul" || c.code == "body_not_allowed" {
				if got := f.Get("receipt-id"); got != "r-1" {
					t.Errorf("receipt-id: got %q, want r-1", got)
				}
			}
		})
	}
}

// limited starts a gateway with a small limit on bodies.
func limited(t *testing.T, b *backend) *gw.Gateway {
	t.Helper()
	return gw.Run(t, gw.Options{Env: b.env(map[string]string{"STOMPGW_MAX_BODY": "100000B"})})
}

func TestFrameBeforeConnect(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		s := b.open(t)
		s.Do("SEND", "x", "destination", b.queue(t), "receipt", "r-1")
		f := expectGatewayError(t, s.ExpectClose(1002), "frame_before_connect")
		if got := f.Get("receipt-id"); got != "r-1" {
			t.Errorf("receipt-id: got %q, want r-1", got)
		}
	})
}

func TestTextThatIsNotUTF8(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		s := b.connect(t)
		if err := s.Write(stompws.Message{Data: []byte("SEND\ndestination:/queue/x\ncontent-length:1\n\n\xff\x00")}); err != nil {
			t.Fatal(err)
		}
		s.ExpectClose(1007)
	})
}

func TestSilence(t *testing.T) {
	onlyGateway(t)
	b := rabbitMQ(t)
	t.Parallel()
	t.Run("no CONNECT", func(t *testing.T) {
		t.Parallel()
		g := gw.Run(t, gw.Options{Env: b.env(map[string]string{"STOMPGW_CONNECT_TIMEOUT": "1s"})})
		s := stompws.Open(t, g.URL, stompws.Options{})
		expectGatewayError(t, s.ExpectCloseWithin(4002, 5*time.Second), "connect_timeout")
	})
	t.Run("half a CONNECT", func(t *testing.T) {
		t.Parallel()
		g := gw.Run(t, gw.Options{Env: b.env(map[string]string{"STOMPGW_CONNECT_TIMEOUT": "1s"})})
		s := stompws.Open(t, g.URL, stompws.Options{})
		if err := s.Write(stompws.Message{Data: []byte("CONNECT\nlog")}); err != nil {
			t.Fatal(err)
		}
		expectGatewayError(t, s.ExpectCloseWithin(4002, 5*time.Second), "connect_timeout")
	})
	t.Run("idle", func(t *testing.T) {
		t.Parallel()
		g := gw.Run(t, gw.Options{Env: b.env(map[string]string{"STOMPGW_IDLE_TIMEOUT": "2s"})})
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Connect(b.login("heart-beat", "1000,1000")...)
		s.Beat(900 * time.Millisecond) // heart-beats are no frames
		expectGatewayError(t, s.ExpectCloseWithin(4000, 10*time.Second), "idle")
	})
}

func TestOrigins(t *testing.T) {
	onlyGateway(t)
	b := rabbitMQ(t)
	t.Parallel()
	g := gw.Run(t, gw.Options{Env: b.env(map[string]string{
		"STOMPGW_ORIGINS": "same-origin,https://page.example.org,https://*.example.com", "STOMPGW_PATHS": "/stomp,/ws/other",
	})})
	for origin, allowed := range map[string]bool{
		"":                                true, // no browser
		"http://" + g.Listen:              true,
		"https://page.example.org":        true,
		"https://a.example.com":           true,
		"https://evilexample.com":         false,
		"https://example.com.evil.org":    false,
		"http://page.example.org":         false,
		"https://page.example.org:8443":   false,
		"https://www.page.example.org":    false,
		"http://127.0.0.1:1":              false,
		"null":                            false,
		"https://a.example.com.evil.org":  false,
		"https://a.example.com@evil.org/": false,
	} {
		for _, url := range []string{g.URL, "ws://" + g.Listen + "/ws/other"} {
			ctx, cancel := context.WithTimeout(t.Context(), stompws.Patience)
			c, err := stompws.Dial(ctx, url, stompws.Options{Origin: origin})
			cancel()
			if err == nil {
				c.Close()
			}
			var refused stompws.StatusError
			switch {
			case allowed && err != nil:
				t.Errorf("Origin %q at %s: got %v, want to be let in", origin, url, err)
			case !allowed && !(errors.As(err, &refused) && refused.Status == 403):
				t.Errorf("Origin %q at %s: got %v, want 403", origin, url, err)
			}
		}
	}
}
