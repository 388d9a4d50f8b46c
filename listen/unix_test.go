package listen

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestUnixSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "gw.sock")
	l := open(t, Options{Addresses: []string{"unix:" + path}, UnixMode: 0o620})[0]
	info, err := os.Stat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o620 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if got := l.Addr().String(); got != path {
		t.Errorf("got address %s", got)
	}
	dial(t, l)
	accept(t, l)
	l.Close()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A socket at which somebody answers stays theirs, and so does what is no socket.
func TestUnixSocketOfOthers(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	theirs, err := net.Listen("unix", taken)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	if _, err := Open(t.Context(), Options{Addresses: []string{"unix:" + taken}, UnixMode: 0o600}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("somebody answers: got %v", err)
	}
	if c, err := net.Dial("unix", taken); err != nil {
		t.Errorf("theirs is gone: %v", err)
	} else {
		c.Close()
	}
	file := write(t, dir, "file", []byte("precious"))
	if _, err := Open(t.Context(), Options{Addresses: []string{"unix:" + file}, UnixMode: 0o600}); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("a file: got %v", err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("the file has become %q, %v", b, err)
	}
}

func TestUnixSocketLeftBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gw.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	l := open(t, Options{Addresses: []string{"unix:" + path}, UnixMode: 0o600})[0]
	dial(t, l)
}

// All of the addresses, or none.
func TestOpenSeveral(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gw.sock")
	all := open(t, Options{Addresses: []string{"127.0.0.1:0", "unix:" + path}, UnixMode: 0o600})
	for _, l := range all {
		dial(t, l)
		accept(t, l)
	}
	other := filepath.Join(t.TempDir(), "other.sock")
	_, err := Open(t.Context(), Options{Addresses: []string{"unix:" + other, all[0].Addr().String()}, UnixMode: 0o600})
	if err == nil || !strings.HasPrefix(err.Error(), "listen at "+all[0].Addr().String()) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the first socket is left behind: %v", err)
	}
}

func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	l.Close()
	mine := open(t, Options{Addresses: []string{"[::1]:0"}})[0]
	dial(t, mine)
	if got := accept(t, mine).RemoteAddr().String(); !strings.HasPrefix(got, "[::1]:") {
		t.Errorf("got client %s", got)
	}
}
