package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingShowsASecret writes a configuration in every way that a log might,
// inside structs too that fmt looks into without asking their methods.
func TestNothingShowsASecret(t *testing.T) {
	const secret = "hunter2"
	c, err := Parse([]string{"STOMPGW_BROKERS=tcp://a", "STOMPGW_BROKER_LOGIN=guest", "STOMPGW_BROKER_PASSCODE=" + secret})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Credentials.Passcode.Reveal(); got != secret {
		t.Fatalf("got passcode %q, want %q", got, secret)
	}
	if !strings.Contains(c.String(), "\nSTOMPGW_BROKER_PASSCODE=***\n") {
		t.Errorf("got %q, want a line with ***", c)
	}
	type hidden struct {
		config      Config
		credentials Credentials
		passcode    Secret
		list        []Secret
	}
	inside := hidden{c, c.Credentials, c.Credentials.Passcode, []Secret{c.Credentials.Passcode}}
	values := []any{c, &c, c.Credentials, &c.Credentials, c.Credentials.Passcode, &c.Credentials.Passcode, inside, &inside}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t", "%p"} {
			shows(t, verb, fmt.Sprintf(verb, v), secret)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shows(t, "json", string(b), secret)
	}
}

func shows(t *testing.T, how, text, secret string) {
	t.Helper()
	if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
		t.Errorf("%s shows the secret: %s", how, text)
	}
}

// TestMistakesShowNoSecret puts a secret where it does not belong.
func TestMistakesShowNoSecret(t *testing.T) {
	const secret = "hunter2"
	for _, entry := range []string{
		"STOMPGW_BROKER_PASSCODE=" + secret, // no login
		"STOMPGW_BROKER_PASCODE=" + secret,
		"STOMPGW_BROKERS=tcp://guest:" + secret + "@a",
		"STOMPGW_BROKERS=tcp://guest:a@b,@" + secret + "@a",
		"STOMPGW_BROKERS=stomp://guest:" + secret + "@a:1,tcp://b",
		"STOMPGW_ORIGINS=https://guest:" + secret + "@a",
		"STOMPGW_BROKER_TLS_KEY_FILE=-----BEGIN PRIVATE KEY-----" + secret,
	} {
		_, err := Parse([]string{"STOMPGW_BROKERS=tls://a", entry})
		if err == nil || !strings.Contains(err.Error(), redacted) {
			t.Errorf("%s: got %v, want a mistake with ***", entry, err)
			continue
		}
		shows(t, entry, err.Error(), secret)
		shows(t, entry, fmt.Sprintf("%#v", err), secret)
	}
}

func TestSecretFile(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"hunter2", "hunter2"},
		{"hunter2\n", "hunter2"},
		{"hunter2\r\n", "hunter2"},
		{" hunter2 \n", " hunter2 "},
	} {
		file := filepath.Join(t.TempDir(), "passcode")
		if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Parse([]string{
			"STOMPGW_BROKERS=tcp://a", "STOMPGW_BROKER_LOGIN=guest",
			"STOMPGW_BROKER_PASSCODE=", "STOMPGW_BROKER_PASSCODE_FILE=" + file,
		})
		if got := c.Credentials.Passcode.Reveal(); err != nil || got != test.want {
			t.Errorf("%q: got %q, %v, want %q", test.text, got, err, test.want)
		}
	}
}
