package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/test/faultproxy"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// TestSmugglingCredentials has tokens whose names should become header lines of the CONNECT that the broker gets.
func TestSmugglingCredentials(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		line := faultproxy.Start(t, b.stomp)
		line.Record()
		passcodes := filepath.Join(t.TempDir(), "passcodes")
		if err := os.WriteFile(passcodes, []byte(b.user.Login+":"+b.user.Passcode+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		g := gw.Run(t, gw.Options{Env: b.env(map[string]string{
			"STOMPGW_BROKERS":            "tcp://" + line.Addr,
			"STOMPGW_BROKER_CREDENTIALS": "map", "STOMPGW_BROKER_LOGIN": "{name}", "STOMPGW_BROKER_PASSCODE_MAP": passcodes,
			"STOMPGW_AUTH": "jwt", "STOMPGW_TOKEN_SOURCES": "header",
			"STOMPGW_JWT_SECRET": signingSecret, "STOMPGW_JWT_ISSUER": "test", "STOMPGW_JWT_AUDIENCE": "test",
		})})
		s := openAs(t, g, b.user.Login) // an honest name logs in
		s.DoReceipt("SEND", "hello", "destination", b.queue(t))
		for _, evil := range []string{"\nx:", "\r\nx:", "\n\n\x00" + hidden, "\x00", "\\nx:", "\\cx", ":x", " ", "\u2028x:", "\x01"} {
			name := b.user.Login + evil
			c := stompws.Options{Header: map[string][]string{"Authorization": {"Bearer " + token(signingSecret, name)}}}
			s := tryOpen(t, g, c)
			if s == nil {
				continue // refused before there was a session
			}
			s.Do("CONNECT", "", "accept-version", "1.2")
			code, frames, err := s.CloseCode(stompws.Patience)
			if code != 1008 || len(frames) != 1 || frames[0].Command != "ERROR" {
				t.Errorf("name %q: got close code %d (%v), frames %v, want 1008 after an ERROR", name, code, err, frames)
			}
		}
		for _, heard := range line.Heard() {
			if strings.Count(string(heard), "\x00") > 0 && !strings.Contains(string(heard), "\nlogin:"+b.user.Login+"\n") {
				t.Errorf("the broker heard a CONNECT of another name: %q", heard)
			}
		}
	})
}

// tryOpen opens a session; nil is one that was refused with a status.
func tryOpen(t *testing.T, g *gw.Gateway, o stompws.Options) *stompws.Session {
	t.Helper()
	c, err := stompws.Dial(t.Context(), g.URL, o)
	if err != nil {
		t.Logf("refused: %v", err)
		return nil
	}
	return stompws.With(t, c)
}

// TestSmugglingConnectHeaders has headers of CONNECT that command the broker: with a policy none reaches it.
func TestSmugglingConnectHeaders(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		g, line := b.guarded(t, onlyAllowed)
		tag := newTag()
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Connect(b.login("client-id", tag, "activemq.prefetchSize", tag, "durable", tag, "Login", tag, "server", tag, "session", tag)...)
		beHonest(t, b, s, tag+"x")
		for _, name := range []string{"activemq\\c", "x\\nlogin", "login\\n"} {
			s := stompws.Open(t, g.URL, stompws.Options{})
			s.Do("CONNECT", "", b.login(name, tag)...)
			if said := s.ExpectClose(1002); len(said) != 1 || said[0].Get("code") != "bad_header_name" {
				t.Errorf("%q: got %v, want an ERROR with bad_header_name", name, said)
			}
		}
		for _, heard := range line.Heard() {
			connect, _, _ := strings.Cut(string(heard), "\x00")
			if strings.Contains(connect, tag) {
				t.Errorf("the broker heard %q", connect)
			}
		}
	})
}
