package e2e

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/brokers"
	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// ownCerts makes certificates for one test.
func ownCerts(t *testing.T) *brokers.Certs {
	t.Helper()
	c, err := brokers.NewCerts(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tlsEnv(c *brokers.Certs) map[string]string {
	return map[string]string{"STOMPGW_TLS_CERT_FILE": c.ServerCert, "STOMPGW_TLS_KEY_FILE": c.ServerKey}
}

// tryWSS opens a session that may be refused, also after a handshake that looked good: in TLS 1.3 the client learns
// only then that its certificate was not.
func tryWSS(url string, conf *tls.Config) (*stompws.Client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), stompws.Patience)
	defer cancel()
	return stompws.Dial(ctx, url, stompws.Options{TLS: conf})
}

// A page that was loaded by https is of the same origin as wss.
func TestTLSForBrowsers(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		certs := ownCerts(t)
		g := gw.Run(t, gw.Options{Env: b.env(tlsEnv(certs))})
		s := stompws.Open(t, g.URL, stompws.Options{TLS: certs.Client(), Origin: "https://" + g.Listen})
		s.Connect(b.login()...)
		alive(t, b, s)
		q := b.queue(t)
		s.Do("SUBSCRIBE", "", "id", "big", "destination", q)
		big := strings.Repeat("0123456789abcdef", 1<<16)
		s.Do("SEND", big, "destination", q)
		s.ExpectBody(big)
		s.DoReceipt("DISCONNECT", "")
		s.ExpectClose(1000)

		ctx, cancel := context.WithTimeout(context.Background(), stompws.Patience)
		defer cancel()
		if c, err := stompws.Dial(ctx, g.URL, stompws.Options{TLS: certs.Client(), Origin: "http://" + g.Listen}); err == nil {
			c.Abort()
			t.Error("a page that came by http is taken for the same origin")
		}
		if c, err := stompws.Dial(ctx, "ws"+strings.TrimPrefix(g.URL, "wss"), stompws.Options{}); err == nil {
			c.Abort()
			t.Error("a session without TLS")
		}
	})
}

// SockJS over HTTP goes on the same listener, with a session that polls.
func TestSockJSOverTLS(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	certs := ownCerts(t)
	g := gw.Run(t, gw.Options{Env: b.env(tlsEnv(certs))})
	client := http.Client{Timeout: stompws.Patience, Transport: &http.Transport{TLSClientConfig: certs.Client(), DisableKeepAlives: true}}
	post := func(path, body string) string {
		t.Helper()
		resp, err := client.Post("https://"+g.Listen+"/stomp/000/over-tls/"+path, "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode >= 300 {
			t.Fatalf("%s: got %s, %q, %v", path, resp.Status, text, err)
		}
		return string(text)
	}
	if got := post("xhr", ""); got != "o\n" {
		t.Fatalf("got %q, want an open frame", got)
	}
	post("xhr_send", fmt.Sprintf(`["CONNECT\naccept-version:1.2\nhost:%s\nlogin:%s\npasscode:%s\n\n\u0000"]`, b.user.Host, b.user.Login, b.user.Passcode))
	if got := post("xhr", ""); !strings.HasPrefix(got, `a["CONNECTED\n`) {
		t.Errorf("got %q, want CONNECTED", got)
	}
	if entry := logged(t, g, "session started"); entry.String("transport") != "xhr" {
		t.Errorf("got %v", entry)
	}
}

// The stock clients over wss, the library in Node and the browser's own WebSocket.
func TestClientsOverTLS(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	certs := ownCerts(t)
	g := gw.Run(t, gw.Options{Env: b.env(tlsEnv(certs))})
	for name, runner := range runners {
		t.Run(name, func(t *testing.T) {
			count := runNode(t, runner, map[string]any{
				"url": g.URL, "broker": "rabbitmq", "login": b.user.Login, "passcode": b.user.Passcode, "host": b.user.Host,
				"page": world.pages.URL + "/page.html", "tag": unique(t), "only": "^stompjs 7: .*(receipt|binary|large|big|factory|escaped)",
				"authority": certs.CA, "trust": fingerprint(t, certs.ServerCert),
			})
			if count < 4 {
				t.Errorf("scenarios that were reported: got %d", count)
			}
		})
	}
}

// fingerprint names a certificate's key to Chromium, which has no other way to trust one for a single run.
func fingerprint(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// The certificate is replaced under a session that lives; then by a bad one; then at SIGHUP.
func TestCertificateReload(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	first, second := ownCerts(t), ownCerts(t)
	dir := t.TempDir()
	live := brokers.Certs{ServerCert: filepath.Join(dir, "tls.crt"), ServerKey: filepath.Join(dir, "tls.key")}
	install := func(cert, key string) {
		t.Helper()
		for target, source := range map[string]string{live.ServerCert: cert, live.ServerKey: key} {
			text, err := os.ReadFile(source)
			if err == nil {
				err = os.WriteFile(target+".new", text, 0o600)
			}
			if err == nil {
				err = os.Rename(target+".new", target)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	install(first.ServerCert, first.ServerKey)
	g := gw.Run(t, gw.Options{Env: b.env(tlsEnv(&live))})
	s := stompws.Open(t, g.URL, stompws.Options{TLS: first.Client()})
	s.Connect(b.login()...)
	trusts := func(c *brokers.Certs) bool {
		client, err := tryWSS(g.URL, c.Client())
		if err == nil {
			client.Abort()
		}
		return err == nil
	}

	install(second.ServerCert, second.ServerKey)
	gw.Eventually(t, 20*time.Second, "the second certificate", func() bool { return trusts(second) })
	if trusts(first) {
		t.Error("the first certificate is still given out")
	}
	alive(t, b, s)

	install(first.ServerCert, second.ServerKey)
	gw.Eventually(t, 20*time.Second, "a reload that fails", func() bool {
		return g.Metric(t, "stompgw_tls_reloads_total", `result="failed"`) >= 1
	})
	if !trusts(second) {
		t.Error("a bad pair has replaced a good one")
	}
	if text := g.LogText(); !strings.Contains(text, "the TLS files are not good") || !strings.Contains(text, "private key does not match") {
		t.Error("the log does not say what is wrong")
	}

	install(second.ServerCert, second.ServerKey)
	gw.Eventually(t, 20*time.Second, "good files again", func() bool {
		return g.Metric(t, "stompgw_tls_reloads_total", `result="ok"`) >= 1
	})
	before := g.Metric(t, "stompgw_tls_reloads_total", `result="ok"`)
	if err := g.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	gw.Eventually(t, 20*time.Second, "a reload by SIGHUP", func() bool {
		return g.Metric(t, "stompgw_tls_reloads_total", `result="ok"`) > before
	})
	if expiry := time.Unix(int64(g.Metric(t, "stompgw_tls_certificate_expiry_timestamp_seconds")), 0); time.Until(expiry) < 23*time.Hour || time.Until(expiry) > 25*time.Hour {
		t.Errorf("expiry: got %v", expiry)
	}
	alive(t, b, s)
}

func TestClientCertificates(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	certs, strangers := ownCerts(t), ownCerts(t)
	with := func(c *brokers.Certs) *tls.Config {
		conf := certs.Client()
		pair, err := tls.LoadX509KeyPair(c.ClientCert, c.ClientKey)
		if err != nil {
			t.Fatal(err)
		}
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		return conf
	}
	for mode, want := range map[string]struct{ none, good, bad bool }{
		"required": {good: true},
		"optional": {none: true, good: true},
		"off":      {none: true, good: true, bad: true},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			env := tlsEnv(certs)
			if env["STOMPGW_TLS_CLIENT_AUTH"] = mode; mode != "off" {
				env["STOMPGW_TLS_CLIENT_CA_FILE"] = certs.CA
			}
			g := gw.Run(t, gw.Options{Env: b.env(env)})
			for name, client := range map[string]struct {
				conf *tls.Config
				want bool
			}{"none": {certs.Client(), want.none}, "good": {with(certs), want.good}, "a stranger's": {with(strangers), want.bad}} {
				c, err := tryWSS(g.URL, client.conf)
				if err == nil {
					stompws.With(t, c).Connect(b.login()...)
				}
				if (err == nil) != client.want {
					t.Errorf("%s: got %v", name, err)
				}
			}
		})
	}
}

// Where the gateway knows its clients by their certificates, the name in one is who the session is.
func TestCertificateInsteadOfLogin(t *testing.T) {
	onlyGateway(t)
	t.Parallel()
	b := rabbitMQ(t)
	certs := ownCerts(t)
	i := newIssuer(t)
	g := gw.Run(t, gw.Options{Env: b.env(b.ownLogin(), tlsEnv(certs), map[string]string{
		"STOMPGW_AUTH": "certificate", "STOMPGW_TLS_CLIENT_AUTH": "optional", "STOMPGW_TLS_CLIENT_CA_FILE": certs.CA,
		"STOMPGW_POLICY_FILE": i.file("policy.yaml", perUserQueues),
	})})
	pair, err := tls.LoadX509KeyPair(certs.ClientCert, certs.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	conf := certs.Client()
	conf.Certificates = []tls.Certificate{pair}
	own := "/queue/user.stompgw." + strings.TrimPrefix(b.queue(t), "/queue/") // the certificate's common name
	s := stompws.Open(t, g.URL, stompws.Options{TLS: conf})
	s.Connect("accept-version", "1.2")
	s.Do("SUBSCRIBE", "", "id", "1", "destination", own)
	s.Do("SEND", "hello", "destination", own, "x-user", "root")
	if got := s.ExpectBody("hello"); got.Get("x-user") != "stompgw" {
		t.Errorf("got header %v, want x-user stompgw", got)
	}
	nobody := stompws.Open(t, g.URL, stompws.Options{TLS: certs.Client()})
	nobody.Do("CONNECT", "", b.login()...)
	if e := nobody.Expect("ERROR"); e.Get("code") != "unauthenticated" {
		t.Errorf("got %v, want unauthenticated", e)
	}
	nobody.ExpectClose(1008)
}
