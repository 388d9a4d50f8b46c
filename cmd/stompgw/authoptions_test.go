package main

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/config"
)

// TestAuthOptions: what package config lets pass is what package auth takes.
func TestAuthOptions(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"users": "# nobody\n", "keys": `{"keys":[]}`, "passcodes": "app-acme:x\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const jwt = "AUTH=jwt JWT_ISSUER=https://idp.example JWT_AUDIENCE=gw,gw2 JWT_JWKS_FILE=DIR/keys "
	for _, environ := range []string{
		"",
		"BROKER_LOGIN=a BROKER_PASSCODE=b BROKER_HOST=/",
		"BROKER_CREDENTIALS=passthrough BROKER_HOST=/",
		jwt,
		jwt + "JWT_ALGORITHMS=PS256 JWT_NAME_CLAIM=email JWT_CLOCK_SKEW=0s JWT_ALLOW_NO_EXPIRY=true TOKEN_SOURCES=cookie:t,connect:passcode,header",
		jwt + "BROKER_CREDENTIALS=token",
		jwt + "BROKER_CREDENTIALS=map BROKER_LOGIN=app-{claims.tenant} BROKER_PASSCODE_MAP=DIR/passcodes",
		"AUTH=jwt JWT_ISSUER=acme JWT_AUDIENCE=gw JWT_SECRET=0123456789abcdef0123456789abcdef",
		"AUTH=proxy,users,none PROXY_AUTH_PROXIES=10.0.0.0/8 USERS_FILE=DIR/users",
		"AUTH=webhook WEBHOOK_URL=https://hook.example WEBHOOK_SEND=passcode,cookie,authorization,query WEBHOOK_SECRET=x WEBHOOK_CACHE=0s",
	} {
		a, err := auth.New(context.Background(), parseAuth(t, dir, environ))
		if err != nil {
			t.Errorf("%q: %v", environ, err)
			continue
		}
		a.Close()
	}
}

func TestAuthOptionsValues(t *testing.T) {
	o := parseAuth(t, "", "AUTH=jwt,proxy,webhook JWT_ISSUER=https://idp.example JWT_AUDIENCE=gw JWT_REFRESH=1m JWT_MAX_STALE=2m JWT_TIMEOUT=3s JWT_CLOCK_SKEW=4s "+
		"TOKEN_SOURCES=cookie:t PROXY_AUTH_PROXIES=10.0.0.0/8 PROXY_AUTH_GROUPS_HEADER=G WEBHOOK_URL=https://hook.example WEBHOOK_TIMEOUT=5s WEBHOOK_CACHE=6s "+
		"WEBHOOK_RECHECK=7s WEBHOOK_SECRET=s BROKER_LOGIN=l BROKER_PASSCODE=p BROKER_HOST=h")
	if j := o.JWT; j.Refresh != time.Minute || j.MaxStale != 2*time.Minute || j.Timeout != 3*time.Second || j.Skew != 4*time.Second || j.Sources[0].String() != "cookie:t" || j.NameClaim != "sub" {
		t.Errorf("got %+v", j)
	}
	if w := o.Webhook; w.Timeout != 5*time.Second || w.CacheTime != 6*time.Second || w.Secret != "s" || o.RecheckInterval != 7*time.Second {
		t.Errorf("got %+v", w)
	}
	if p := o.Proxy; p.Networks[0] != netip.MustParsePrefix("10.0.0.0/8") || p.Groups != "G" || p.User != "X-Forwarded-User" {
		t.Errorf("got %+v", p)
	}
	if want := (auth.BrokerOptions{Mode: auth.Service, Login: "l", Passcode: "p", Host: "h"}); o.Broker != want {
		t.Errorf("got %+v, want %+v", o.Broker, want)
	}
}

func parseAuth(t *testing.T, dir, environ string) auth.Options {
	t.Helper()
	all := []string{"STOMPGW_BROKERS=tcp://a"}
	for _, entry := range strings.Fields(strings.ReplaceAll(environ, "DIR", dir)) {
		all = append(all, config.Prefix+entry)
	}
	c, err := config.Parse(all)
	if err != nil {
		t.Fatal(err)
	}
	o, err := authOptions(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
