//go:build unix && !linux

package wire

import "syscall"

// receive reads what is there; it is syscall.EAGAIN that there is nothing.
func receive(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), p)
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}

// send writes what the socket takes; it is syscall.EAGAIN that it takes nothing.
func send(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), p)
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}
