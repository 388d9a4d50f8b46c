package cluster

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/stompgw/stompgw/internal/eventually"
)

// serves has a member answer requests in its own way.
func (m *testMember) serves(h http.HandlerFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serveLocal = h
}

func (m *testMember) results(result string) float64 {
	return testutil.ToFloat64(m.metrics.forwarded.WithLabelValues(result))
}

func (m *testMember) wantResult(result string) {
	m.t.Helper()
	eventually.True(m.t, "a request passed on that is "+result, func() bool { return m.results(result) > 0 })
}

// What is written arrives at once, however long the answer goes on; and a browser
// that goes away ends the request where it is answered.
func TestStreaming(t *testing.T) {
	all := newCluster(t, 2)
	parts, gone := make(chan string), make(chan struct{})
	all[1].serves(func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		for {
			select {
			case part := <-parts:
				_, _ = io.WriteString(w, part)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, all[0].browsers.URL+"/"+all[0].ownedBy(all[1])+"/poll", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { parts <- "0\n" }()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	read := bufio.NewReader(answer.Body)
	for i := range 5 {
		if line, err := read.ReadString('\n'); line != fmt.Sprintln(i) {
			t.Fatalf("got %q, %v, want %d", line, err, i)
		}
		if i < 4 {
			parts <- fmt.Sprintln(i + 1) // only when the one before has arrived
		}
	}
	leave()
	eventually.Receive(t, "the request ends with its browser", gone)
	all[0].wantResult(clientGone)
}

// An answer that breaks off breaks off for the browser too: an end in order would
// hide that something is missing.
func TestBrokenAnswer(t *testing.T) {
	all := newCluster(t, 2)
	all[1].serves(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	answer, err := http.Post(all[0].browsers.URL+"/"+all[0].ownedBy(all[1])+"/poll", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v, want it to break off", text, err)
	}
	all[0].wantResult(broken)
}

// The member that answers sees what it would have seen of the browser itself, and
// nothing that the browser makes up about members.
func TestAsIfTheBrowserHadCome(t *testing.T) {
	all := newCluster(t, 2)
	seen := make(chan *http.Request, 1)
	all[1].serves(func(_ http.ResponseWriter, r *http.Request) { seen <- r })
	// A front that is https and has verified the client's certificate.
	cert := httptest.NewTLSServer(nil)
	defer cert.Close()
	leaf := cert.Certificate()
	session := all[0].ownedBy(all[1])
	r := httptest.NewRequest(http.MethodPost, "https://gw.example/"+session+"/poll?a=b;c&d", nil)
	r.RemoteAddr = "192.0.2.7:1234"
	r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{leaf, leaf}}}
	theirs := http.Header{
		"Forwarded": {"for=198.51.100.1"}, "X-Forwarded-For": {"198.51.100.1, 203.0.113.5"}, "X-Forwarded-Proto": {"http"},
		"X-Forwarded-Host": {"other.example"}, "Cookie": {"a=b"}, "Authorization": {"Bearer x"}, "Origin": {"https://page.example"},
	}
	for name, values := range theirs {
		r.Header[name] = slices.Clone(values)
	}
	for _, name := range internalHeaders {
		r.Header.Set(name, "made up")
	}
	w := httptest.NewRecorder()
	all[0].ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("got %d %q", w.Code, w.Body)
	}
	got := <-seen
	for name, values := range theirs {
		if !slices.Equal(got.Header[name], values) {
			t.Errorf("%s: got %q, want %q", name, got.Header[name], values)
		}
	}
	for _, name := range internalHeaders {
		if got.Header.Get(name) != "" {
			t.Errorf("%s: got %q, want nothing", name, got.Header.Get(name))
		}
	}
	if got.RemoteAddr != r.RemoteAddr || got.Host != "gw.example" || got.URL.String() != "/"+session+"/poll?a=b;c&d" || got.Method != http.MethodPost {
		t.Errorf("got %s %s %s from %s", got.Method, got.Host, got.URL, got.RemoteAddr)
	}
	if got.TLS == nil || len(got.TLS.VerifiedChains) != 1 || len(got.TLS.VerifiedChains[0]) != 2 || !got.TLS.VerifiedChains[0][0].Equal(leaf) {
		t.Errorf("got TLS %+v, want the verified chain", got.TLS)
	}

	r = httptest.NewRequest(http.MethodPost, "http://gw.example/"+session+"/poll", nil)
	r.Header.Set(headerSecure, "true")
	r.Header.Set(headerCertificate, base64.StdEncoding.EncodeToString(leaf.Raw))
	all[0].ServeHTTP(httptest.NewRecorder(), r)
	if got := <-seen; got.TLS != nil {
		t.Errorf("got TLS %+v for a connection that has none", got.TLS)
	}
}

// Requests of odd forms are answered where they are passed on as they are where the
// session lives: what HTTP/2 between members cannot carry does no harm.
func TestOddRequests(t *testing.T) {
	all := newCluster(t, 2)
	session := all[0].ownedBy(all[1])
	ask := func(m *testMember, text string) string {
		c, err := net.Dial("tcp", m.browsers.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		fmt.Fprint(c, strings.ReplaceAll(text, "SESSION", session))
		read := bufio.NewReader(c)
		answer, err := http.ReadResponse(read, nil)
		for err == nil && answer.StatusCode == http.StatusContinue {
			answer, err = http.ReadResponse(read, nil)
		}
		if err != nil {
			return err.Error()
		}
		body, _ := io.ReadAll(answer.Body)
		return fmt.Sprintf("%d %q", answer.StatusCode, body)
	}
	const post = "POST /SESSION/poll HTTP/1.1\r\nHost: a\r\n"
	for name, text := range map[string]string{
		// As Java's client sends it.
		"an offer of HTTP/2": post + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEA\r\nContent-Length: 1\r\n\r\nx",
		"a wait for 100":     post + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.0":           "POST /SESSION/poll HTTP/1.0\r\nContent-Length: 1\r\n\r\nx",
		"trailers":           post + "TE: trailers\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n",
		"codings":            post + "TE: gzip;q=0.5, trailers\r\nConnection: TE, close\r\nContent-Length: 1\r\n\r\nx",
		"old headers":        post + "Proxy-Connection: keep-alive\r\nKeep-Alive: 5\r\nContent-Length: 1\r\n\r\nx",
		"a whole URL":        "POST http://b.example/SESSION/poll?%zz;x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
		"an odd host":        "POST /SESSION/poll HTTP/1.1\r\nHost: a_b%41:x:1\r\nContent-Length: 1\r\n\r\nx",
		"no host":            "POST /SESSION/poll HTTP/1.1\r\nHost:\r\nContent-Length: 1\r\n\r\nx",
		"escapes":            "POST /SESSION/%70oll HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
		"odd values":         post + "X-A: \xff\xfe\r\nX-A:\r\nx_b: \"\r\nContent-Length: 1\r\n\r\nx",
	} {
		want := ask(all[1], text)
		if got := ask(all[0], text); got != want || !strings.HasPrefix(got, "200 ") {
			t.Errorf("%s: got %s where it is passed on, and %s where the session lives", name, got, want)
		}
	}
}

// Only who has the secret gets in, and a member talks to nobody else.
func TestStrangers(t *testing.T) {
	all := newCluster(t, 1)
	other, err := newIdentity("another secret, which is long as well")
	if err != nil {
		t.Fatal(err)
	}
	without := all[0].identity.clientConfig()
	without.Certificates = nil
	notChecking := other.clientConfig()
	notChecking.VerifyConnection = nil
	for name, conf := range map[string]*tls.Config{"another secret": notChecking, "no certificate": without} {
		client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: conf, ForceAttemptHTTP2: true}}
		for _, path := range []string{helloPath, sessionPath + "x", forwardPath + "/x/poll"} {
			if answer, err := client.Get("https://" + all[0].addr + path); err == nil {
				answer.Body.Close()
				t.Errorf("%s: %s: got %s, want no connection", name, path, answer.Status)
			}
		}
		client.CloseIdleConnections()
	}
	if answer, err := http.Get("http://" + all[0].addr + helloPath); err == nil {
		if answer.Body.Close(); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("without TLS: got %s", answer.Status)
		}
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS, server.EnableHTTP2 = other.serverConfig(), true
	server.TLS.ClientAuth, server.TLS.VerifyConnection = tls.NoClientCert, nil
	server.Config.ErrorLog = all[0].server.ErrorLog
	server.StartTLS()
	defer server.Close()
	if _, err := all[0].sayHello(t.Context(), server.Listener.Addr().String(), false); !errors.Is(err, errStranger) {
		t.Errorf("hello to a stranger: got %v, want %v", err, errStranger)
	}
}

// A request goes from one member to another, and no further.
func TestOneHop(t *testing.T) {
	all := newCluster(t, 3)
	session := all[0].ownedBy(all[2])
	all[2].want(session, "poll", all[2])
	ask := func(kind string, mayBegin bool) int {
		r, err := http.NewRequest(http.MethodPost, "https://"+all[1].addr+forwardPath+"/"+session+"/"+kind, nil)
		if err != nil {
			t.Fatal(err)
		}
		if mayBegin {
			r.Header.Set(headerMayBegin, "true")
		}
		answer, err := all[0].client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	for _, test := range []struct {
		kind     string
		mayBegin bool
		want     int
	}{{"send", false, 404}, {"poll", false, 404}, {"poll", true, 503}} {
		if got := ask(test.kind, test.mayBegin); got != test.want {
			t.Errorf("%s, may begin %v: got %d, want %d", test.kind, test.mayBegin, got, test.want)
		}
	}
	holder(t, all, session)
}
