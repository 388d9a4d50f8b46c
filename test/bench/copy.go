package main

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
)

// copyBuffers holds the buffers of the copy proxy; one is taken only when
// bytes are there to be read.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

var quiet = net.Dialer{KeepAlive: -1}

// runCopy is the yardstick: the plainest Go TCP proxy. Two goroutines a
// session, each reads into a pooled 64 KiB buffer and writes it on. It does not
// return.
func runCopy(listen, backend string) error {
	l, err := listenQuietly(listen)
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go serveCopy(c.(*net.TCPConn), backend)
	}
}

func serveCopy(client *net.TCPConn, backend string) {
	c, err := quiet.Dial("tcp", backend)
	if err != nil {
		client.Close()
		return
	}
	// Both ways run elsewhere: the stack that dialled has grown.
	go copyOneWay(client, c.(*net.TCPConn))
	go copyOneWay(c.(*net.TCPConn), client)
}

// copyOneWay closes both connections when either way ends.
func copyOneWay(dst, src *net.TCPConn) {
	defer dst.Close()
	defer src.Close()
	raw, err := src.SyscallConn()
	if err != nil {
		return
	}
	var (
		buf *[]byte
		n   int
		rd  error
	)
	read := func(fd uintptr) bool {
		buf = copyBuffers.Get().(*[]byte)
		for {
			n, rd = syscall.Read(int(fd), *buf)
			if rd != syscall.EINTR {
				break
			}
		}
		if rd == syscall.EAGAIN {
			copyBuffers.Put(buf)
			return false // wait without a buffer
		}
		return true
	}
	for {
		if err := raw.Read(read); err != nil {
			return
		}
		if rd == nil && n == 0 {
			rd = io.EOF
		}
		if rd == nil {
			_, rd = dst.Write((*buf)[:n])
		}
		copyBuffers.Put(buf)
		if rd != nil {
			if !errors.Is(rd, io.EOF) {
				_ = dst.SetLinger(0)
			}
			return
		}
	}
}
