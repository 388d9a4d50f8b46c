//go:build unix

package listen

import (
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestFromEnvironment(t *testing.T) {
	for name, test := range map[string]struct {
		environ []string
		want    []Inherited
		err     string
	}{
		"nothing":          {nil, nil, ""},
		"one":              {[]string{"LISTEN_PID=7", "LISTEN_FDS=1"}, []Inherited{{"unknown", 3}}, ""},
		"names":            {[]string{"LISTEN_PID=7", "LISTEN_FDS=3", "LISTEN_FDNAMES=web::other"}, []Inherited{{"web", 3}, {"unknown", 4}, {"other", 5}}, ""},
		"another's":        {[]string{"LISTEN_PID=8", "LISTEN_FDS=1"}, nil, ""},
		"none handed over": {[]string{"LISTEN_PID=7", "LISTEN_FDS=0"}, []Inherited{}, ""},
		"no number":        {[]string{"LISTEN_PID=7", "LISTEN_FDS=x"}, nil, `LISTEN_FDS="x" is no number of sockets`},
		"negative":         {[]string{"LISTEN_PID=7", "LISTEN_FDS=-1"}, nil, `LISTEN_FDS="-1" is no number of sockets`},
		"too many":         {[]string{"LISTEN_PID=7", "LISTEN_FDS=99999999999"}, nil, `LISTEN_FDS="99999999999" is no number of sockets`},
	} {
		got, err := FromEnvironment(test.environ, 7)
		if !slices.Equal(got, test.want) || err == nil && test.err != "" || err != nil && err.Error() != test.err {
			t.Errorf("%s: got %v, %v, want %v, %q", name, got, err, test.want, test.err)
		}
	}
}

// handOver makes a socket as systemd would leave it.
func handOver(t *testing.T, name string) (Inherited, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := dup(file)
	file.Close()
	if err != nil {
		t.Fatal(err)
	}
	return Inherited{name, fd}, l.Addr().String()
}

// dup gives a descriptor that no os.File closes.
func dup(f *os.File) (uintptr, error) {
	fd, err := syscall.Dup(int(f.Fd()))
	return uintptr(fd), err
}

func TestInherited(t *testing.T) {
	web, webAddr := handOver(t, "web")
	other, otherAddr := handOver(t, "other")
	o := Options{Addresses: []string{"systemd:web"}, Inherited: []Inherited{web, other}}
	l := open(t, o)
	if len(l) != 1 || l[0].Addr().String() != webAddr {
		t.Fatalf("got %v", l)
	}
	dial(t, l[0])
	accept(t, l[0])

	o = Options{Addresses: []string{"systemd"}, Inherited: []Inherited{other}}
	if l := open(t, o); len(l) != 1 || l[0].Addr().String() != otherAddr {
		t.Errorf("got %v", l)
	}
	o.Addresses = []string{"systemd:missing"}
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "handed over no such socket") {
		t.Errorf("got %v", err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	fd, err := dup(null)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Addresses: []string{"systemd"}, Inherited: []Inherited{{"file", fd}}}); err == nil || !strings.Contains(err.Error(), `take over "file"`) {
		t.Errorf("a file: got %v", err)
	}
}
