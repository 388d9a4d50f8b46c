package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// BrokerMode is where the login at the broker comes from.
type BrokerMode string

// The modes. In all but Passthrough the client's login, passcode and host never
// reach the broker.
const (
	Passthrough BrokerMode = "passthrough" // the client's own; "" means this too
	Service     BrokerMode = "service"     // one login for all
	PassToken   BrokerMode = "token"       // the JWT as passcode, for RabbitMQ's OAuth 2
	Map         BrokerMode = "map"         // made of the principal's name and claims
)

// BrokerOptions say what CONNECT tells the broker. A webhook's answer replaces
// them for its session.
type BrokerOptions struct {
	Mode BrokerMode
	// Login: of Service; in mode PassToken what stands beside the token, "" for the
	// principal's name; in mode Map a template such as app-{claims.tenant}.
	Login string
	// Passcode: of Service, and of Map where there is no PasscodesFile. A secret.
	Passcode string
	// Host is the virtual host, in mode Map a template. "" leaves the header out, and
	// in mode Passthrough leaves the client's.
	Host string
	// PasscodesFile has a line login:passcode for each login that mode Map can make.
	// It is read again when it changes.
	PasscodesFile string
}

// BrokerLogin is what CONNECT says to the broker for one session.
type BrokerLogin struct {
	Login, Passcode, Host Word
	// Drop names other headers of the client's CONNECT that must not go on, because
	// tokens come in them.
	Drop []string
}

// Word is one header of CONNECT.
type Word struct {
	// Client says that the client's own goes on, as it said it or left it out.
	Client bool
	// Text is what stands in its place. An empty login and passcode are sent as such,
	// since a client without them is guest at RabbitMQ; an empty host is left out.
	// It may hold a secret.
	Text string
}

var ownWord = Word{Client: true}

// brokerLogins makes the login of each session.
type brokerLogins struct {
	options     BrokerOptions
	login, host template
	passcodes   *watchedFile[map[string]string] // nil for none
	drop        []string
	// tokenInPasscode says that the client's passcode may be a token, which is not
	// for the broker.
	tokenInPasscode bool
}

func newBrokerLogins(o *Options, failed func(error)) (b brokerLogins, err error) {
	b.options = o.Broker
	setDefault(&b.options.Mode, Passthrough)
	if slices.Contains(o.Methods, JWT) {
		b.tokensIn(o.JWT.Sources)
	}
	if slices.Contains(o.Methods, Webhook) && slices.Contains(o.Webhook.Send, SendAuthorization) {
		b.drop = append(b.drop, "Authorization", "authorization")
	}
	for _, text := range []string{o.Broker.Login, o.Broker.Passcode, o.Broker.Host} {
		if strings.ContainsAny(text, "\r\n\x00") {
			return b, errors.New("auth: the broker's login, passcode or host has a line break or NUL")
		}
	}
	switch b.options.Mode {
	case Passthrough:
	case Service:
		if o.Broker.Login == "" {
			err = errors.New("auth: broker mode service without a login")
		}
	case PassToken:
		if !slices.Contains(o.Methods, JWT) {
			err = errors.New("auth: broker mode token without method jwt")
		}
	case Map:
		err = b.readMap(failed)
	default:
		err = fmt.Errorf("auth: unknown broker mode %q", o.Broker.Mode)
	}
	return b, err
}

func (b *brokerLogins) tokensIn(sources []Source) {
	for _, s := range sources {
		switch {
		case !s.inConnect(), s.name == "login", s.name == "host":
		case s.name == "passcode":
			b.tokenInPasscode = true
		default:
			b.drop = append(b.drop, s.name)
		}
	}
}

func (b *brokerLogins) readMap(failed func(error)) error {
	if b.options.Login == "" {
		return errors.New("auth: broker mode map without a login")
	}
	var errs [2]error
	b.login, errs[0] = parseTemplate(b.options.Login)
	b.host, errs[1] = parseTemplate(b.options.Host)
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("auth: broker mode map: %w", err)
	}
	if b.options.PasscodesFile == "" {
		return nil
	}
	var err error
	if b.passcodes, err = watch(b.options.PasscodesFile, parsePasscodes, failed); err != nil {
		return &FileError{"Broker.PasscodesFile", err}
	}
	return nil
}

// parsePasscodes reads lines of login:passcode; blank ones and those that begin
// with # are nothing. Errors name the line and nothing of its text.
func parsePasscodes(text []byte) (map[string]string, error) {
	passcodes := map[string]string{}
	var errs []error
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		login, passcode, ok := strings.Cut(line, ":")
		_, twice := passcodes[login]
		if !ok || login == "" || twice || strings.ContainsAny(passcode, "\r\x00") {
			errs = append(errs, fmt.Errorf("line %d: expected login:passcode, each login once", number))
			continue
		}
		passcodes[login] = passcode
	}
	return passcodes, errors.Join(errs...)
}

// Credentials says what the broker is told for a session: the answer of a webhook
// or what the options have it. The error is a Refusal.
func (a *Authenticator) Credentials(id *Identity, c *Connect) (*BrokerLogin, error) {
	login, err := a.broker.of(id, c)
	if err != nil {
		return nil, badIdentity(fmt.Errorf("login at the broker: %w", err))
	}
	login.Drop = a.broker.drop
	return login, nil
}

func (b *brokerLogins) of(id *Identity, c *Connect) (*BrokerLogin, error) {
	if id.Broker != nil {
		return b.answered(id.Broker)
	}
	switch b.options.Mode {
	case Service:
		return b.fixed(b.options.Login, b.options.Passcode, b.options.Host), nil
	case PassToken:
		return b.ofToken(id)
	case Map:
		return b.mapped(&id.Principal)
	}
	return b.passedOn(id, c), nil
}

func (b *brokerLogins) fixed(login, passcode, host string) *BrokerLogin {
	return &BrokerLogin{Login: Word{Text: login}, Passcode: Word{Text: passcode}, Host: Word{Text: host}}
}

// passedOn gives the client's own, but for what is a token.
func (b *brokerLogins) passedOn(id *Identity, c *Connect) *BrokerLogin {
	word := func(name string) Word {
		if value, _ := c.Header(name); id.Token != "" && strings.Contains(value, id.Token) {
			return Word{}
		}
		return ownWord
	}
	login := &BrokerLogin{Login: word("login"), Passcode: word("passcode"), Host: word("host")}
	if b.tokenInPasscode && len(passcodeSource.connectTokens(c)) > 0 {
		login.Passcode = Word{}
	}
	if b.options.Host != "" {
		login.Host = Word{Text: b.options.Host}
	}
	return login
}

// answered is what a webhook gave.
func (b *brokerLogins) answered(c *Credentials) (*BrokerLogin, error) {
	host := c.Host
	if host == "" && b.options.Mode != Map {
		host = b.options.Host
	}
	for _, text := range []string{c.Login, host} {
		if err := checkText(text); err != nil {
			return nil, err
		}
	}
	if strings.ContainsAny(c.Passcode, "\r\n\x00") {
		return nil, errors.New("a line break or NUL in the passcode")
	}
	return b.fixed(c.Login, c.Passcode, host), nil
}

func (b *brokerLogins) ofToken(id *Identity) (*BrokerLogin, error) {
	if id.Token == "" {
		return nil, errors.New("there is no token to pass on")
	}
	login := b.options.Login
	if login == "" {
		if login = id.Name; checkInjected(login) != nil {
			return nil, errors.New("the name has what brokers may misread: set a login to stand beside the token")
		}
	}
	return b.fixed(login, id.Token, b.options.Host), nil
}

func (b *brokerLogins) mapped(p *Principal) (*BrokerLogin, error) {
	login, err := b.login.expand(p)
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	host, err := b.host.expand(p)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	passcode := b.options.Passcode
	if b.passcodes != nil {
		var ok bool
		if passcode, ok = b.passcodes.get()[login]; !ok {
			return nil, fmt.Errorf("no passcode for login %q", short(login))
		}
	}
	return b.fixed(login, passcode, host), nil
}
