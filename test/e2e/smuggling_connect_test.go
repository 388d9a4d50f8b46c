package e2e

import (
	"net"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/test/stompws"
)

// greeting is the head of a CONNECT that logs in, without its blank line.
const greeting = "CONNECT\naccept-version:1.2\nhost:{host}\nlogin:{login}\npasscode:{passcode}\n"

// greetings are attacks on the begin of a session. Their octets are all that the client says.
var greetings = []attack{
	{name: "body of CONNECT", octets: greeting + "content-length:{length}\n\n\x00" + hidden, fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "body of CONNECT without content-length", octets: greeting + "\nx\x00" + hidden, fools: everyone, code: "body_not_allowed"},
	{name: "body of STOMP", octets: strings.Replace(greeting, "CONNECT", "STOMP", 1) + "content-length:{length}\n\n\x00" + hidden, fools: rabbitAndActive, code: "body_not_allowed"},
	{name: "behind CONNECT", octets: greeting + "\n\x00" + hidden, fools: everyone, code: "denied"},
	{name: "behind CONNECT, octet by octet", octets: greeting + "\n\x00" + hidden, cuts: octetByOctet, fools: everyone, code: "denied"},
	{name: "before CONNECT", octets: hidden + greeting + "\n\x00", fools: nobody, code: "frame_before_connect"},
	{name: "in a header of CONNECT", octets: greeting + "x:\x00" + hidden, fools: nobody, code: "nul_in_head"},
	{name: "behind a line of one character", octets: greeting + "x\ny:\x00" + hidden, fools: active, code: "header_without_colon"},
	{name: "command with more letters", octets: strings.Replace(greeting, "CONNECT", "CONNECTED", 1) + "\n\x00" + hidden, fools: active, code: "unknown_command"},
	{name: "line ends before CONNECT", octets: "\r\n\n\r\n" + greeting + "\n\x00" + hidden, fools: rabbitAndActive, code: "denied"},
	{name: "CR in the login", octets: "CONNECT\naccept-version:1.2\nhost:{host}\nlogin:{login}\rpasscode:{passcode}\n\n\x00" + hidden, fools: nobody, code: "carriage_return"},
	{name: "versions twice", octets: strings.Replace(greeting, "accept-version:1.2\n", "accept-version:1.0\naccept-version:1.2\n", 1) + "\n\x00" +
		"SEND\r\ndestination:/queue/{denied}\r\n\r\nstolen\x00", fools: everyone, code: "carriage_return"},
	{name: "a second CONNECT in the same message", octets: greeting + "\n\x00" + greeting + "\n\x00" + hidden, fools: activeAndArtemis, code: "second_connect"},
}

// greet fills in who logs in, too.
func (a attack) greet(b *backend) attack {
	a.octets = strings.NewReplacer("{host}", b.user.Host, "{login}", b.user.Login, "{passcode}", b.user.Passcode).Replace(a.octets)
	return a
}

func TestSmugglingAtConnectIsReal(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		for _, a := range greetings {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				tag, want := newTag(), a.fooled(b)
				a := a.greet(b)
				witness := a.watch(t, b, tag)
				s := b.openBare(t)
				_ = s.Write(stompws.Message{Data: []byte(a.fill(b, a.octets, tag))})
				if err := s.NetConn().(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				if _, _, err := s.CloseCode(stompws.Patience); err != nil {
					t.Log(err)
				}
				witness.Do("SEND", honest, "destination", witness.allowed)
				if got := witness.sees(want); got != want {
					t.Errorf("the bare broker is fooled: got %t, want %t", got, want)
				}
			})
		}
	})
}

func TestSmugglingAtConnect(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		g, line := b.guarded(t, onlyAllowed)
		t.Run("all", func(t *testing.T) {
			for _, a := range greetings {
				t.Run(a.name, func(t *testing.T) {
					t.Parallel()
					tag := newTag()
					a := a.greet(b)
					s := stompws.Open(t, g.URL, stompws.Options{})
					for _, m := range a.messages(b, tag) {
						_ = s.Write(m)
					}
					expectGatewayError(t, s.ExpectClose(closeCodeOf(a.code)), a.code)
					expectUnheard(t, line, tag)
				})
			}
		})
	})
}
