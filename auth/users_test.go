package auth

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/stompgw/stompgw/internal/eventually"
)

// hash makes a cheap hash in the form of htpasswd -B.
func hash(passcode string, cost int) string {
	h, err := bcrypt.GenerateFromPassword([]byte(passcode), cost)
	if err != nil {
		panic(err)
	}
	return "$2y$" + strings.TrimPrefix(string(h), "$2a$")
}

var bobsHash = hash("secret", bcrypt.MinCost)

func TestUsers(t *testing.T) {
	long := strings.Repeat("x", maxPasscode)
	file := writeFile(t, "users", "# people\n\n \nbob:"+bobsHash+"\r\nann:"+hash("", 4)+":tenant=acme#1:role=a=b\nlong:"+hash(long, 4)+"\n")
	a := newAuthenticator(t, Options{Methods: []Method{Users}, UsersFile: file})
	for _, test := range []struct {
		connect *Connect
		who     string
		code    string
	}{
		{connect("login", "bob", "passcode", "secret"), "bob", ""},
		{connect("login", "bob", "passcode", "Secret"), "", Unauthenticated},
		{connect("login", "bob", "passcode", ""), "", Unauthenticated},
		{connect("login", "bob"), "", Unauthenticated},
		{connect("login", "Bob", "passcode", "secret"), "", Unauthenticated},
		{connect("login", "eve", "passcode", "secret"), "", Unauthenticated},
		{connect("login", "", "passcode", "secret"), "", Unauthenticated},
		{connect("passcode", "secret"), "", Unauthenticated},
		{connect("login", "bob", "login", "eve", "passcode", "secret", "passcode", "x"), "bob", ""},
		{connect("login", "ann", "passcode", ""), "ann", ""},
		{connect("login", "long", "passcode", long), "long", ""},
		{connect("login", "long", "passcode", long+"y"), "", Unauthenticated}, // bcrypt alone would take it
	} {
		id, err := a.FromConnect(context.Background(), request(), test.connect)
		expect(t, id, err, test.who, test.code)
		if id != nil && id.Name == "ann" && (id.Claims["tenant"] != "acme#1" || id.Claims["role"] != "a=b" || id.Method != Users) {
			t.Errorf("got %+v", id)
		}
	}
}

// TestUnknownUserTakesAsLong: the decoy is a hash that is worked through.
func TestUnknownUserTakesAsLong(t *testing.T) {
	table, err := parseUsers([]byte("bob:" + hash("secret", 6) + "\nann:" + hash("x", 4)))
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost(table.decoy); err != nil || cost != 6 {
		t.Errorf("got cost %d, %v, want the dearest", cost, err)
	}
	if err := bcrypt.CompareHashAndPassword(table.decoy, []byte("secret")); err != bcrypt.ErrMismatchedHashAndPassword {
		t.Errorf("got %v, want a mismatch after the work", err)
	}
	if table, err = parseUsers(nil); err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost(table.decoy); err != nil || cost != bcrypt.MinCost {
		t.Errorf("nobody in the file: got cost %d, %v", cost, err)
	}

	m, err := newUsers(writeFile(t, "users", "bob:"+hash("secret", 10)), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	eve := func() string {
		_, err := m.identify(context.Background(), request(), connect("login", "eve", "passcode", "secret"))
		return code(t, err)
	}
	begin := time.Now()
	if got := eve(); got != Unauthenticated {
		t.Errorf("got %q", got)
	}
	if took := time.Since(begin); took < 5*time.Millisecond { // a tenth of what a fast processor needs
		t.Errorf("an unknown login took %v: nothing was hashed", took)
	}
	m.file.value.decoy = []byte(bobsHash)
	if got := eve(); got != Unauthenticated {
		t.Errorf("the decoy lets in: got %q", got)
	}
}

func TestUsersFileMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"bob":                               "line 1: no bcrypt hash, as htpasswd -B makes it",
		"bob:secret":                        "line 1: no bcrypt hash, as htpasswd -B makes it",
		"bob:$apr1$x$y":                     "line 1: no bcrypt hash, as htpasswd -B makes it",
		"bob:" + bobsHash[:59]:              "line 1: no bcrypt hash, as htpasswd -B makes it",
		"bob:$2y$15$" + bobsHash[7:]:        "line 1: a bcrypt cost of 15, over 14",
		":" + bobsHash:                      "line 1: the name is empty",
		" bob:" + bobsHash:                  "line 1: white space at an end",
		"bob:" + bobsHash + ":x":            "line 1: expected key=value after the hash, each key once",
		"bob:" + bobsHash + ":":             "line 1: expected key=value after the hash, each key once",
		"bob:" + bobsHash + ":=x":           "line 1: expected key=value after the hash, each key once",
		"bob:" + bobsHash + ":a=1:a=2":      "line 1: expected key=value after the hash, each key once",
		"\n#\nb:" + bobsHash + "\nb:x\nc:y": "line 4: no bcrypt hash, as htpasswd -B makes it\nline 5: no bcrypt hash, as htpasswd -B makes it",
		"b:" + bobsHash + "\nb:" + bobsHash: "line 2: a name that stands above already",
	} {
		if _, err := parseUsers([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestUsersFileIsReadAgain(t *testing.T) {
	file := writeFile(t, "users", "bob:"+bobsHash)
	failed := make(chan error, 10)
	a := newAuthenticator(t, Options{Methods: []Method{Users}, UsersFile: file, Failed: func(err error) { failed <- err }})
	logsIn := func(login string) bool {
		_, err := a.FromConnect(context.Background(), request(), connect("login", login, "passcode", "secret"))
		return err == nil
	}
	writeFile(t, file, "ann:"+bobsHash)
	eventually.True(t, "ann logs in", func() bool { return logsIn("ann") })
	if logsIn("bob") {
		t.Error("bob still logs in")
	}
	writeFile(t, file, "half a line")
	eventually.True(t, "the mistake is told", func() bool { return logsIn("ann") && len(failed) == 1 })
	if err := <-failed; !strings.Contains(err.Error(), "line 1") || strings.Contains(err.Error(), "half") {
		t.Errorf("got %v, want the line and nothing of its text", err)
	}
	writeFile(t, file, "eve:"+bobsHash+strings.Repeat("\n", maxFile))
	eventually.True(t, "the large file is told", func() bool { return logsIn("ann") && len(failed) == 1 })
	if err := <-failed; !strings.Contains(err.Error(), "larger than 4194304 bytes") || logsIn("eve") {
		t.Errorf("got %v, and the begin of a large file may count", err)
	}
}

// TestLoginFlood: more logins than may wait are refused for the time being, and
// what hashes is bounded.
func TestLoginFlood(t *testing.T) {
	m, err := newUsers(writeFile(t, "users", "bob:"+bobsHash), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	if procs := runtime.GOMAXPROCS(0); cap(m.busy) > max(1, procs-1) || cap(m.queue) != cap(m.busy)+maxWaiting {
		t.Errorf("got %d at once on %d processors and %d in all", cap(m.busy), procs, cap(m.queue))
	}
	for range cap(m.busy) {
		m.busy <- struct{}{} // as if hashing
	}
	ctx, cancel := context.WithCancel(context.Background())
	var waiting sync.WaitGroup
	for range cap(m.queue) {
		waiting.Go(func() {
			_, err := m.identify(ctx, request(), connect("login", "bob", "passcode", "secret"))
			if got := code(t, err); got != Unavailable {
				t.Errorf("got %q, want %s when the context ends", got, Unavailable)
			}
		})
	}
	eventually.True(t, "the queue is full", func() bool { return len(m.queue) == cap(m.queue) })
	begin := time.Now()
	_, err = m.identify(ctx, request(), connect("login", "bob", "passcode", "secret"))
	if code(t, err) != Unavailable || time.Since(begin) > patience/2 {
		t.Errorf("got %v after %v, want a refusal at once", err, time.Since(begin))
	}
	cancel()
	waiting.Wait()
	<-m.busy
	if _, err := m.identify(context.Background(), request(), connect("login", "bob", "passcode", "secret")); err != nil {
		t.Errorf("got %v when the flood is over", err)
	}
	if len(m.queue) != 0 {
		t.Errorf("%d places are still taken", len(m.queue))
	}
}

func FuzzUsersFile(f *testing.F) {
	f.Add([]byte("bob:" + bobsHash + ":a=b\n# x\n"))
	f.Add([]byte("bob:" + bobsHash + "\r\n\x00:"))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := parseUsers(text)
		if err != nil {
			return
		}
		for name, u := range table.users {
			line := name + ":" + string(u.hash)
			for key, value := range u.claims {
				line += fmt.Sprintf(":%s=%s", key, value)
			}
			again, err := parseUsers([]byte(line))
			if err != nil || len(again.users) != 1 || len(again.users[name].claims) != len(u.claims) {
				t.Errorf("%q: got %v, %v", line, again, err)
			}
		}
	})
}
