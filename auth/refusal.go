package auth

import "fmt"

// The codes of a Refusal. They are for programs and do not change.
const (
	Unauthenticated  = "unauthenticated"    // no proof, or a login that is wrong
	BadToken         = "bad_token"          // a token that proves nothing
	TokenExpired     = "token_expired"      // a token that did, once
	BadIdentity      = "bad_identity"       // proved, but of no use: no name, or one that a broker would misread
	NotSamePrincipal = "not_same_principal" // a renewal or a recheck that is about somebody else
	Unavailable      = "auth_unavailable"   // nobody can tell now
)

// Refusal says why a client may not come in, or may not stay.
type Refusal struct {
	Code    string // one of the codes above
	Message string // a sentence that the client may read
	// Temporary says that the same proof may do later: it was not found wrong.
	Temporary bool
	// Cause is for the log, and holds no secret; nil where Message says it all.
	Cause error
}

// Error gives the code and, if there is one, the cause: it is for logs.
func (r *Refusal) Error() string {
	if r.Cause == nil {
		return r.Code + ": " + r.Message
	}
	return fmt.Sprintf("%s: %v", r.Code, r.Cause)
}

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

func refuse(code, message string, cause error) *Refusal {
	return &Refusal{Code: code, Message: message, Cause: cause}
}

func badToken(cause error) *Refusal {
	return refuse(BadToken, "the token is not accepted", cause)
}

func badIdentity(cause error) *Refusal {
	return refuse(BadIdentity, "the identity cannot be used here", cause)
}

func unavailable(cause error) *Refusal {
	return &Refusal{Code: Unavailable, Message: "who you are cannot be checked now, try again later", Temporary: true, Cause: cause}
}
