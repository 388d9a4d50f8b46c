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
	if o.JWT, err = jwtOptions(c.JWT, failed); err != nil {
		return auth.Options{}, err
	}
	o.Webhook, err = webhookOptions(c.Webhook, failed)
	return o, err
}

func jwtOptions(c config.JWT, failed func(error)) (auth.JWTOptions, error) {
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
	secure, err := newClientTLS(tlsFiles{whose: "the key endpoint", ca: c.CAFile}, "", failed)
	o.TLS = secure.config
	return o, err
}

func webhookOptions(c config.Webhook, failed func(error)) (auth.WebhookOptions, error) {
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
	secure, err := newClientTLS(tlsFiles{whose: "the webhook", ca: c.CAFile, cert: c.CertFile, key: c.KeyFile}, "", failed)
	o.TLS = secure.config
	return o, err
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
