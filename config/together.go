package config

import (
	"net"
	"net/netip"
	"slices"
)

// checkTogether notes the values that stand alone but not with another. What
// depends on a variable that is a mistake already is not judged.
func (r *reading) checkTogether(c *Config) {
	r.checkAddresses(c.Server)
	if r.good("BROKER_BACKOFF_MIN", "BROKER_BACKOFF_MAX") && c.Broker.BackoffMin > c.Broker.BackoffMax {
		r.mistake(Prefix+"BROKER_BACKOFF_MIN", "at most "+Prefix+"BROKER_BACKOFF_MAX ("+short(c.Broker.BackoffMax)+")")
	}
	if c.Credentials.Passcode.IsSet() && c.Credentials.Login == "" {
		r.mistake(Prefix+"BROKER_PASSCODE", "only together with "+Prefix+"BROKER_LOGIN")
	}
	r.checkCredentials(c)
	r.checkIdentity(c)
	if c.Policy.File != "" {
		if _, err := readFile(c.Policy.File); err != nil {
			r.mistake(Prefix+"POLICY_FILE", "a readable file ("+cause(err)+")")
		}
	}
	if c.Policy.AuditFile != "" && c.Policy.File == "" {
		r.mistake(Prefix+"AUDIT_FILE", "nothing without "+Prefix+"POLICY_FILE")
	} else if c.Policy.AuditFile != "" && c.Policy.Audit == AuditOff {
		r.mistake(Prefix+"AUDIT_FILE", "nothing with "+Prefix+"AUDIT=off")
	} else if err := tryAppend(c.Policy.AuditFile); err != nil {
		r.mistake(Prefix+"AUDIT_FILE", "a file to append to ("+cause(err)+")")
	}
	if r.good("DRAIN_DELAY", "DRAIN_SPREAD", "DRAIN_TIMEOUT") && c.Drain.Delay+c.Drain.Spread > c.Drain.Timeout {
		r.mistake(Prefix+"DRAIN_TIMEOUT", "at least "+Prefix+"DRAIN_DELAY and "+Prefix+"DRAIN_SPREAD together ("+
			short(c.Drain.Delay+c.Drain.Spread)+")")
	}
	r.checkCluster(c)
	r.checkTLS(c.TLS)
	if r.good("BROKERS") && !slices.ContainsFunc(c.Broker.Endpoints, func(e Endpoint) bool { return e.TLS }) {
		r.unused(namesOf(&c.BrokerTLS), "nothing without a tls:// broker in "+Prefix+"BROKERS")
		return
	}
	r.checkCA("BROKER_TLS_CA_FILE", c.BrokerTLS.CAFile)
	r.checkKeyPair("BROKER_TLS_CERT_FILE", c.BrokerTLS.CertFile, "BROKER_TLS_KEY_FILE", c.BrokerTLS.KeyFile)
}

// checkAddresses notes listeners that would be in each other's way.
func (r *reading) checkAddresses(s Server) {
	if !r.good("LISTEN") {
		return
	}
	for i, a := range s.Listen {
		if r.good("ADMIN_LISTEN") && overlap(string(a), s.AdminListen) {
			r.mistake(Prefix+"ADMIN_LISTEN", "another address than "+Prefix+"LISTEN ("+string(a)+")")
		}
		for _, b := range s.Listen[:i] {
			if overlap(string(a), string(b)) {
				r.mistake(Prefix+"LISTEN", "addresses of which none takes in another ("+string(b)+" and "+string(a)+")")
			}
		}
	}
}

// checkTLS notes what cannot be of the variables about TLS for browsers.
func (r *reading) checkTLS(c TLS) {
	const cert, ca, auth = Prefix + "TLS_CERT_FILE", Prefix + "TLS_CLIENT_CA_FILE", Prefix + "TLS_CLIENT_AUTH"
	if c.CertFile == "" {
		for name, set := range map[string]bool{
			Prefix + "TLS_MIN_VERSION": c.MinVersion != TLS12, auth: c.ClientAuth != ClientAuthOff, ca: c.ClientCAFile != "",
		} {
			if set && !r.bad[name] {
				r.mistake(name, "nothing without "+cert)
			}
		}
	} else if r.good("TLS_CLIENT_AUTH") {
		switch {
		case c.ClientCAFile == "" && c.ClientAuth != ClientAuthOff:
			r.mistake(auth, "a CA in "+ca+" where it is not off")
		case c.ClientCAFile != "" && c.ClientAuth == ClientAuthOff:
			r.mistake(ca, "nothing while "+auth+" is off")
		}
	}
	r.checkCA("TLS_CLIENT_CA_FILE", c.ClientCAFile)
	r.checkKeyPair("TLS_CERT_FILE", c.CertFile, "TLS_KEY_FILE", c.KeyFile)
}

// good says whether none of the variables is a mistake.
func (r *reading) good(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return r.bad[Prefix+name] })
}

// overlap says whether one process cannot listen at both addresses: same port,
// and the same host or one that stands for all. Only host:port is looked at.
func overlap(a, b string) bool {
	hostA, portA, err := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	return err == nil && portA == portB && portA != "0" && (hostA == hostB || isEvery(hostA) || isEvery(hostB))
}

func isEvery(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}
