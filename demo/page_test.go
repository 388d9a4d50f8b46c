package demo

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestPageRequests(t *testing.T) {
	page := Page("/stomp")
	whole := get(page, http.MethodGet, "/").Body.Len()
	tests := []struct {
		method, target string
		status         int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"GET", "/?a=b", 200},
		{"GET", "/index.html", 404}, {"GET", "/favicon.ico", 404}, {"GET", "//", 404}, {"POST", "/x", 404},
		{"POST", "/", 405}, {"PUT", "/", 405}, {"OPTIONS", "/", 405},
	}
	for _, tc := range tests {
		t.Run(tc.method+" "+tc.target, func(t *testing.T) {
			got := get(page, tc.method, tc.target)
			if got.Code != tc.status {
				t.Errorf("status: got %d, want %d", got.Code, tc.status)
			}
			if allow := got.Header().Get("Allow"); tc.status == 405 && allow != "GET, HEAD" {
				t.Errorf("Allow: got %q, want GET, HEAD", allow)
			}
			if n := got.Body.Len(); tc.status == 200 && (tc.method == "HEAD") != (n == 0) || n > whole {
				t.Errorf("%d bytes of body", n)
			}
		})
	}
}

func get(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "http://example.com/", nil)
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	h.ServeHTTP(w, r)
	return w
}

func TestPageHeaders(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		got := get(Page("/stomp"), method, "/")
		for name, want := range map[string]string{
			"Content-Type":               "text/html; charset=utf-8",
			"X-Content-Type-Options":     "nosniff",
			"Referrer-Policy":            "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin",
			"Cache-Control":              "no-cache",
		} {
			if got := got.Header().Get(name); got != want {
				t.Errorf("%s of %s: got %q, want %q", name, method, got, want)
			}
		}
	}
}

// TestPagePolicy holds the page to its Content-Security-Policy, and the policy
// to allowing nothing but the page.
func TestPagePolicy(t *testing.T) {
	got := get(Page("/stomp"), "GET", "/")
	document := got.Body.String()
	hashes := func(tag string) string {
		var all []string
		for _, m := range regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(document, -1) {
			sum := sha256.Sum256([]byte(m[1]))
			all = append(all, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
		return strings.Join(all, " ")
	}
	want := "default-src 'none'; style-src " + hashes("style") + "; script-src " + hashes("script") +
		"; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
		"; require-trusted-types-for 'script'; trusted-types 'none'"
	if policy := got.Header().Get("Content-Security-Policy"); policy != want {
		t.Errorf("policy:\n got %s\nwant %s", policy, want)
	}
	if n := strings.Count(want, "sha256-"); n != 3 {
		t.Errorf("%d inline styles and scripts, want 1 and 2", n)
	}
	for what, pattern := range map[string]string{
		"an inline handler":         `(?i)<[^>]*\son[a-z]+\s*=`,
		"an inline style":           `(?i)<[^>]*\sstyle\s*=`,
		"markup made from text":     `innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|DOMParser`,
		"something from elsewhere":  `(?i)(src|href|url)\s*[=(]\s*["']?\s*(https?:)?//`,
		"a placeholder left behind": `\{\{[a-z]+\}\}`,
	} {
		if found := regexp.MustCompile(pattern).FindString(document); found != "" {
			t.Errorf("the page holds %s: %q", what, found)
		}
	}
}

func TestPagePath(t *testing.T) {
	for path, want := range map[string]string{
		"/stomp":      `data-stomp-path="/stomp"`,
		"/a/b?c=d&e":  `data-stomp-path="/a/b?c=d&amp;e"`,
		`/"><script>`: `data-stomp-path="/&#34;&gt;&lt;script&gt;"`,
	} {
		if document := get(Page(path), "GET", "/").Body.String(); !strings.Contains(document, want) {
			t.Errorf("path %s: the page does not hold %s", path, want)
		}
	}
}
