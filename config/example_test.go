package config_test

import (
	"fmt"

	"github.com/stompgw/stompgw/config"
)

func ExampleParse() {
	c, err := config.Parse([]string{
		"STOMPGW_BROKERS=tcp://rabbit, tls://[2001:db8::1]:61615",
		"STOMPGW_MAX_BODY=1MiB",
	})
	fmt.Println(c.Broker.Endpoints, int64(c.Limits.Body), err)
	// Output: [tcp://rabbit:61613 tls://[2001:db8::1]:61615] 1048576 <nil>
}

func ExampleParse_mistakes() {
	_, err := config.Parse([]string{
		"STOMPGW_LISTEN=abc",
		"STOMPGW_BROKERS=tcp://guest:guest@rabbit",
		"STOMPGW_ORIGIN=https://example.com",
	})
	fmt.Println(err)
	// Output:
	// STOMPGW_LISTEN="abc": expected host:port, unix:/path, systemd or systemd:name, such as :8080
	// STOMPGW_BROKERS="tcp://***@rabbit": expected no login in a broker's address, but in STOMPGW_BROKER_LOGIN and STOMPGW_BROKER_PASSCODE
	// STOMPGW_ORIGIN="***": expected a known name; did you mean STOMPGW_ORIGINS?
}
