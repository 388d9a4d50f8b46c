package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// webhookQuestion is the body of the POST.
type webhookQuestion struct {
	Address     string              `json:"address"` // the client's
	Path        string              `json:"path"`
	Query       string              `json:"query,omitempty"`
	Headers     map[string][]string `json:"headers"`               // of the request
	Connect     map[string]string   `json:"connect"`               // of the CONNECT frame, the first of each
	Certificate map[string]any      `json:"certificate,omitempty"` // the client's, verified
}

// unsaid are headers of CONNECT that say nothing about who one is.
var unsaid = map[string]bool{"accept-version": true, "heart-beat": true, "receipt": true, "content-length": true}

// question tells what the options permit. Headers of the request are named one by
// one: others differ with every request, and may hold what is not ours to tell.
func (w *webhook) question(r *Request, c *Connect) webhookQuestion {
	q := webhookQuestion{
		Address: r.Addr.String(), Path: r.URL.Path,
		Headers: map[string][]string{}, Connect: map[string]string{},
	}
	told := []string{"Origin", "User-Agent"}
	if w.sends(SendAuthorization) {
		told = append(told, "Authorization")
	}
	if w.sends(SendCookie) && r.StrictOrigin {
		told = append(told, "Cookie")
	}
	if w.sends(SendQuery) {
		q.Query = r.URL.RawQuery
	}
	for _, name := range told {
		if values := r.Header.Values(name); len(values) > 0 {
			q.Headers[name] = values
		}
	}
	for _, h := range c.Headers {
		name := h[0]
		_, repeated := q.Connect[name]
		switch {
		case repeated, unsaid[name], name == "passcode" && !w.sends(SendPasscode),
			isAuthorization(name) && !w.sends(SendAuthorization):
		default:
			q.Connect[name] = h[1]
		}
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 && !r.foreign() {
		q.Certificate = certificateClaims(r.TLS.VerifiedChains[0][0])
	}
	return q
}

func (w *webhook) sends(s WebhookSecret) bool { return slices.Contains(w.options.Send, s) }

// webhookAnswer is what the webhook says. See docs/auth.md.
type webhookAnswer struct {
	Allow     *bool           `json:"allow"`
	Reason    string          `json:"reason"` // for the log
	Principal string          `json:"principal"`
	Claims    map[string]any  `json:"claims"`
	Expires   json.RawMessage `json:"expires"`
	Broker    *struct {
		Login    string `json:"login"`
		Passcode string `json:"passcode"`
		Host     string `json:"host"`
	} `json:"broker"`
	Grants json.RawMessage `json:"grants"`
}

// parseAnswer reads an answer that came at a time. A field that is not known is an
// error: it may be a limit, misspelt.
func parseAnswer(text []byte, at time.Time) (*verdict, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var a webhookAnswer
	if err := d.Decode(&a); err != nil {
		return nil, fmt.Errorf("the answer is not as expected: %w", withoutValue(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("the answer goes on after its end")
	}
	if a.Allow == nil {
		return nil, errors.New(`the answer lacks "allow"`)
	}
	if !*a.Allow {
		return &verdict{refusal: denial(a.Reason)}, nil
	}
	if err := checkName(a.Principal); err != nil {
		return nil, fmt.Errorf(`the answer's "principal": %w`, err)
	}
	expires, err := parseExpires(a.Expires, at)
	if err != nil {
		return nil, err
	}
	id := Identity{Principal: Principal{Name: a.Principal, Method: Webhook, Claims: a.Claims, Expires: expires}}
	if !isNull(a.Grants) {
		id.Grants = a.Grants
	}
	if b := a.Broker; b != nil {
		id.Broker = &Credentials{Login: b.Login, Passcode: b.Passcode, Host: b.Host}
	}
	return &verdict{granted: id}, nil
}

// withoutValue leaves out of a decoder's error what it quotes.
func withoutValue(err error) error {
	var wrong *json.UnmarshalTypeError
	var broken *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%q is not of its type", wrong.Field)
	case errors.As(err, &broken), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not JSON")
	}
	return errors.New(short(err.Error())) // json: unknown field "…"
}

// maxSeconds is a year: more is a point in time where a duration belongs.
const maxSeconds = 366 * 24 * 60 * 60

// parseExpires reads a time of RFC 3339, or a number of seconds from now. Nothing,
// or null, is never.
func parseExpires(raw json.RawMessage, now time.Time) (time.Time, error) {
	if isNull(raw) {
		return time.Time{}, nil
	}
	var at time.Time
	if err := json.Unmarshal(raw, &at); err == nil && !at.IsZero() {
		return at, nil
	}
	var seconds float64
	if err := json.Unmarshal(raw, &seconds); err == nil && seconds > 0 && seconds <= maxSeconds {
		return now.Add(time.Duration(seconds * float64(time.Second))), nil
	}
	return time.Time{}, fmt.Errorf(`the answer's "expires" is neither a time of RFC 3339 nor seconds from now, up to %d`, maxSeconds)
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
