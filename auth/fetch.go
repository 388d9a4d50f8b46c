package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxDocument is the largest key set or discovery document, in bytes.
const maxDocument = 512 << 10

// newHTTPClient makes a client that follows no proxy of the environment, since
// only package config reads that, and no redirect away from the host that was
// asked. secure gives what a TLS connection begins with, anew for each; nil is TLS
// as it comes.
func newHTTPClient(secure func() *tls.Config, timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: timeout}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext,
			DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conf := &tls.Config{MinVersion: tls.VersionTLS12}
				if secure != nil {
					conf = secure().Clone()
				}
				conf.NextProtos = []string{"h2", "http/1.1"}
				return (&tls.Dialer{NetDialer: dialer, Config: conf}).DialContext(ctx, network, address)
			},
			ForceAttemptHTTP2:     true,
			MaxConnsPerHost:       64,
			MaxIdleConnsPerHost:   16,
			IdleConnTimeout:       time.Minute,
			ResponseHeaderTimeout: timeout,

			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(to *http.Request, via []*http.Request) error {
			if asked := via[0].URL; to.URL.Host != asked.Host || to.URL.Scheme != asked.Scheme {
				return errors.New("redirect to another host")
			}
			if len(via) > 3 {
				return errors.New("more than 3 redirects")
			}
			return nil
		},
	}
}

// checkURL takes https URLs, and http only for this machine unless the operator
// says otherwise: who can answer in place of the key endpoint can be anybody.
func checkURL(text string, allowHTTP bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("not a URL")
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("expected https://host/path without a login")
	case u.Scheme == "https", u.Scheme == "http" && (allowHTTP || isLoopback(u.Hostname())):
		return nil
	}
	return errors.New("expected https://, or http:// of this machine")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// get reads a document of at most maxDocument bytes.
func get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		return nil, withoutURL(r.URL, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s: status %d", r.URL.Host, answer.StatusCode)
	}
	return readBounded(r.URL, answer.Body, maxDocument)
}

func readBounded(u *url.URL, body io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", u.Host, err)
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("the answer of %s is over %d bytes", u.Host, most)
	}
	return text, nil
}

// withoutURL names only the host in an error of http.Client, because a query may
// hold a secret.
func withoutURL(u *url.URL, err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return fmt.Errorf("ask %s: %w", u.Host, err)
}
