package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/crypto/bcrypt"
)

// maxPasscode is where bcrypt stops reading, in bytes.
const maxPasscode = 72

// users is the method of the users file.
type users struct {
	file *watchedFile[userTable]
	// Hashing is meant to be slow. busy has a place for each login that is hashed,
	// which leaves processors to the sessions; queue has one for each that is hashed
	// or waits for it.
	busy, queue chan struct{}
}

// maxWaiting is how many logins may wait for their turn.
const maxWaiting = 64

func newUsers(file string, failed func(error)) (*users, error) {
	if file == "" {
		return nil, errors.New("auth: users: no file")
	}
	watched, err := watch(file, parseUsers, failed)
	if err != nil {
		return nil, &FileError{"UsersFile", err}
	}
	atOnce := max(1, runtime.GOMAXPROCS(0)/2)
	return &users{file: watched, busy: make(chan struct{}, atOnce), queue: make(chan struct{}, atOnce+maxWaiting)}, nil
}

func (m *users) identify(ctx context.Context, _ *Request, c *Connect) (*Identity, error) {
	if c == nil {
		return nil, errNeedsConnect
	}
	login, _ := c.Header("login")
	if login == "" {
		return nil, nil
	}
	passcode, _ := c.Header("passcode")
	table := m.file.get()
	u, known := table.users[login]
	if !known {
		u.hash = table.decoy
	}
	same, err := m.compare(ctx, u.hash, passcode)
	if err != nil {
		return nil, unavailable(err)
	}
	if !known || !same {
		return nil, refuse(Unauthenticated, "login or passcode is wrong", nil)
	}
	return &Identity{Principal: Principal{Name: login, Method: Users, Claims: u.claims}}, nil
}

// compare hashes a passcode when it is its turn. The error says that too many wait.
func (m *users) compare(ctx context.Context, hash []byte, passcode string) (bool, error) {
	select {
	case m.queue <- struct{}{}:
		defer func() { <-m.queue }()
	default:
		return false, fmt.Errorf("more than %d logins wait to be checked", maxWaiting)
	}
	select {
	case m.busy <- struct{}{}:
		defer func() { <-m.busy }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	tooLong := len(passcode) > maxPasscode // its beginning must not do
	err := bcrypt.CompareHashAndPassword(hash, []byte(passcode))
	return err == nil && !tooLong, nil
}
