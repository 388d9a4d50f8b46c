package wire

import (
	"cmp"
	"sync"
	"syscall"
)

// push is a write of TLS's to its socket, past package net as plain ones go.
type push struct {
	send func(fd uintptr) bool // sendAll
	p    []byte                // what is left
	err  error
}

// pushes lends them: made for each write, they would take memory.
var pushes = sync.Pool{New: func() any {
	w := &push{}
	w.send = w.sendAll
	return w
}}

// push writes all of p until the deadline.
func (u *unblocked) push(p []byte) (n int, err error) {
	w := pushes.Get().(*push)
	w.p = p
	err = cmp.Or(u.raw.Write(w.send), w.err)
	n = len(p) - len(w.p)
	w.p, w.err = nil, nil
	pushes.Put(w)
	return n, err
}

// sendAll sends until all is sent. It is what syscall.RawConn calls again each time
// the socket takes more.
func (w *push) sendAll(fd uintptr) bool {
	for len(w.p) > 0 {
		var n int
		if n, w.err = send(fd, w.p); w.err != nil {
			return w.err != syscall.EAGAIN
		}
		w.p = w.p[n:]
	}
	return true
}
