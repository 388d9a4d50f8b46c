package auth

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxCost is the highest cost of a bcrypt hash: at 14 one login takes about a
// second of one processor.
const maxCost = 14

// user is one line of a users file.
type user struct {
	hash   []byte
	claims map[string]any
}

// userTable is what a users file says.
type userTable struct {
	users map[string]user
	// decoy is a hash that no passcode has, as dear as the dearest, so that a login
	// that does not exist takes as long as one that does.
	decoy []byte
}

// parseUsers reads lines of "name:hash" or "name:hash:key=value:key=value…", as
// htpasswd -B writes them; the rest of a line are claims. Blank lines and those
// that begin with # are nothing. Errors name the line and nothing of its text.
func parseUsers(text []byte) (userTable, error) {
	table := userTable{users: map[string]user{}}
	var errs []error
	dearest := bcrypt.MinCost
	number := 0
	for line := range bytes.Lines(text) {
		number++
		content := strings.TrimRight(string(line), "\r\n")
		if strings.TrimSpace(content) == "" || strings.HasPrefix(content, "#") {
			continue
		}
		name, u, cost, err := parseUser(content)
		if _, twice := table.users[name]; err == nil && twice {
			err = errors.New("a name that stands above already")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		table.users[name] = u
		dearest = max(dearest, cost)
	}
	table.decoy = fmt.Appendf(nil, "$2a$%02d$%s", dearest, strings.Repeat(".", 53))
	return table, errors.Join(errs...)
}

func parseUser(line string) (name string, u user, cost int, err error) {
	name, rest, _ := strings.Cut(line, ":")
	if err := checkName(name); err != nil {
		return "", u, 0, err
	}
	hash, rest, more := strings.Cut(rest, ":")
	u.hash = []byte(hash)
	cost, err = bcrypt.Cost(u.hash)
	switch {
	case err != nil || len(hash) != 60:
		return "", u, 0, errors.New("no bcrypt hash, as htpasswd -B makes it")
	case cost > maxCost:
		return "", u, 0, fmt.Errorf("a bcrypt cost of %d, over %d", cost, maxCost)
	}
	u.claims = map[string]any{}
	for more {
		var pair string
		pair, rest, more = strings.Cut(rest, ":")
		key, value, ok := strings.Cut(pair, "=")
		if _, twice := u.claims[key]; !ok || key == "" || twice {
			return "", u, 0, errors.New("expected key=value after the hash, each key once")
		}
		u.claims[key] = value
	}
	return name, u, cost, nil
}
