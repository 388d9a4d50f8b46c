// Package auth says who a request or a CONNECT is: a principal, until when, and
// with which credentials the broker gets to know it.
package auth

import (
	"encoding/json"
	"time"
)

// Principal is who a session belongs to. Nothing changes it once it is made, so
// sessions and goroutines may share it.
type Principal struct {
	// Name is what logs, policies and headers call it; "" only for Anonymous.
	Name string
	// Method is how the name was proved.
	Method Method
	// Claims are what is known about it, as encoding/json decodes them: strings,
	// float64, bool, nil, []any and map[string]any.
	Claims map[string]any
	// Expires is when the proof runs out; the zero time is never.
	Expires time.Time
}

// Method is a way to prove who one is, by its name in the configuration.
type Method string

// The methods.
const (
	Anonymous   Method = "none" // nobody was asked: the broker authenticates
	JWT         Method = "jwt"
	Webhook     Method = "webhook"
	Proxy       Method = "proxy"
	Certificate Method = "certificate"
	Users       Method = "users"
)

// Identity is a principal and what came with the proof.
type Identity struct {
	Principal
	// Token is the JWT itself, for brokers that take it as the passcode; "" for
	// none. It is a secret.
	Token string
	// Broker replaces the credentials that the configuration gives the broker; nil
	// leaves them.
	Broker *Credentials
	// Grants are added to the policy's for this session, in the form that the
	// policy file gives them; nil for none.
	Grants json.RawMessage

	question []byte // what the webhook was asked, so that it can be again; it may hold secrets
}

// Credentials are what CONNECT says to a broker. The passcode is a secret.
type Credentials struct {
	Login    string
	Passcode string
	Host     string // virtual host; "" leaves what the configuration says
}
