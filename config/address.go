package config

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Address is where browsers connect: host:port, unix:/path, systemd or
// systemd:name.
type Address string

// String gives the address as its variable has it.
func (a Address) String() string { return string(a) }

const addressForm = "host:port, unix:/path, systemd or systemd:name"

// mostSocketPath is the longest path of a Unix socket that every system takes,
// with room for the name it has while it is made.
const mostSocketPath = 80

func parseAddress(s string) (Address, error) {
	kind, rest, named := strings.Cut(s, ":")
	switch {
	case kind == "unix" && !filepath.IsAbs(rest), kind == "unix" && filepath.Clean(rest) != rest:
		return "", unexpected("unix: with an absolute path, such as unix:/run/stompgw/browsers.sock")
	case kind == "unix" && len(rest) > mostSocketPath:
		return "", unexpected(fmt.Sprintf("unix: with a path of at most %d bytes", mostSocketPath))
	case kind == "unix", kind == "systemd" && named == (rest != ""):
		return Address(s), nil
	case !isHostPort(s):
		return "", unexpected(addressForm + ", such as :8080")
	}
	return Address(s), nil
}

// FileMode is the permissions of a file.
type FileMode fs.FileMode

// String gives the octal form.
func (m FileMode) String() string { return fmt.Sprintf("%#o", uint32(m)) }

// UnmarshalText reads the octal form.
func (m *FileMode) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 8, 32)
	*m = FileMode(n)
	return err
}
