package config

import (
	"slices"
	"strings"
)

// checkIdentity notes what the variables of identity lack, and what they say in
// vain: a setting that nothing reads is a promise that nobody keeps.
func (r *reading) checkIdentity(c *Config) {
	if !r.good("AUTH") {
		return
	}
	r.checkMethods(c)
	for _, t := range []struct {
		method   AuthMethod
		required []string
		all      []string
	}{
		{AuthJWT, []string{"JWT_ISSUER", "JWT_AUDIENCE"}, append(namesOf(&c.JWT), "RENEW_DESTINATION")},
		{AuthWebhook, []string{"WEBHOOK_URL"}, namesOf(&c.Webhook)},
		{AuthProxy, []string{"PROXY_AUTH_PROXIES"}, namesOf(&c.ProxyAuth)},
		{AuthUsers, []string{"USERS_FILE"}, []string{"USERS_FILE"}},
		{AuthCertificate, []string{"TLS_CLIENT_CA_FILE"}, []string{"CERTIFICATE_NAME"}},
	} {
		if slices.Contains(c.Auth.Methods, t.method) {
			r.require(t.required, "a value, since "+Prefix+"AUTH has "+string(t.method))
		} else {
			r.unused(t.all, "nothing without "+string(t.method)+" in "+Prefix+"AUTH")
		}
	}
	if slices.Contains(c.Auth.Methods, AuthJWT) {
		r.checkJWT(&c.JWT)
	}
	if slices.Contains(c.Auth.Methods, AuthWebhook) {
		r.checkWebhook(&c.Webhook)
	}
	r.checkReadable("USERS_FILE", c.Auth.UsersFile)
}

// checkMethods judges the list, and what any page's origin does to it.
func (r *reading) checkMethods(c *Config) {
	methods := c.Auth.Methods
	for i, m := range methods {
		if (m == AuthWebhook || m == AuthNone) && i < len(methods)-1 {
			r.mistake(Prefix+"AUTH", string(m)+" last: nothing is asked after it")
			return
		}
	}
	if !r.good("ORIGINS", "TOKEN_SOURCES") || !c.Origin.Allowed.Any {
		return
	}
	if slices.Contains(methods, AuthProxy) || slices.Contains(methods, AuthCertificate) {
		r.mistake(Prefix+"AUTH", "neither proxy nor certificate with "+Prefix+"ORIGINS=*: every page could act as its visitor")
	}
	isCookie := func(s TokenSource) bool { return strings.HasPrefix(string(s), "cookie:") }
	if slices.Contains(methods, AuthJWT) && slices.ContainsFunc(c.JWT.Sources, isCookie) {
		r.mistake(Prefix+"TOKEN_SOURCES", "no cookie with "+Prefix+"ORIGINS=*: every page could act as its visitor")
	}
}

func (r *reading) checkJWT(c *JWT) {
	const issuer, set, file, secret = Prefix + "JWT_ISSUER", Prefix + "JWT_JWKS_URL", Prefix + "JWT_JWKS_FILE", Prefix + "JWT_SECRET"
	switch {
	case c.JWKSURL != "" && c.JWKSFile != "":
		r.mistake(file, "only one of "+set+", "+file+" and "+secret)
	case c.Secret.IsSet() && (c.JWKSURL != "" || c.JWKSFile != ""):
		r.mistake(secret, "only one of "+set+", "+file+" and "+secret)
	case c.JWKSURL != "":
		r.checkURL("JWT_JWKS_URL", c.JWKSURL, c.AllowHTTP)
	case c.Issuer != "" && c.JWKSFile == "" && !c.Secret.IsSet() && r.good("JWT_SECRET") && !isServiceURL(c.Issuer, c.AllowHTTP):
		r.mistake(issuer, "an https URL, where discovery finds the keys, or one of "+set+", "+file+" and "+secret)
	}
	if r.good("JWT_ALGORITHMS", "JWT_SECRET") {
		allowed, which := publicAlgorithms, "without"
		if c.Secret.IsSet() {
			allowed, which = secretAlgorithms, "with"
		}
		for _, a := range c.Algorithms {
			if !slices.Contains(allowed, a) {
				r.mistake(Prefix+"JWT_ALGORITHMS", "no "+string(a)+" "+which+" "+secret)
				break
			}
		}
	}
	if r.good("JWT_REFRESH", "JWT_MAX_STALE") && c.MaxStale < c.Refresh {
		r.mistake(Prefix+"JWT_MAX_STALE", "at least "+Prefix+"JWT_REFRESH ("+short(c.Refresh)+")")
	}
	r.checkReadable("JWT_JWKS_FILE", c.JWKSFile)
	r.checkCA("JWT_CA_FILE", c.CAFile)
}

func (r *reading) checkWebhook(c *Webhook) {
	if c.URL != "" {
		r.checkURL("WEBHOOK_URL", c.URL, c.AllowHTTP)
	}
	r.checkCA("WEBHOOK_CA_FILE", c.CAFile)
	r.checkKeyPair("WEBHOOK_CERT_FILE", c.CertFile, "WEBHOOK_KEY_FILE", c.KeyFile)
}

// checkCredentials judges the login at the broker by its mode.
func (r *reading) checkCredentials(c *Config) {
	if !r.good("AUTH", "BROKER_CREDENTIALS") {
		return
	}
	const login, mode = Prefix + "BROKER_LOGIN", Prefix + "BROKER_CREDENTIALS"
	inVain := "nothing with " + mode + "=" + string(c.Credentials.Mode)
	switch c.Credentials.Mode {
	case CredentialsAuto:
		r.unused([]string{"BROKER_PASSCODE_MAP"}, "only with "+mode+"=map")
	case CredentialsPassthrough:
		r.unused([]string{"BROKER_LOGIN", "BROKER_PASSCODE", "BROKER_PASSCODE_MAP"}, inVain)
	case CredentialsService:
		r.require([]string{"BROKER_LOGIN"}, "a login, since "+mode+" is service")
		r.unused([]string{"BROKER_PASSCODE_MAP"}, "only with "+mode+"=map")
	case CredentialsToken:
		r.unused([]string{"BROKER_PASSCODE", "BROKER_PASSCODE_MAP"}, inVain)
		if !slices.Contains(c.Auth.Methods, AuthJWT) {
			r.mistake(mode, "another mode than token without jwt in "+Prefix+"AUTH")
		}
	case CredentialsMap:
		r.require([]string{"BROKER_LOGIN"}, "a template such as app-{claims.tenant}, since "+mode+" is map")
		r.checkMap(c)
	}
}

func (r *reading) checkMap(c *Config) {
	const form = "text with {name} or {claims.tenant} and no other braces"
	for name, template := range map[string]string{"BROKER_LOGIN": c.Credentials.Login, "BROKER_HOST": c.Credentials.Host} {
		if r.good(name) && !loginTemplate.MatchString(template) {
			r.mistake(Prefix+name, form)
		}
	}
	if slices.Equal(c.Auth.Methods, []AuthMethod{AuthNone}) {
		r.mistake(Prefix+"BROKER_CREDENTIALS", "another mode than map without a method in "+Prefix+"AUTH")
	}
	if c.Credentials.Passcode.IsSet() && c.Credentials.PasscodeMap != "" {
		r.mistake(Prefix+"BROKER_PASSCODE_MAP", "only one of "+Prefix+"BROKER_PASSCODE and "+Prefix+"BROKER_PASSCODE_MAP")
	}
	r.checkReadable("BROKER_PASSCODE_MAP", c.Credentials.PasscodeMap)
}
