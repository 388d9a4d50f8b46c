package config

import "reflect"

// namesOf gives the variables of a topic, without the prefix.
func namesOf(topic any) []string {
	var names []string
	for field := range reflect.TypeOf(topic).Elem().Fields() {
		names = append(names, field.Tag.Get("env"))
	}
	return names
}

// require notes the variables that have no value and need one.
func (r *reading) require(names []string, expected string) {
	for _, name := range names {
		if name = Prefix + name; r.values[name] == "" && !r.bad[name] {
			r.mistake(name, expected)
		}
	}
}

// unused notes the variables that have a value and must not.
func (r *reading) unused(names []string, expected string) {
	for _, name := range names {
		if name = Prefix + name; r.values[name] != "" && !r.bad[name] {
			r.mistake(name, expected)
		}
	}
}

func (r *reading) checkURL(name, value string, allowHTTP bool) {
	if !isServiceURL(value, allowHTTP) {
		r.mistake(Prefix+name, serviceURL.form)
	}
}

// checkReadable tries to read the file that a variable names, if it names one.
func (r *reading) checkReadable(name, file string) {
	if file == "" || !r.good(name) {
		return
	}
	if _, err := readFile(file); err != nil {
		r.mistake(Prefix+name, "a readable file ("+cause(err)+")")
	}
}
