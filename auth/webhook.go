package auth

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"os"
	"slices"
	"time"
)

// WebhookOptions say whom to ask about every CONNECT, and what to tell him.
type WebhookOptions struct {
	URL       string // https, or http of this machine
	AllowHTTP bool   // http of other machines too: whoever is in between decides then
	// Send names what is told besides; all of it is secret.
	Send []WebhookSecret

	Secret string // goes as Authorization: Bearer; "" for none
	// TLS gives what a connection to the webhook begins with, anew for each; nil is
	// TLS as it comes.
	TLS func() *tls.Config

	Timeout time.Duration // of one question; 0 is 5 seconds
	// CacheTime is how long an answer counts for the very same question; 0 asks
	// every time. Failures are never kept.
	CacheTime time.Duration
}

// WebhookSecret is something that a webhook is told only on demand.
type WebhookSecret string

// What may be asked for.
const (
	SendPasscode      WebhookSecret = "passcode"
	SendCookie        WebhookSecret = "cookie"        // only where the Origin is strict
	SendAuthorization WebhookSecret = "authorization" // of the request and of CONNECT
	SendQuery         WebhookSecret = "query"
)

// maxAnswer is the largest answer of a webhook, in bytes.
const maxAnswer = 64 << 10

// webhook is the method that asks somebody else.
type webhook struct {
	options WebhookOptions
	client  *http.Client
	cache   *answerCache
	now     func() time.Time
}

func newWebhook(a *Authenticator, o WebhookOptions) (*webhook, error) {
	setDefault(&o.Timeout, 5*time.Second)
	if err := checkURL(o.URL, o.AllowHTTP); err != nil {
		return nil, fmt.Errorf("auth: webhook: URL: %w", err)
	}
	for _, s := range o.Send {
		if !slices.Contains([]WebhookSecret{SendPasscode, SendCookie, SendAuthorization, SendQuery}, s) {
			return nil, fmt.Errorf("auth: webhook: nothing to send is called %q", s)
		}
	}
	client := newHTTPClient(o.TLS, o.Timeout)
	// A POST that is sent elsewhere takes its secrets along.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a.onClose(client.CloseIdleConnections)
	return &webhook{options: o, client: client, cache: newAnswerCache(o.CacheTime, a.now), now: a.now}, nil
}

// identify asks once for each CONNECT. The webhook always decides.
func (w *webhook) identify(ctx context.Context, r *Request, c *Connect) (*Identity, error) {
	if c == nil {
		return nil, errNeedsConnect
	}
	question, err := json.Marshal(w.question(r, c))
	if err != nil {
		return nil, unavailable(err)
	}
	if known, ok := w.cache.get(question); ok {
		return known.identity(question)
	}
	given, err := w.ask(ctx, question)
	if err != nil {
		return nil, unavailable(fmt.Errorf("webhook: %w", err))
	}
	w.cache.put(question, given)
	return given.identity(question)
}

// recheck asks the question of id again, past the cache, and gives the identity
// that the answer makes.
func (w *webhook) recheck(ctx context.Context, id *Identity) (*Identity, error) {
	given, err := w.ask(ctx, id.question)
	if err != nil {
		return nil, unavailable(fmt.Errorf("webhook: %w", err))
	}
	w.cache.put(id.question, given)
	now, err := given.identity(id.question)
	if err != nil {
		return nil, err
	}
	if now.Name != id.Name {
		return nil, refuse(NotSamePrincipal, "the session belongs to somebody else now", nil)
	}
	return now, nil
}

// ask sends a question. An error means that there is no answer, which lets nobody in.
func (w *webhook) ask(ctx context.Context, question []byte) (*verdict, error) {
	answer, stale, err := w.post(ctx, question)
	if stale {
		w.client.CloseIdleConnections() // those of before a restart, say, are all alike
		answer, _, err = w.post(ctx, question)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	switch answer.StatusCode {
	case http.StatusOK:
		text, err := readBounded(answer.Request.URL, answer.Body, maxAnswer)
		if err != nil {
			return nil, err
		}
		return parseAnswer(text, w.now())
	case http.StatusForbidden:
		return &verdict{refusal: denial("status 403")}, nil
	}
	return nil, fmt.Errorf("ask %s: status %d", answer.Request.URL.Host, answer.StatusCode)
}

// post sends a question. stale says that it failed on a connection that had waited
// since an earlier one, and that the webhook may have closed meanwhile.
func (w *webhook) post(ctx context.Context, question []byte) (answer *http.Response, stale bool, err error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) { stale = c.Reused },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.options.URL, bytes.NewReader(question))
	if err != nil {
		return nil, false, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if w.options.Secret != "" {
		r.Header.Set("Authorization", "Bearer "+w.options.Secret)
	}
	answer, err = w.client.Do(r)
	if err != nil {
		return nil, stale && ctx.Err() == nil && !os.IsTimeout(err), withoutURL(r.URL, err)
	}
	return answer, false, nil
}

// verdict is what an answer comes to: an identity or a refusal, and until when.
type verdict struct {
	granted Identity
	refusal *Refusal // nil where granted counts
}

func (v *verdict) identity(question []byte) (*Identity, error) {
	if v.refusal != nil {
		return nil, v.refusal
	}
	id := v.granted
	id.question = question
	return &id, nil
}

func denial(reason string) *Refusal {
	return refuse(Unauthenticated, "you may not come in", errors.New("the webhook denies it: "+short(reason)))
}
