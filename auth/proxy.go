package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ProxyOptions say which proxies are believed about their users, and how they
// name them. The zero headers are those of oauth2-proxy.
type ProxyOptions struct {
	// Networks are from where the proxies connect; at least one. The zero Prefix is
	// whoever has no address, because it came by a Unix socket.
	Networks []netip.Prefix

	User              string // X-Forwarded-User; the principal's name
	Email             string // X-Forwarded-Email; the claim email
	Groups            string // X-Forwarded-Groups; the claim groups, split at commas
	PreferredUsername string // X-Forwarded-Preferred-Username; the claim preferred_username
}

// proxy is the method of an authenticating proxy.
type proxy struct{ options ProxyOptions }

func newProxy(o ProxyOptions) (*proxy, error) {
	setDefault(&o.User, "X-Forwarded-User")
	setDefault(&o.Email, "X-Forwarded-Email")
	setDefault(&o.Groups, "X-Forwarded-Groups")
	setDefault(&o.PreferredUsername, "X-Forwarded-Preferred-Username")
	if len(o.Networks) == 0 {
		return nil, errors.New("auth: proxy: no proxies are named")
	}
	return &proxy{options: o}, nil
}

// identify believes the peer of the TCP connection only: an address that a header
// names could be anybody's word. Who speaks for another in a PROXY header must be
// named himself, since he can claim any address, and so must the other, since
// everybody may reach him.
func (p *proxy) identify(_ context.Context, r *Request, _ *Connect) (*Identity, error) {
	if r.foreign() || len(r.Peers) == 0 || slices.ContainsFunc(r.Peers, p.isStranger) {
		return nil, nil
	}
	claims := map[string]any{}
	user, err := single(r.Header, p.options.User)
	if err != nil || user == "" {
		return nil, err
	}
	for claim, header := range map[string]string{"email": p.options.Email, "preferred_username": p.options.PreferredUsername} {
		value, err := single(r.Header, header)
		if err != nil {
			return nil, err
		}
		if value != "" {
			claims[claim] = value
		}
	}
	groups, err := single(r.Header, p.options.Groups)
	if err != nil {
		return nil, err
	}
	if all := list(groups); all != nil {
		claims["groups"] = all
	}
	return &Identity{Principal: Principal{Name: user, Method: Proxy, Claims: claims}}, nil
}

func (p *proxy) isStranger(peer netip.Addr) bool {
	peer = peer.Unmap()
	return !slices.ContainsFunc(p.options.Networks, func(n netip.Prefix) bool {
		return n.Contains(peer) || !n.IsValid() && !peer.IsValid()
	})
}

// single gives a header that must not come twice: where it does, the proxy has
// added its own to what the client sent.
func single(h http.Header, name string) (string, error) {
	values := h.Values(name)
	if len(values) > 1 {
		return "", badIdentity(fmt.Errorf("header %s comes %d times: does the proxy remove the client's?", name, len(values)))
	}
	return h.Get(name), nil
}

// list splits a value at commas, in the form that claims have; nil for none.
func list(value string) []any {
	var all []any
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}
