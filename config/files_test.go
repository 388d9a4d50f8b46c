package config

import (
	"testing"

	"github.com/stompgw/stompgw/internal/testcert"
)

func TestTLSFiles(t *testing.T) {
	dir := t.TempDir()
	made := testcert.New(t, "gateway")
	write(t, dir, "cert", string(made.Cert))
	write(t, dir, "key", string(made.Key))
	write(t, dir, "otherkey", string(testcert.New(t, "other").Key))
	write(t, dir, "text", "hello\n")

	const tls = "BROKERS=tls://a\n"
	const pair = tls + "BROKER_TLS_CERT_FILE=DIR/cert\nBROKER_TLS_KEY_FILE=DIR/"
	const own = sound + "TLS_CERT_FILE=DIR/cert\nTLS_KEY_FILE=DIR/"
	for _, sound := range []string{
		tls + "BROKER_TLS_CA_FILE=DIR/cert\nBROKER_TLS_SERVER_NAME=a",
		pair + "key",
		"BROKERS=tcp://a,tls://b\nBROKER_TLS_CA_FILE=DIR/cert",
		own + "key",
		own + "key\nTLS_MIN_VERSION=1.3\nTLS_CLIENT_CA_FILE=DIR/cert\nTLS_CLIENT_AUTH=optional",
	} {
		if _, err := Parse(lines(dir, sound)); err != nil {
			t.Errorf("%q: %v", sound, err)
		}
	}
	for _, test := range []struct{ environ, want string }{
		{tls + "BROKER_TLS_CA_FILE=DIR/none", `STOMPGW_BROKER_TLS_CA_FILE="DIR/none": expected a readable PEM file (no such file or directory)`},
		{tls + "BROKER_TLS_CA_FILE=DIR/text", `STOMPGW_BROKER_TLS_CA_FILE="DIR/text": expected a PEM file with CA certificates`},
		{tls + "BROKER_TLS_CA_FILE=DIR/key", `STOMPGW_BROKER_TLS_CA_FILE="DIR/key": expected a PEM file with CA certificates`},
		{tls + "BROKER_TLS_SERVER_NAME=a:1", `STOMPGW_BROKER_TLS_SERVER_NAME="a:1": expected a host name or an IP address`},
		{tls + "BROKER_TLS_KEY_FILE=DIR/key", `STOMPGW_BROKER_TLS_KEY_FILE="DIR/key": expected only together with STOMPGW_BROKER_TLS_CERT_FILE`},
		{tls + "BROKER_TLS_CERT_FILE=DIR/cert", `STOMPGW_BROKER_TLS_CERT_FILE="DIR/cert": expected only together with STOMPGW_BROKER_TLS_KEY_FILE`},
		{tls + "BROKER_TLS_CERT_FILE=DIR/key\nBROKER_TLS_KEY_FILE=DIR/key", `STOMPGW_BROKER_TLS_CERT_FILE="DIR/key": expected a PEM file with a certificate`},
		{pair + "none", `STOMPGW_BROKER_TLS_KEY_FILE="DIR/none": expected a readable PEM file (no such file or directory)`},
		{pair + "text", `STOMPGW_BROKER_TLS_KEY_FILE="DIR/text": expected a PEM file with the key of STOMPGW_BROKER_TLS_CERT_FILE (tls: failed to find any PEM data in key input)`},
		{pair + "otherkey", `STOMPGW_BROKER_TLS_KEY_FILE="DIR/otherkey": expected a PEM file with the key of STOMPGW_BROKER_TLS_CERT_FILE (tls: private key does not match public key)`},
		{own + "otherkey", `STOMPGW_TLS_KEY_FILE="DIR/otherkey": expected a PEM file with the key of STOMPGW_TLS_CERT_FILE (tls: private key does not match public key)`},
		{sound + "TLS_KEY_FILE=DIR/key", `STOMPGW_TLS_KEY_FILE="DIR/key": expected only together with STOMPGW_TLS_CERT_FILE`},
		{sound + "TLS_CERT_FILE=DIR/cert", `STOMPGW_TLS_CERT_FILE="DIR/cert": expected only together with STOMPGW_TLS_KEY_FILE`},
		{sound + "TLS_CERT_FILE=DIR/none\nTLS_KEY_FILE=DIR/key", `STOMPGW_TLS_CERT_FILE="DIR/none": expected a readable PEM file (no such file or directory)`},
		{sound + "TLS_CLIENT_CA_FILE=DIR/cert", `STOMPGW_TLS_CLIENT_CA_FILE="DIR/cert": expected nothing without STOMPGW_TLS_CERT_FILE`},
		{own + "key\nTLS_CLIENT_CA_FILE=DIR/cert", `STOMPGW_TLS_CLIENT_CA_FILE="DIR/cert": expected nothing while STOMPGW_TLS_CLIENT_AUTH is off`},
		{own + "key\nTLS_CLIENT_AUTH=required", `STOMPGW_TLS_CLIENT_AUTH="required": expected a CA in STOMPGW_TLS_CLIENT_CA_FILE where it is not off`},
		{own + "key\nTLS_CLIENT_AUTH=required\nTLS_CLIENT_CA_FILE=DIR/text", `STOMPGW_TLS_CLIENT_CA_FILE="DIR/text": expected a PEM file with CA certificates`},
		{
			"BROKER_TLS_CA_FILE=DIR/cert\nBROKER_TLS_SERVER_NAME=a\nBROKER_TLS_CERT_FILE=DIR/cert\nBROKER_TLS_KEY_FILE=DIR/key",
			`STOMPGW_BROKER_TLS_CA_FILE="DIR/cert": expected nothing without a tls:// broker in STOMPGW_BROKERS` + "\n" +
				`STOMPGW_BROKER_TLS_SERVER_NAME="a": expected nothing without a tls:// broker in STOMPGW_BROKERS` + "\n" +
				`STOMPGW_BROKER_TLS_CERT_FILE="DIR/cert": expected nothing without a tls:// broker in STOMPGW_BROKERS` + "\n" +
				`STOMPGW_BROKER_TLS_KEY_FILE="DIR/key": expected nothing without a tls:// broker in STOMPGW_BROKERS`,
		},
	} {
		expectMistakes(t, dir, test.environ, test.want)
	}
}
