package sockjs

import (
	"net/http"
	"slices"
	"time"
)

// Names of transports, as they stand in the path. Send requests belong to the
// transport before the underscore.
const (
	WebSocket    = "websocket"
	XHRStreaming = "xhr_streaming"
	XHR          = "xhr"
	EventSource  = "eventsource"
	HTMLFile     = "htmlfile"
	JSONP        = "jsonp"

	xhrSend   = "xhr_send"
	jsonpSend = "jsonp_send"
)

// Options are the settings of a Server. All must be set, except where zero is
// said to have a meaning.
type Options struct {
	// Transports are those that are served, by name.
	Transports []string
	// ClientURL is where the iframe page takes the SockJS client from; "" serves
	// no such page.
	ClientURL string
	// FrameAncestors says who may frame that page, in the words of the
	// Content-Security-Policy; "" is nobody.
	FrameAncestors string
	// Cookie is the one that load balancers stick to; nil sets none.
	Cookie *Cookie

	HeartBeat       time.Duration // between h frames on a silent answer
	DisconnectDelay time.Duration // that a session lives without a poll
	WriteTimeout    time.Duration // for a client to take something of what was written
	BodyTimeout     time.Duration // for a request's body to come

	StreamLimit int // bytes after which a streaming answer ends
	Buffer      int // bytes that may wait for a poll; no message may be larger
	MaxPost     int // bytes of a request's body, until a session is told otherwise
	MaxClosed   int // sessions that are over and still say so
}

// Cookie is the JSESSIONID cookie. Its value is the client's own, or "dummy".
type Cookie struct {
	Secure, HTTPOnly bool
	SameSite         http.SameSite // 0 leaves it out
}

// Serves tells whether a transport is served.
func (o *Options) Serves(transport string) bool { return slices.Contains(o.Transports, transport) }
