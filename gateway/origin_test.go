package gateway

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOriginVerdict(t *testing.T) {
	same := OriginPolicy{Same: true}
	listed := OriginPolicy{Exact: []string{"https://app.example.com", "http://localhost:3000", "https://[2001:db8::1]:8443"}}
	below := OriginPolicy{Subdomains: []Subdomains{{Scheme: "https", Suffix: ".example.com"}}}
	belowPort := OriginPolicy{Subdomains: []Subdomains{{Scheme: "https", Suffix: ".example.com", Port: "8443"}}}
	tests := []struct {
		name   string
		policy OriginPolicy
		host   string
		secure bool
		origin []string
		allow  bool
	}{
		{"same", same, "gw.example", false, []string{"http://gw.example"}, true},
		{"same, TLS", same, "gw.example", true, []string{"https://gw.example"}, true},
		{"same, port", same, "gw.example:8080", false, []string{"http://gw.example:8080"}, true},
		{"same, default port in Host", same, "gw.example:80", false, []string{"http://gw.example"}, true},
		{"same, default port in Origin", same, "gw.example", true, []string{"https://gw.example:443"}, true},
		{"same, case", same, "GW.example", false, []string{"http://gw.EXAMPLE"}, true},
		{"same, IPv6", same, "[::1]:8080", false, []string{"http://[::1]:8080"}, true},
		{"same, IPv6, default port", same, "[2001:db8::1]:443", true, []string{"https://[2001:db8::1]"}, true},
		{"another host", same, "gw.example", false, []string{"http://evil.example"}, false},
		{"another port", same, "gw.example:8080", false, []string{"http://gw.example"}, false},
		{"the other's default port", same, "gw.example:443", false, []string{"http://gw.example"}, false},
		{"a longer host", same, "gw.example", false, []string{"http://gw.example.evil.com"}, false},
		{"https page, plain request", same, "gw.example", false, []string{"https://gw.example"}, false},
		{"http page, TLS request", same, "gw.example", true, []string{"http://gw.example"}, false},
		{"exact", listed, "gw.example", false, []string{"https://app.example.com"}, true},
		{"exact, default port", listed, "gw.example", false, []string{"https://app.example.com:443"}, true},
		{"exact, case", listed, "gw.example", false, []string{"HTTPS://App.Example.com"}, true},
		{"exact, IPv6", listed, "gw.example", false, []string{"https://[2001:db8::1]:8443"}, true},
		{"exact, port", listed, "gw.example", false, []string{"http://localhost:3000"}, true},
		{"exact, another port", listed, "gw.example", false, []string{"http://localhost:3001"}, false},
		{"exact, another scheme", listed, "gw.example", false, []string{"http://app.example.com"}, false},
		{"exact, not the own one", listed, "gw.example", false, []string{"http://gw.example"}, false},
		{"below", below, "gw.example", false, []string{"https://a.example.com"}, true},
		{"two below", below, "gw.example", false, []string{"https://a.b.example.com"}, true},
		{"below, case and default port", below, "gw.example", false, []string{"https://A.Example.COM:443"}, true},
		{"the domain itself", below, "gw.example", false, []string{"https://example.com"}, false},
		{"dot alone", below, "gw.example", false, []string{"https://.example.com"}, false},
		{"part of a label", below, "gw.example", false, []string{"https://evilexample.com"}, false},
		{"not at the end", below, "gw.example", false, []string{"https://a.example.com.evil.com"}, false},
		{"elsewhere", below, "gw.example", false, []string{"https://a.b.evil.com"}, false},
		{"below, plain", below, "gw.example", false, []string{"http://a.example.com"}, false},
		{"below, port", below, "gw.example", false, []string{"https://a.example.com:8443"}, false},
		{"below with its port", belowPort, "gw.example", false, []string{"https://a.example.com:8443"}, true},
		{"below without its port", belowPort, "gw.example", false, []string{"https://a.example.com"}, false},
		{"login before the domain", below, "gw.example", false, []string{"https://evil.com@a.example.com"}, false},
		{"a path that looks like it", below, "gw.example", false, []string{"https://evil.com/.example.com"}, false},
		{"a query that looks like it", below, "gw.example", false, []string{"https://evil.com?.example.com"}, false},
		{"an escape", below, "gw.example", false, []string{"https://evil.com%2f.example.com"}, false},
		{"a NUL", below, "gw.example", false, []string{"https://evil.com\x00.example.com"}, false},
		{"a backslash", below, "gw.example", false, []string{`https://evil.com\.example.com`}, false},
		{"a port that looks like it", below, "gw.example", false, []string{"https://evil.com:1.example.com"}, false},
		{"null", same, "gw.example", false, []string{"null"}, false},
		{"null, allowed", OriginPolicy{Null: true}, "gw.example", false, []string{"null"}, true},
		{"null is not missing", OriginPolicy{Missing: true}, "gw.example", false, []string{"null"}, false},
		{"missing", same, "gw.example", false, nil, false},
		{"missing, allowed", OriginPolicy{Missing: true}, "gw.example", false, nil, true},
		{"missing is not null", OriginPolicy{Null: true}, "gw.example", false, nil, false},
		{"missing is not any", OriginPolicy{Any: true}, "gw.example", false, nil, false},
		{"empty is not missing", OriginPolicy{Same: true, Missing: true}, "gw.example", false, []string{""}, false},
		{"any", OriginPolicy{Any: true}, "gw.example", false, []string{"https://evil.com"}, true},
		{"any, null", OriginPolicy{Any: true}, "gw.example", false, []string{"null"}, true},
		{"several", OriginPolicy{Any: true, Missing: true}, "gw.example", false, []string{"http://gw.example", "http://gw.example"}, false},
		{"two in one", same, "gw.example", false, []string{"http://gw.example http://evil.com"}, false},
		{"a list in one", same, "gw.example", false, []string{"http://gw.example, http://evil.com"}, false},
		{"no scheme", same, "gw.example", false, []string{"gw.example"}, false},
		{"scheme alone", same, "gw.example", false, []string{"http://"}, false},
		{"with a slash", same, "gw.example", false, []string{"http://gw.example/"}, false},
		{"a file", same, "gw.example", false, []string{"file://"}, false},
		{"nothing named", OriginPolicy{}, "gw.example", false, []string{"http://gw.example"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := asked("203.0.113.9:1", tt.host, tt.secure)
			for _, o := range tt.origin {
				r.Header.Add("Origin", o)
			}
			why := tt.policy.verdict(r, resolveForwarded(r, nil))
			if (why == "") != tt.allow {
				t.Errorf("got %q, want allowed %t", why, tt.allow)
			}
		})
	}
}

func TestSameOriginBehindProxy(t *testing.T) {
	trusted := prefixes(t, "10.0.0.0/8")
	const origin = "Origin: https://app.example.com"
	tests := []struct {
		name    string
		trusted []netip.Prefix
		headers []string
		allow   bool
	}{
		{"X-Forwarded-Proto", trusted, []string{"X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https"}, true},
		{"wss is https", trusted, []string{"X-Forwarded-Proto: wss"}, true},
		{"Forwarded", trusted, []string{"Forwarded: for=203.0.113.9;proto=https"}, true},
		{"nobody is trusted", nil, []string{"X-Forwarded-Proto: https"}, false},
		{"another is trusted", prefixes(t, "192.0.2.0/24"), []string{"Forwarded: for=203.0.113.9;proto=https"}, false},
		{"nothing said", trusted, nil, false},
		{"nonsense said", trusted, []string{"X-Forwarded-Proto: gopher"}, false},
		{"the page said it", trusted, []string{"X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https, http"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := asked("10.1.2.3:1", "app.example.com", false, append(tt.headers, origin)...)
			why := OriginPolicy{Same: true}.verdict(r, resolveForwarded(r, tt.trusted))
			if (why == "") != tt.allow {
				t.Errorf("got %q, want allowed %t", why, tt.allow)
			}
			if !tt.allow && !strings.Contains(why, "STOMPGW_TRUSTED_PROXIES") {
				t.Errorf("%q does not say what to do", why)
			}
		})
	}
}
