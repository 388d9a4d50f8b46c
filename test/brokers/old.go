package brokers

import (
	"path/filepath"
	"runtime"
)

// oldHome is where "setup.sh old" puts what it fetches of a broker that is no longer made, and what it compiles.
func oldHome(name string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "old", name)
}

// oldClasses is the class path of such a broker.
func oldClasses(name string, more ...string) string {
	path := oldHome(name) + ":" + filepath.Join(oldHome(name), "lib", "*")
	for _, p := range more {
		path += ":" + p
	}
	return path
}
