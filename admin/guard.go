package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// named lets requests through that ask for an IP address, localhost or one of
// the names. A page of a stranger's can make its own name mean this address (DNS
// rebinding), and read the answer as its own; it cannot ask for another name.
func (o Options) named(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !o.isOwn(r.Host) {
			o.refuse(w, r, "this name is not known here: see STOMPGW_ADMIN_HOSTS")
			return
		}
		next(w, r)
	})
}

// isOwn tells whether the value of a Host header is safe to answer to.
func (o Options) isOwn(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport // without a port
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "localhost" || slices.Contains(o.Hosts, host)
}

// authorized lets requests through that bear the token. Browsers do not send it
// by themselves, so no page can make one do it.
func (o Options) authorized(next http.HandlerFunc) http.HandlerFunc {
	want := sha256.Sum256([]byte(o.Token)) // of the same size as what is compared with it
	return func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(token))
		switch {
		case o.Token == "":
			o.refuse(w, r, "nothing can be changed here while STOMPGW_ADMIN_TOKEN is not set")
		case !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) == 0:
			o.refuse(w, r, "this takes the header Authorization: Bearer with the admin token")
		default:
			next(w, r)
		}
	}
}

func (o Options) refuse(w http.ResponseWriter, r *http.Request, why string) {
	if o.OnRefused != nil {
		o.OnRefused(r, why)
	}
	http.Error(w, why, http.StatusForbidden)
}
