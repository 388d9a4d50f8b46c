package config

import (
	"errors"
	"net/netip"
	"reflect"

	"github.com/caarlos0/env/v11"
)

// Parse reads a configuration out of environ, whose entries are NAME=value as
// os.Environ gives them; of two with one name the later counts, and an empty
// value is none. Variables without the prefix are ignored.
//
// It reads the files that the environment names and nothing else. The error is
// Mistakes, and the Config is of no use then.
func Parse(environ []string) (Config, error) {
	var c Config
	known := fieldsOf(&c)
	r := newReading(environ, known)
	for topic := range topicsOf(&c) {
		r.parseTopic(topic)
	}
	for _, f := range known {
		if !r.bad[f.name] && !f.rule.holds(f.value.Interface()) {
			r.mistake(f.name, f.rule.expected())
		}
	}
	r.checkTogether(&c)
	return c, r.err()
}

// parsers are for the lists, whose items the env package would not trim.
var parsers = map[reflect.Type]env.ParserFunc{
	reflect.TypeFor[[]string]():       listOf("path", parsePath),
	reflect.TypeFor[[]Endpoint]():     listOf("broker", parseEndpoint),
	reflect.TypeFor[[]netip.Prefix](): listOf("proxy", parseProxy),
	reflect.TypeFor[[]Address]():      listOf("address", parseAddress),
	reflect.TypeFor[[]Transport]():    listOf("transport", parseTransport),
	reflect.TypeFor[[]Peer]():         listOf("peer", parsePeer),
	reflect.TypeFor[[]HostName]():     listOf("name", parseHostName),

	reflect.TypeFor[[]ConnectHeader](): listOf("header", parseConnectHeader),

	reflect.TypeFor[[]AuthMethod]():    listOf("method", parseAuthMethod),
	reflect.TypeFor[[]TokenSource]():   listOf("place", parseSource),
	reflect.TypeFor[[]Audience]():      listOf("audience", parseAudience),
	reflect.TypeFor[[]JWTAlgorithm]():  listOf("algorithm", parseAlgorithm),
	reflect.TypeFor[[]WebhookSecret](): listOf("thing", parseWebhookSecret),
}

// parseTopic fills in one field of Config. The env package names the field that
// an error is about, which is distinct within a topic only.
func (r *reading) parseTopic(topic reflect.Value) {
	err := env.ParseWithOptions(topic.Addr().Interface(), env.Options{
		Environment: r.values,
		Prefix:      Prefix,
		FuncMap:     parsers,
	})
	var all env.AggregateError
	if err != nil && !errors.As(err, &all) {
		panic(err) // the env package returns nothing else
	}
	for _, err := range all.Errors {
		var parse env.ParseError
		if !errors.As(err, &parse) {
			panic(err) // a tag that the env package does not know
		}
		field, _ := topic.Type().FieldByName(parse.Name)
		f := r.known[Prefix+field.Tag.Get("env")]
		expected := f.rule.expected()
		if u, ok := parse.Err.(unexpected); ok {
			expected = string(u)
		}
		r.mistake(f.name, expected)
	}
}
