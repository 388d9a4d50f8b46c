package auth

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// newAuthenticator makes one that is closed when the test ends.
func newAuthenticator(t *testing.T, o Options) *Authenticator {
	t.Helper()
	a, err := New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// request makes a request of a browser at 192.0.2.1 whose Origin is allowed.
func request(headers ...string) *Request {
	r := &Request{
		Header: http.Header{"Origin": {"https://app.example"}}, URL: &url.URL{Path: "/stomp"},
		Addr: netip.MustParseAddr("192.0.2.1"), Peers: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, StrictOrigin: true,
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func connect(headers ...string) *Connect {
	c := &Connect{}
	for i := 0; i < len(headers); i += 2 {
		c.Headers = append(c.Headers, [2]string{headers[i], headers[i+1]})
	}
	return c
}

// code gives the code of a Refusal, "" where there is none.
func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var r *Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got error %v, want a Refusal", err)
	}
	if r.Message == "" || r.Temporary != (r.Code == Unavailable) {
		t.Errorf("got %+v: no message, or temporary where it is not", r)
	}
	return r.Code
}

// expect holds an identity to a name, or a refusal to a code.
func expect(t *testing.T, id *Identity, err error, name, wantCode string) {
	t.Helper()
	if got := code(t, err); got != wantCode {
		t.Fatalf("got %q (%v), want code %q", got, err, wantCode)
	}
	if (err == nil) != (id != nil) {
		t.Fatalf("got %+v and %v, want one of them", id, err)
	}
	if id != nil && id.Name != name {
		t.Fatalf("got name %q, want %q", id.Name, name)
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.TempDir(), name)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
