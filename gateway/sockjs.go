package gateway

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/sockjs"
	"github.com/stompgw/stompgw/websocket"
)

// transport is what carries a session.
type transport uint8

const (
	overWebSocket transport = iota
	overFramedWebSocket
)

// transportNames is what logs and metrics call them: SockJS's own names, but for
// its framed WebSocket, which would have the bare one's.
var transportNames = []string{sockjs.WebSocket, "sockjs_websocket",
	sockjs.XHRStreaming, sockjs.XHR, sockjs.EventSource, sockjs.HTMLFile, sockjs.JSONP}

func (t transport) String() string { return transportNames[t] }

// transportOf gives the transport that has one of SockJS's names.
func transportOf(name string) transport { return transport(slices.Index(transportNames, name)) }

// sockJS fills in what holds for clients of any kind.
func (o *Options) sockJS() sockjs.Options {
	s := *o.SockJS
	s.FrameAncestors = o.Origins.frameAncestors()
	s.WriteTimeout = o.SlowClientTimeout
	s.BodyTimeout = o.FrameTimeout
	s.MaxClosed = o.MaxSessions
	s.MaxPost = o.maxPostBeforeLogin()
	return s
}

// maxPostBeforeLogin is what a client that may be anybody sends at a time, which is
// held in memory: a CONNECT, with room for the escapes of JSON and of a form.
func (o *Options) maxPostBeforeLogin() int { return min(o.SockJS.MaxPost, 4*o.MaxHeadBeforeLogin) }

// SockJS answers what is asked below one of the gateway's paths, the prefix.
func (g *Gateway) SockJS(prefix string) http.Handler {
	if g.sockjs == nil {
		return http.NotFoundHandler()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.serveSockJS(w, r, strings.TrimPrefix(r.URL.Path, prefix))
	})
}

func (g *Gateway) serveSockJS(w http.ResponseWriter, r *http.Request, path string) {
	via := resolveForwarded(r, g.options.TrustedProxies)
	q, isSession := sockjs.ParsePath(path)
	page, why := g.options.Origins.verdictOnPage(r, via, isSession && hidesOrigin(q.Transport))
	if why != "" {
		g.refuse(w, r, via, &websocket.Refusal{Status: http.StatusForbidden, Reason: refusedOrigin,
			Message: "this origin may not connect here"}, why)
		return
	}
	if isSession && g.livesElsewhere(w, r, q) {
		return
	}
	allowed := r.Header.Get("Origin")
	switch {
	case path == "/":
		sockjs.Welcome(w, r)
	case path == "/info":
		g.sockjs.Info(w, r, allowed)
	case path == "/websocket":
		g.serveSocket(w, r, via, overWebSocket)
	case sockjs.IsIframe(path):
		g.sockjs.Iframe(w, r)
	case isSession && q.Transport == sockjs.WebSocket:
		g.serveSocket(w, r, via, overFramedWebSocket)
	case isSession:
		rights, err := g.rightsOf(r, via)
		if err != nil {
			g.refuseIdentity(w, r, via, err)
			return
		}
		g.sockjs.Serve(w, r, q, sockjs.Caller{
			Owner:       ownerOf(rights, via, page),
			AllowOrigin: allowed,
			Begin:       func(s *sockjs.Session) bool { return g.beginPolled(w, r, via, rights, s) },
		})
	default:
		http.NotFound(w, r)
	}
}

// owner is whom a session over HTTP belongs to: other clients, and pages of
// other origins, do not find it.
type owner struct {
	addr      netip.Addr // of a client that its requests do not name
	method    auth.Method
	principal string
	page      string
}

func ownerOf(r *rights, via forwarded, page string) owner {
	if r != nil {
		if id := r.identity.Load(); id != nil && id.Name != "" {
			return owner{method: id.Method, principal: id.Name, page: page}
		}
	}
	return owner{addr: via.client, page: page}
}

// serveSocket answers a request for one of SockJS's WebSockets, in the
// protocol's words where it is no handshake.
func (g *Gateway) serveSocket(w http.ResponseWriter, r *http.Request, via forwarded, t transport) {
	switch {
	case !g.options.SockJS.Serves(sockjs.WebSocket):
		http.NotFound(w, r)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !websocket.IsUpgrade(r):
		http.Error(w, `Can "Upgrade" only to "WebSocket".`, http.StatusBadRequest)
	default:
		g.upgrade(w, r, via, t)
	}
}

// beginPolled begins a session over HTTP, or answers why not.
func (g *Gateway) beginPolled(w http.ResponseWriter, r *http.Request, via forwarded, rights *rights, conn *sockjs.Session) bool {
	over := transportOf(conn.Transport())
	r, span := g.tracing.handshake(r, over)
	defer span.End()
	if refusal := g.admit(via.client); refusal != nil {
		g.refuse(w, r, via, refusal, refusal.Message)
		return false
	}
	s := g.newSession(via, over, rights)
	s.client.polled = &polled{conn: conn}
	s.client.messageType = TextMessages
	g.tracing.begun(s, r)
	g.begin(s, r.Header.Get("Origin"), "")
	return true
}

// hidesOrigin tells whether a transport's requests are such as any page may make
// without a word about where they come from: scripts, frames and forms.
func hidesOrigin(transport string) bool {
	return strings.HasPrefix(transport, sockjs.JSONP) || transport == sockjs.HTMLFile
}

// verdictOnPage gives the origin of the page that sent a request, and the reason
// why it is refused, "" where it is not. Where a browser names no Origin, because
// the page is of the same one or the request is of an old kind, the Referer and
// Sec-Fetch-Site tell. must says that something has to.
func (p OriginPolicy) verdictOnPage(r *http.Request, via forwarded, must bool) (page, why string) {
	own := newOrigin(via.scheme, via.host).String()
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		why = p.verdict(r, via)
		if o, ok := parseOrigin(origins[0]); ok {
			return o.String(), why
		}
		return origins[0], why
	}
	if referer, err := url.Parse(r.Header.Get("Referer")); err == nil && referer.Host != "" {
		page = newOrigin(referer.Scheme, referer.Host).String()
		named := &http.Request{Header: http.Header{"Origin": {page}}}
		return page, p.verdict(named, via)
	}
	switch {
	case r.Header.Get("Sec-Fetch-Site") == "same-origin" && p.Same:
		return own, ""
	case must:
		return own, "no Origin, no Referer: this transport may be any page's"
	}
	return own, p.verdict(r, via)
}

// strict tells whether a request comes from a page that the policy names, by its
// origin or because it is the same as the gateway's. Only then may a cookie say
// who the client is: any page can make a browser send it.
func (p OriginPolicy) strict(r *http.Request, via forwarded) bool {
	p.Any, p.Null, p.Missing = false, false, false
	_, why := p.verdictOnPage(r, via, true)
	return why == ""
}

// frameAncestors says in the words of the Content-Security-Policy which pages
// may open sessions. It has no word for the origin null.
func (p OriginPolicy) frameAncestors() string {
	if p.Any {
		return "*"
	}
	var sources []string
	if p.Same {
		sources = append(sources, "'self'")
	}
	sources = append(sources, p.Exact...)
	for _, s := range p.Subdomains {
		source := s.Scheme + "://*" + s.Suffix
		if s.Port != "" {
			source += ":" + s.Port
		}
		sources = append(sources, source)
	}
	return cmp.Or(strings.Join(sources, " "), "'none'")
}
