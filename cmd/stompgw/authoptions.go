package main

import (
	"fmt"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/config"
)

// authOptions says in auth's words what the configuration says. failed is told
// what goes wrong in the background.
func authOptions(c config.Config, failed func(error)) (auth.Options, error) {
	o := auth.Options{
		Proxy: auth.ProxyOptions{
			Networks:          c.ProxyAuth.Proxies,
			User:              c.ProxyAuth.User,
			Email:             c.ProxyAuth.Email,
			Groups:            c.ProxyAuth.Groups,
			PreferredUsername: c.ProxyAuth.PreferredUsername,
		},
		Certificate:     auth.CertificateName(c.Auth.CertificateName),
		UsersFile:       c.Auth.UsersFile,
		Broker:          brokerLogin(c.Credentials),
		RecheckInterval: c.Webhook.Recheck,
		Failed:          failed,
	}
	for _, m := range c.Auth.Methods {
		o.Methods = append(o.Methods, auth.Method(m))
	}
	var err error
	if o.JWT, err = jwtOptions(c.JWT); err != nil {
		return auth.Options{}, err
	}
	o.Webhook, err = webhookOptions(c.Webhook)
	return o, err
}

func jwtOptions(c config.JWT) (auth.JWTOptions, error) {
	o := auth.JWTOptions{
		Issuer:        c.Issuer,
		KeySetURL:     c.JWKSURL,
		KeySetFile:    c.JWKSFile,
		Secret:        []byte(c.Secret.Reveal()),
		AllowHTTP:     c.AllowHTTP,
		NameClaim:     c.NameClaim,
		Skew:          c.Skew,
		AllowNoExpiry: c.AllowNoExpiry,
		Refresh:       c.Refresh,
		MaxStale:      c.MaxStale,
		Timeout:       c.Timeout,
	}
	for _, a := range c.Audience {
		o.Audience = append(o.Audience, string(a))
	}
	for _, a := range c.Algorithms {
		o.Algorithms = append(o.Algorithms, string(a))
	}
	for _, text := range c.Sources {
		s, err := auth.ParseSource(string(text))
		if err != nil {
			return o, fmt.Errorf("source of tokens %q: %w", text, err)
		}
		o.Sources = append(o.Sources, s)
	}
	var err error
	if o.RootCAs, err = rootCAs(c.CAFile); err != nil {
		return o, fmt.Errorf("read the CA of the key endpoint: %w", err)
	}
	return o, nil
}

func webhookOptions(c config.Webhook) (auth.WebhookOptions, error) {
	o := auth.WebhookOptions{
		URL:       c.URL,
		AllowHTTP: c.AllowHTTP,
		Secret:    c.Secret.Reveal(),
		Timeout:   c.Timeout,
		CacheTime: c.Cache,
	}
	for _, s := range c.Send {
		o.Send = append(o.Send, auth.WebhookSecret(s))
	}
	var err error
	if o.RootCAs, err = rootCAs(c.CAFile); err != nil {
		return o, fmt.Errorf("read the webhook's CA: %w", err)
	}
	if o.Certificate, err = keyPair(c.CertFile, c.KeyFile); err != nil {
		return o, fmt.Errorf("read the client certificate for the webhook: %w", err)
	}
	return o, nil
}

func brokerLogin(c config.Credentials) auth.BrokerOptions {
	return auth.BrokerOptions{
		Mode:          brokerMode(c),
		Login:         c.Login,
		Passcode:      c.Passcode.Reveal(),
		Host:          c.Host,
		PasscodesFile: c.PasscodeMap,
	}
}

func brokerMode(c config.Credentials) auth.BrokerMode {
	switch {
	case c.Mode != config.CredentialsAuto:
		return auth.BrokerMode(c.Mode)
	case c.Login != "":
		return auth.Service
	}
	return auth.Passthrough
}
