package e2e

import (
	"net/http"
	"testing"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// signed grants all and has the gateway say who sent a message.
const signed = `version: 1
grants:
  - name: everything
    send: ["/queue/>"]
    subscribe: ["/queue/>"]
set_headers:
  x-user: "{name}"
`

// forgeries are header lines by which mallory wants to be admin to who receives the message. The code is the gateway's,
// empty where the message arrives as mallory's.
var forgeries = []struct {
	name, lines string
	codes       map[string]string // by broker
}{
	{name: "none", lines: ""},
	{name: "the header itself", lines: "x-user:admin\n"},
	{name: "twice", lines: "x-user:admin\nx-user:admin\n"},
	{name: "in capitals", lines: "X-User:admin\n"},
	{name: "blank behind the name", lines: "x-user :admin\n", codes: all("bad_header_name")},
	{name: "blank in front of the name", lines: " x-user:admin\n", codes: all("bad_header_name")},
	{name: "line feed in a value", lines: "a:b\\nx-user\\cadmin\n", codes: allButRabbit("line_break_in_header")},
	{name: "line feed in a name", lines: "a\\nx-user:admin\n", codes: allButRabbit("line_break_in_header")},
	{name: "line feed behind the name", lines: "x-user\\n:admin\n", codes: allButRabbit("line_break_in_header")},
	{name: "end of the head in a value", lines: "a:b\\n\\nx-user\\cadmin\n", codes: allButRabbit("line_break_in_header")},
	{name: "carriage return in a value", lines: "a:b\\rx-user\\cadmin\n", codes: allButRabbit("line_break_in_header")},
	{name: "colon in a name", lines: "x-user\\cadmin:\n", codes: map[string]string{"Artemis": "denied", "HornetQ": "denied"}},
	{name: "escaped backslash before an n", lines: "a:b\\\\nx-user\\cadmin\n"},
}

func all(code string) map[string]string {
	return map[string]string{"RabbitMQ": code, "ActiveMQ": code, "Artemis": code, "HornetQ": code, "Apollo": code}
}
func allButRabbit(code string) map[string]string {
	return map[string]string{"ActiveMQ": code, "Artemis": code, "HornetQ": code, "Apollo": code}
}

// TestSmugglingIdentity has mallory send messages that should seem to come from admin, to consumers of each version.
func TestSmugglingIdentity(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		g := b.signing(t)
		t.Run("all", func(t *testing.T) {
			for _, f := range forgeries {
				t.Run(f.name, func(t *testing.T) {
					t.Parallel()
					mallory := openAs(t, g, "mallory")
					if code := f.codes[b.name]; code != "" {
						_ = mallory.Write(stompws.Message{Data: []byte("SEND\ndestination:" + b.queue(t) + "\n" + f.lines + "\nbody\x00")})
						expectGatewayError(t, mallory.ExpectClose(closeCodeOf(code)), code)
						return
					}
					for _, version := range []string{"1.0", "1.1", "1.2"} {
						q := b.queue(t)
						_ = mallory.Write(stompws.Message{Data: []byte("SEND\ndestination:" + q + "\n" + f.lines + "\nbody\x00")})
						reader := b.openBare(t)
						reader.Connect(b.login("accept-version", version)...)
						reader.Do("SUBSCRIBE", "", "id", "1", "destination", q)
						m := reader.ExpectBody("body")
						signatures := 0
						for i := 0; i < len(m.Header); i += 2 {
							if m.Header[i] == "x-user" {
								signatures++
								if m.Header[i+1] != "mallory" {
									t.Errorf("a consumer of %s reads that the message is %q's", version, m.Header[i+1])
								}
							}
						}
						if signatures != 1 {
							t.Errorf("a consumer of %s reads %d signatures, want 1: %v", version, signatures, m)
						}
					}
				})
			}
		})
	})
}

const signingSecret = "a secret of thirty-two octets or more"

// signing starts a gateway that knows its clients by tokens and signs what they send.
func (b *backend) signing(t *testing.T) *gw.Gateway {
	t.Helper()
	return gw.Run(t, gw.Options{Env: b.env(b.ownLogin(), map[string]string{
		"STOMPGW_POLICY_FILE": policyFile(t, b.spell(signed)), "STOMPGW_AUTH": "jwt", "STOMPGW_TOKEN_SOURCES": "header",
		"STOMPGW_JWT_SECRET": signingSecret, "STOMPGW_JWT_ISSUER": "test", "STOMPGW_JWT_AUDIENCE": "test",
	})})
}

// openAs opens a session of a name.
func openAs(t *testing.T, g *gw.Gateway, name string) *stompws.Session {
	t.Helper()
	s := stompws.Open(t, g.URL, stompws.Options{Header: http.Header{"Authorization": {"Bearer " + token(signingSecret, name)}}})
	s.Connect("accept-version", "1.2")
	return s
}
