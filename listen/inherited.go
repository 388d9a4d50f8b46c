package listen

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// Inherited is a listening socket that the process was started with.
type Inherited struct {
	Name string // as systemd's FileDescriptorName has it
	fd   uintptr
}

// firstInherited is the first descriptor that is handed over: sd_listen_fds(3).
const firstInherited = 3

// mostInherited is more than anybody hands over.
const mostInherited = 1000

// FromEnvironment gives the sockets that systemd's variables in environ speak
// of: none where they are not there or are meant for a process other than pid.
func FromEnvironment(environ []string, pid int) ([]Inherited, error) {
	vars := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, "LISTEN_") {
			vars[name] = value
		}
	}
	if vars["LISTEN_PID"] != strconv.Itoa(pid) {
		return nil, nil
	}
	n, err := strconv.Atoi(vars["LISTEN_FDS"])
	if err != nil || n < 0 || n > mostInherited {
		return nil, fmt.Errorf("LISTEN_FDS=%q is no number of sockets", vars["LISTEN_FDS"])
	}
	names := strings.Split(vars["LISTEN_FDNAMES"], ":")
	all := make([]Inherited, n)
	for i := range all {
		all[i] = Inherited{Name: "unknown", fd: firstInherited + uintptr(i)}
		if i < len(names) && names[i] != "" {
			all[i].Name = names[i]
		}
	}
	return all, nil
}

// listener makes a listener of the socket. The descriptor itself is closed then:
// children do not get it.
func (s Inherited) listener() (net.Listener, error) {
	file := os.NewFile(s.fd, s.Name)
	if file == nil {
		return nil, fmt.Errorf("descriptor %d is not open", s.fd)
	}
	l, err := net.FileListener(file)
	_ = file.Close() // the listener has a copy
	if err != nil {
		return nil, err
	}
	return quietListener{l}, nil
}

// quietListener does for a socket that others have opened what quiet does.
type quietListener struct{ net.Listener }

func (l quietListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetKeepAlive(false) // probes that go on harm nothing
	}
	return c, err
}
