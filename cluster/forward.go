package cluster

import (
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Headers of a request that is passed on, between members only. Those that a
// client sends are thrown away.
const (
	headerFrom        = "Stompgw-From"        // the instance that passes it on
	headerMayBegin    = "Stompgw-May-Begin"   // no member has the session
	headerRemote      = "Stompgw-Remote-Addr" // of the client's connection
	headerSecure      = "Stompgw-Secure"      // it is TLS
	headerCertificate = "Stompgw-Certificate" // a verified chain of the client's, the leaf first; base64
)

var internalHeaders = []string{headerFrom, headerMayBegin, headerRemote, headerSecure, headerCertificate}

// The headers that ReverseProxy takes out. The member that answers judges them as
// it would have if the client's connection were its own.
var forwardingHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

// passOn has another member answer the request.
func (c *Cluster) passOn(w http.ResponseWriter, r *http.Request, to *peer, mayBegin bool) {
	if r.ContentLength > c.options.MaxBody {
		deny(w, r, http.StatusRequestEntityTooLarge, "the messages of one request are larger than this server takes")
		return
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	default:
		c.refuse(w, r, full, errors.New("too many requests are passed on already"))
		return
	}
	control := http.NewResponseController(w)
	body := &timedBody{ReadCloser: r.Body, control: control}
	if r.ContentLength == 0 {
		_ = control.SetReadDeadline(time.Time{}) // waiting for an answer is no slow request
	} else {
		_ = control.SetReadDeadline(time.Now().Add(c.options.BodyTimeout)) // else the body has no limit but net/http's
		r.Body = body
	}
	result := broken // ReverseProxy panics where the answer breaks off
	defer func() {
		if r.Context().Err() != nil {
			result = clientGone
		}
		c.metrics.forwarded.WithLabelValues(result).Inc()
	}()
	proxy := httputil.ReverseProxy{ // which flushes at once where an answer goes on
		Rewrite:    func(p *httputil.ProxyRequest) { c.rewrite(p, to, mayBegin) },
		Transport:  c.client.Transport,
		BufferPool: copyBuffers{},
		ErrorLog:   log.New(io.Discard, "", 0), // counted instead
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if body.failed.Load() || r.Context().Err() != nil { // where the connection fails, the latter may be known first
				result = clientGone
				deny(w, r, http.StatusBadRequest, "the body did not come whole")
				return
			}
			result = unreachable
			c.complain(unreachable, err)
			deny(w, r, http.StatusServiceUnavailable, notReachedText)
		},
	}
	answer := &timedAnswer{w, control, c.options.WriteTimeout}
	proxy.ServeHTTP(answer, r)
	answer.extend() // net/http writes the end of the answer
	if result == broken {
		result = answered
	}
}

// rewrite makes the request that goes to another member: the same, with what its
// connection would have told.
func (c *Cluster) rewrite(p *httputil.ProxyRequest, to *peer, mayBegin bool) {
	out, in := p.Out, p.In
	out.URL.Scheme, out.URL.Host = "https", to.addr
	out.URL.Path = forwardPath + in.URL.Path
	if in.URL.RawPath != "" {
		out.URL.RawPath = forwardPath + in.URL.RawPath
	}
	out.URL.RawQuery = in.URL.RawQuery // ReverseProxy drops what it cannot parse
	out.Host = in.Host
	for _, name := range forwardingHeaders {
		if values := in.Header[name]; values != nil {
			out.Header[name] = values
		}
	}
	for _, name := range internalHeaders {
		out.Header.Del(name)
	}
	out.Header.Del("Connection") // an upgrade that is offered, which HTTP/2 forbids
	out.Header.Del("Upgrade")
	out.Header.Set(headerFrom, c.instance)
	out.Header.Set(headerRemote, in.RemoteAddr)
	if mayBegin {
		out.Header.Set(headerMayBegin, "true")
	}
	if in.TLS == nil {
		return
	}
	out.Header.Set(headerSecure, "true")
	if len(in.TLS.VerifiedChains) > 0 {
		for _, cert := range in.TLS.VerifiedChains[0] {
			out.Header.Add(headerCertificate, base64.StdEncoding.EncodeToString(cert.Raw))
		}
	}
}

func (c *Cluster) complain(result string, cause error) {
	c.log.Debug("cluster: request not passed on", zap.String("result", result), zap.Error(cause))
}

// copyBuffers are small, because a request that waits for an answer holds one.
type copyBuffers struct{}

func (copyBuffers) Get() []byte { return make([]byte, 4<<10) }
func (copyBuffers) Put([]byte)  {}

// timedBody ends the time for a body with the body, so that the session may take
// its own to accept it.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
	failed  atomic.Bool // it did not come whole
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{}) // what follows is net/http's to wait for
	} else if err != nil {
		b.failed.Store(true)
	}
	return n, err
}

// timedAnswer gives each write its time.
type timedAnswer struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func (a *timedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *timedAnswer) Write(p []byte) (int, error) {
	a.extend()
	return a.ResponseWriter.Write(p)
}

func (a *timedAnswer) FlushError() error {
	a.extend()
	return a.control.Flush()
}

func (a *timedAnswer) extend() {
	_ = a.control.SetWriteDeadline(time.Now().Add(a.timeout)) // else the write has none
}
