package auth

import (
	"slices"
	"strings"
	"testing"
)

func TestCredentials(t *testing.T) {
	passcodes := "# a comment\n\napp-acme:s3cret:\\\r\nalice:x\napp-a#1:y\n"
	jwtIn := func(list string) Options {
		return Options{Methods: []Method{JWT}, JWT: JWTOptions{
			Issuer: "x", Audience: []string{"x"}, Secret: make([]byte, minSecret), Sources: sources(t, list)}}
	}
	with := func(o Options, b BrokerOptions) Options { o.Broker = b; return o }
	mapped := BrokerOptions{Mode: Map, Login: "app-{claims.tenant}", Host: "{claims.vhost}", PasscodesFile: writeFile(t, "passcodes", passcodes)}
	free := BrokerOptions{Mode: Map, Login: "app-{claims.tenant}", Passcode: "p"}
	alice := func(claims map[string]any) *Identity {
		return &Identity{Principal: Principal{Name: "alice", Method: JWT, Claims: claims}, Token: "eyJ.a.b"}
	}
	tenant := func(name any) *Identity { return alice(map[string]any{"tenant": name, "vhost": "v"}) }
	client := connect("login", "l", "passcode", "p", "host", "h")
	own := Word{Client: true}
	gives := func(login, passcode, host string) BrokerLogin {
		return BrokerLogin{Login: Word{Text: login}, Passcode: Word{Text: passcode}, Host: Word{Text: host}}
	}
	for _, test := range []struct {
		name    string
		options Options
		id      *Identity
		connect *Connect
		want    BrokerLogin
		code    string
	}{
		{"passthrough", Options{}, &Identity{Principal: Principal{Method: Anonymous}}, client, BrokerLogin{Login: own, Passcode: own, Host: own}, ""},
		{"passthrough, set host", with(Options{}, BrokerOptions{Host: "v"}), alice(nil), client, BrokerLogin{Login: own, Passcode: own, Host: Word{Text: "v"}}, ""},
		{"passthrough, token in the passcode", jwtIn("connect:passcode"), alice(nil), connect("login", "l", "passcode", "eyJ.a.b"), BrokerLogin{Login: own, Host: own}, ""},
		{"passthrough, another token in the passcode", jwtIn("header,connect:passcode"), alice(nil), connect("passcode", "Bearer eyJ.c.d"), BrokerLogin{Login: own, Host: own}, ""},
		{"passthrough, a token in the passcode where none is looked for", jwtIn("header"), alice(nil), connect("passcode", "eyJ.c.d"), BrokerLogin{Login: own, Passcode: own, Host: own}, ""},
		{"passthrough, login and host", jwtIn("connect:login,connect:host"), alice(nil), client, BrokerLogin{Login: own, Passcode: own, Host: own}, ""},
		{"passthrough, the token where none is looked for", jwtIn("header"), alice(nil), connect("login", "eyJ.a.b", "host", "Bearer eyJ.a.b", "passcode", "p"), BrokerLogin{Passcode: own}, ""},
		{"passthrough, header", jwtIn("connect:Authorization,connect:x,connect:passcode"), alice(nil), client,
			BrokerLogin{Login: own, Passcode: own, Host: own, Drop: []string{"Authorization", "x"}}, ""},
		{"service", with(Options{}, BrokerOptions{Mode: Service, Login: "s", Passcode: `p:\`}), alice(nil), client, gives("s", `p:\`, ""), ""},
		{"service, header", with(jwtIn("connect:x"), BrokerOptions{Mode: Service, Login: "s", Host: "v"}), alice(nil), client,
			BrokerLogin{Login: Word{Text: "s"}, Host: Word{Text: "v"}, Drop: []string{"x"}}, ""},
		{"token", with(jwtIn("header"), BrokerOptions{Mode: PassToken, Host: "v"}), alice(nil), client, gives("alice", "eyJ.a.b", "v"), ""},
		{"token, set login", with(jwtIn("header"), BrokerOptions{Mode: PassToken, Login: "x"}), alice(nil), client, gives("x", "eyJ.a.b", ""), ""},
		{"token, there is none", with(jwtIn("header"), BrokerOptions{Mode: PassToken}), &Identity{Principal: Principal{Name: "a", Method: Users}}, client, BrokerLogin{}, BadIdentity},
		{"token, name with a colon", with(jwtIn("header"), BrokerOptions{Mode: PassToken}), &Identity{Principal: Principal{Name: "a:b"}, Token: "t"}, client, BrokerLogin{}, BadIdentity},
		{"map", with(Options{}, mapped), tenant("acme"), client, gives("app-acme", `s3cret:\`, "v"), ""},
		// Nothing but the check of the claim refuses these.
		{"map, any login, line break", with(Options{}, free), tenant("acme\nx:y"), client, BrokerLogin{}, BadIdentity},
		{"map, any login, colon", with(Options{}, free), tenant("a:b"), client, BrokerLogin{}, BadIdentity},
		{"map, any login, backslash", with(Options{}, free), tenant(`a\nb`), client, BrokerLogin{}, BadIdentity},
		{"map, any login, blank", with(Options{}, free), tenant("acme "), client, BrokerLogin{}, BadIdentity},
		{"map, any login, long", with(Options{}, free), tenant(strings.Repeat("a", maxName+1)), client, BrokerLogin{}, BadIdentity},
		{"map, any login, longest", with(Options{}, free), tenant(strings.Repeat("a", maxName)), client, gives("app-"+strings.Repeat("a", maxName), "p", ""), ""},
		{"map, number sign", with(Options{}, mapped), &Identity{Principal: Principal{Claims: map[string]any{"tenant": "a#1", "vhost": "v"}}}, client, gives("app-a#1", "y", "v"), ""},
		{"map, one passcode", with(Options{}, BrokerOptions{Mode: Map, Login: "{name}", Passcode: "p"}), alice(nil), client, gives("alice", "p", ""), ""},
		{"map, no passcode", with(Options{}, mapped), tenant("other"), client, BrokerLogin{}, BadIdentity},
		{"map, no claim", with(Options{}, mapped), alice(map[string]any{"vhost": "v"}), client, BrokerLogin{}, BadIdentity},
		{"map, empty claim", with(Options{}, mapped), tenant(""), client, BrokerLogin{}, BadIdentity},
		{"map, list", with(Options{}, mapped), tenant([]any{"acme"}), client, BrokerLogin{}, BadIdentity},
		{"map, fraction", with(Options{}, mapped), tenant(1.5), client, BrokerLogin{}, BadIdentity},
		{"map, line break", with(Options{}, mapped), tenant("acme\nx:y"), client, BrokerLogin{}, BadIdentity},
		{"map, carriage return", with(Options{}, mapped), tenant("acme\r"), client, BrokerLogin{}, BadIdentity},
		{"map, NUL", with(Options{}, mapped), tenant("acme\x00"), client, BrokerLogin{}, BadIdentity},
		{"map, colon", with(Options{}, mapped), tenant("a:b"), client, BrokerLogin{}, BadIdentity},
		{"map, backslash", with(Options{}, mapped), tenant(`a\nb`), client, BrokerLogin{}, BadIdentity},
		{"map, blank", with(Options{}, mapped), tenant("acme "), client, BrokerLogin{}, BadIdentity},
		{"map, not UTF-8", with(Options{}, mapped), tenant("a\xff"), client, BrokerLogin{}, BadIdentity},
		{"map, long", with(Options{}, mapped), tenant(strings.Repeat("a", maxName+1)), client, BrokerLogin{}, BadIdentity},
		{"webhook, no host", with(Options{}, BrokerOptions{Mode: Service, Login: "s", Passcode: "p", Host: "v"}), &Identity{Broker: &Credentials{Login: "l", Passcode: "q"}}, client, gives("l", "q", "v"), ""},
		{"webhook, no host, map", with(Options{}, mapped), &Identity{Broker: &Credentials{Login: "l", Passcode: "q"}}, client, gives("l", "q", ""), ""},
		{"webhook, line break in the host", Options{}, &Identity{Broker: &Credentials{Login: "l", Host: "v\n"}}, client, BrokerLogin{}, BadIdentity},
		{"webhook, NUL in the passcode", Options{}, &Identity{Broker: &Credentials{Login: "l", Passcode: "a\x00b"}}, client, BrokerLogin{}, BadIdentity},
		{"webhook, carriage return in the passcode", Options{}, &Identity{Broker: &Credentials{Login: "l", Passcode: "a\r"}}, client, BrokerLogin{}, BadIdentity},
		{"webhook, no header", Options{Methods: []Method{Webhook}, Webhook: WebhookOptions{URL: "https://hook.example", Send: []WebhookSecret{SendPasscode}}}, alice(nil), client,
			BrokerLogin{Login: own, Passcode: own, Host: own}, ""},
		{"webhook, header", Options{Methods: []Method{Webhook}, Webhook: WebhookOptions{URL: "https://hook.example", Send: []WebhookSecret{SendAuthorization}}}, alice(nil), client,
			BrokerLogin{Login: own, Passcode: own, Host: own, Drop: []string{"Authorization", "authorization"}}, ""},
		{"webhook, line break", Options{}, &Identity{Broker: &Credentials{Login: "l\n"}}, client, BrokerLogin{}, BadIdentity},
		{"webhook, line break in the passcode", Options{}, &Identity{Broker: &Credentials{Login: "l", Passcode: "a\nb"}}, client, BrokerLogin{}, BadIdentity},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAuthenticator(t, test.options)
			got, err := a.Credentials(test.id, test.connect)
			if c := code(t, err); c != test.code {
				t.Fatalf("got %q (%v), want %q", c, err, test.code)
			}
			if err != nil {
				return
			}
			if got.Login != test.want.Login || got.Passcode != test.want.Passcode || got.Host != test.want.Host || !slices.Equal(got.Drop, test.want.Drop) {
				t.Errorf("got %+v, want %+v", *got, test.want)
			}
		})
	}
}

func TestPasscodesFileMistakes(t *testing.T) {
	_, err := parsePasscodes([]byte("a:b\nsecret\n:x\na:c\nok:\nx:a\rb\ny:a\x00b\n"))
	const line = ": expected login:passcode, each login once"
	if want := "line 2" + line + "\nline 3" + line + "\nline 4" + line + "\nline 6" + line + "\nline 7" + line; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTemplates(t *testing.T) {
	p := &Principal{Name: "al", Claims: map[string]any{"a": map[string]any{"b": "c"}, "https://x.example/t": "url", "a.b": "whole", "n": 12.0, "big": 1e300}}
	for _, test := range []struct{ text, want string }{
		{"", ""}, {"x", "x"}, {"{name}", "al"}, {"a-{name}-{claims.n}", "a-al-12"}, {"{claims.a.b}", "whole"},
		{"{claims.https://x.example/t}", "url"}, {"{claims.big}", "!"}, {"{claims.a}", "!"}, {"{claims.a.x}", "!"}, {"{claims.a.b.c}", "!"},
	} {
		tmpl, err := parseTemplate(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		got, err := tmpl.expand(p)
		if err != nil {
			got = "!"
		}
		if got != test.want {
			t.Errorf("%s: got %s (%v), want %s", test.text, got, err, test.want)
		}
	}
	nameless, err := parseTemplate("a-{name}")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := nameless.expand(&Principal{}); err == nil || err.Error() != "the name is missing, or is no text" {
		t.Errorf("nobody: got %q, %v", got, err)
	}
	for text, want := range map[string]string{
		"{": "a { without its }", "a}": "a } without its {", "{}": "expected {name} or {claims.<claim>}, not {}",
		"{claims.}": "expected {name} or {claims.<claim>}, not {claims.}", "{{name}}": "expected {name} or {claims.<claim>}, not {{name}",
		"{" + strings.Repeat("x", 65) + "}": "expected {name} or {claims.<claim>}, not {" + strings.Repeat("x", 64) + "…}",
		"{claims.{name}}":                   "expected {name} or {claims.<claim>}, not {claims.{name}", "{Name}": "expected {name} or {claims.<claim>}, not {Name}",
	} {
		if _, err := parseTemplate(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// FuzzTemplate: whatever a claim holds, what comes out is the template's text with
// a harmless value in its places.
func FuzzTemplate(f *testing.F) {
	f.Add("app-{claims.t}", "acme")
	f.Add("{name}{claims.t}", "a\nlogin:admin")
	f.Fuzz(func(t *testing.T, text, claim string) {
		tmpl, err := parseTemplate(text)
		if err != nil {
			return
		}
		got, err := tmpl.expand(&Principal{Name: "n", Claims: map[string]any{"t": claim}})
		if err != nil {
			return
		}
		want := strings.ReplaceAll(strings.ReplaceAll(text, "{name}", "n"), "{claims.t}", claim)
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if strings.Contains(text, "{claims.t}") && (strings.ContainsAny(claim, "\r\n\x00:\\") || strings.TrimSpace(claim) != claim) {
			t.Errorf("%q went in", claim)
		}
	})
}
