// Package listen opens the sockets that browsers connect to: TCP, Unix sockets
// and those that systemd hands over, with PROXY headers and TLS on top.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
)

// Options say where and how to listen.
type Options struct {
	// Addresses are each host:port, unix:/path, systemd, or systemd:name.
	Addresses []string
	// UnixMode is the mode of a Unix socket that is made here.
	UnixMode fs.FileMode
	// Inherited are the sockets that the process was started with.
	Inherited []Inherited
	// Proxies says who must send a PROXY header; nil is nobody.
	Proxies *Proxies
	// Certificates make every connection a TLS one; nil is plain.
	Certificates *Certificates
}

// Open opens all of the addresses, or none. The caller closes the listeners,
// which removes the Unix sockets that were made.
//
// A connection may still have its PROXY header and its TLS handshake before it:
// the first to use it waits for them, not Accept.
func Open(ctx context.Context, o Options) ([]net.Listener, error) {
	var all []net.Listener
	for _, address := range o.Addresses {
		opened, err := o.open(ctx, address)
		if err != nil {
			for _, l := range all {
				_ = l.Close() // nothing was served yet
			}
			return nil, fmt.Errorf("listen at %s: %w", address, err)
		}
		all = append(all, opened...)
	}
	for i, l := range all {
		if o.Proxies != nil {
			l = &proxyListener{Listener: l, proxies: o.Proxies}
		}
		if o.Certificates != nil {
			l = &tlsListener{Listener: l, config: o.Certificates.serverConfig()}
		}
		all[i] = l
	}
	return all, nil
}

func (o Options) open(ctx context.Context, address string) ([]net.Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		l, err := openUnix(ctx, path, o.UnixMode)
		return []net.Listener{l}, err
	}
	if kind, name, _ := strings.Cut(address, ":"); kind == "systemd" {
		return o.inherited(name)
	}
	l, err := quiet.Listen(ctx, "tcp", address)
	return []net.Listener{l}, err
}

// quiet listens without TCP's keep-alive: pings and heart-beats notice browsers
// that are gone, and probes would only add to them.
var quiet = net.ListenConfig{KeepAlive: -1}

// inherited takes over the sockets of a name, or all of them.
func (o Options) inherited(name string) ([]net.Listener, error) {
	var taken []net.Listener
	for _, s := range o.Inherited {
		if name != "" && s.Name != name {
			continue
		}
		l, err := s.listener()
		if err != nil {
			for _, l := range taken {
				_ = l.Close() // nothing was served yet
			}
			return nil, fmt.Errorf("take over %q: %w", s.Name, err)
		}
		taken = append(taken, l)
	}
	if len(taken) == 0 {
		return nil, errors.New("systemd handed over no such socket (LISTEN_FDS)")
	}
	return taken, nil
}
