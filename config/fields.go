package config

import (
	"iter"
	"reflect"
)

// field is one variable with the place where its value goes.
type field struct {
	variable
	name      string // with the prefix
	byDefault string
	value     reflect.Value
}

// secret says whether the value must never be shown, and may come from a file.
// The zero field is no secret.
func (f field) secret() bool { return f.value.IsValid() && f.value.Type() == reflect.TypeFor[Secret]() }

// topicsOf gives the structs of c.
func topicsOf(c *Config) iter.Seq[reflect.Value] {
	return func(yield func(reflect.Value) bool) {
		for _, v := range reflect.ValueOf(c).Elem().Fields() {
			if !yield(v) {
				return
			}
		}
	}
}

// fieldsOf gives the variables of c in the order of its fields.
func fieldsOf(c *Config) []field {
	variables := make(map[string]variable)
	for _, t := range topics {
		for _, v := range t.variables {
			variables[v.name] = v
		}
	}
	var all []field
	for topic := range topicsOf(c) {
		for sf, v := range topic.Fields() {
			name := sf.Tag.Get("env")
			all = append(all, field{
				variable:  variables[name],
				name:      Prefix + name,
				byDefault: sf.Tag.Get("envDefault"),
				value:     v,
			})
		}
	}
	return all
}
