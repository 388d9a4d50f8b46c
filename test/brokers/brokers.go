// Package brokers starts real STOMP brokers for the tests: a RabbitMQ, an ActiveMQ Classic and an Artemis, each on
// free loopback ports and with data of its own, and stops them without leaving a process behind. HornetQ and Apollo, which
// are no longer made, it starts for who asks for them.
package brokers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stompgw/stompgw/test/proc"
)

// ErrMissing is the cause when the broker's program is not installed; test/setup.sh installs it.
var ErrMissing = errors.New("not installed")

// User is somebody a broker lets in.
type User struct {
	Login, Passcode string
	// Host is the virtual host that the user has all rights on. The others ignore it.
	Host string
}

func needs(paths ...string) error {
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			return fmt.Errorf("%s: %w (run test/setup.sh)", p, ErrMissing)
		}
	}
	return nil
}

// listeners takes one free loopback address for each pointer.
func listeners(addrs ...*string) error {
	for _, a := range addrs {
		port, err := proc.FreePort()
		if err != nil {
			return err
		}
		*a = fmt.Sprintf("127.0.0.1:%d", port)
	}
	return nil
}

func portOf(addr string) string { return addr[len("127.0.0.1:"):] }

// write makes the files, and the folders above them, readable for this user only.
func write(dir string, files map[string]string) error {
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
