package e2e

import (
	"testing"

	"github.com/stompgw/stompgw/test/brokers"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// The way to the broker may be TLS, with the test's own authority and a client certificate.
func TestTLSToTheBroker(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		addr, certs := tlsOf(b)
		for name, env := range map[string]map[string]string{
			"authority": {"STOMPGW_BROKER_TLS_CA_FILE": certs.CA},
			"name":      {"STOMPGW_BROKER_TLS_CA_FILE": certs.CA, "STOMPGW_BROKER_TLS_SERVER_NAME": "localhost"},
			"client certificate": {
				"STOMPGW_BROKER_TLS_CA_FILE":   certs.CA,
				"STOMPGW_BROKER_TLS_CERT_FILE": certs.ClientCert, "STOMPGW_BROKER_TLS_KEY_FILE": certs.ClientKey,
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := gw.Run(t, gw.Options{Env: b.env(env, map[string]string{"STOMPGW_BROKERS": "tls://" + addr})})
				s := stompws.Open(t, g.URL, stompws.Options{})
				s.Connect(b.login()...)
				alive(t, b, s)
			})
		}
	})
}

// A broker that cannot prove its name is not spoken to.
func TestTLSOfAnotherAuthority(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		addr, certs := tlsOf(b)
		stranger, err := brokers.NewCerts(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for name, env := range map[string]map[string]string{
			"authority": {"STOMPGW_BROKER_TLS_CA_FILE": stranger.CA},
			"name":      {"STOMPGW_BROKER_TLS_CA_FILE": certs.CA, "STOMPGW_BROKER_TLS_SERVER_NAME": "broker.example.org"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := gw.Run(t, gw.Options{Unready: true, Env: b.env(env, map[string]string{"STOMPGW_BROKERS": "tls://" + addr})})
				s := stompws.Open(t, g.URL, stompws.Options{})
				s.Do("CONNECT", "", b.login()...)
				expectGatewayError(t, s.ExpectClose(1013), "broker_unavailable")
			})
		}
	})
}

// The gateway's own login replaces whatever the browser says.
func TestFixedCredentials(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		g := gw.Run(t, gw.Options{Env: b.env(map[string]string{
			"STOMPGW_BROKER_LOGIN": b.user.Login, "STOMPGW_BROKER_PASSCODE": b.user.Passcode, "STOMPGW_BROKER_HOST": b.user.Host,
		})})
		for _, header := range [][]string{
			{"accept-version", "1.2", "host", "page.example.org"},
			{"accept-version", "1.2", "host", "x", "login", "nobody", "passcode", "wrong"},
		} {
			s := stompws.Open(t, g.URL, stompws.Options{})
			s.Connect(header...)
			alive(t, b, s)
		}
	})
}

func tlsOf(b *backend) (addr string, certs *brokers.Certs) {
	if b.name == "RabbitMQ" {
		return world.rabbit.STOMPTLS, world.rabbit.Certs
	}
	return world.active.STOMPTLS, world.active.Certs
}
