package listen

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/pires/go-proxyproto"
)

// Proxies are the peers that begin each connection with a PROXY header, of
// version 1 or 2, which says who the client is.
type Proxies struct {
	// From are their addresses. The zero Prefix is whoever comes by a Unix socket.
	From []netip.Prefix
	// Timeout is how long the header may take.
	Timeout time.Duration
	// Refused is told of connections that had to have a header and had none that
	// is valid; they are closed. nil is fine.
	Refused func(peer net.Addr, err error)
}

// names tells whether a peer must send a header. Nobody else's is looked at: what
// follows takes it for the nonsense that it then is.
func (p *Proxies) names(peer net.Addr) bool {
	var addr netip.Addr
	if tcp, ok := peer.(*net.TCPAddr); ok {
		addr = tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	for _, prefix := range p.From {
		if prefix.Contains(addr) || !prefix.IsValid() && !addr.IsValid() {
			return true
		}
	}
	return false
}

type proxyListener struct {
	net.Listener
	proxies *Proxies
}

func (l *proxyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil || !l.proxies.names(c.RemoteAddr()) {
		return c, err
	}
	return &proxied{Conn: c, proxies: l.proxies}, nil
}

// Claimed is the address of a client that a PROXY header names.
type Claimed struct {
	*net.TCPAddr
	claimant net.Addr
}

// Claimant gives the socket's own peer, whose word the address is.
func (c Claimed) Claimant() net.Addr { return c.claimant }

// proxied is a connection whose PROXY header is read before anything else, by
// whoever first reads or asks for the peer's address.
type proxied struct {
	net.Conn
	proxies *Proxies

	once   sync.Once
	client net.Addr // a [Claimed]; nil where the header names none
	err    error
}

// Socket gives the connection below, for when the header has been read.
func (c *proxied) Socket() net.Conn { return c.Conn }

func (c *proxied) Read(p []byte) (int, error) {
	if c.once.Do(c.begin); c.err != nil {
		return 0, c.err
	}
	return c.Conn.Read(p)
}

// RemoteAddr gives the client that the header names, or the peer.
func (c *proxied) RemoteAddr() net.Addr {
	if c.once.Do(c.begin); c.client != nil {
		return c.client
	}
	return c.Conn.RemoteAddr()
}

func (c *proxied) begin() {
	_ = c.Conn.SetReadDeadline(time.Now().Add(c.proxies.Timeout)) // fails only on a closed connection
	header, err := readHeader(c.Conn)
	_ = c.Conn.SetReadDeadline(time.Time{}) // the same
	switch {
	case err != nil:
		c.err = fmt.Errorf("read the PROXY header: %w", err)
		_ = c.Conn.Close() // whatever it is, it is not from whom it should be
		if c.proxies.Refused != nil && !errors.Is(err, errProbe) {
			c.proxies.Refused(c.Conn.RemoteAddr(), c.err)
		}
	case header.Command.IsProxy():
		if tcp, ok := header.SourceAddr.(*net.TCPAddr); ok {
			c.client = Claimed{tcp, c.Conn.RemoteAddr()}
		}
	}
}

// The bounds of headers: haproxy.org, proxy-protocol.txt, sections 2.1 and 2.2.
const (
	signature2 = "\r\n\r\n\x00\r\nQUIT\n"
	mostHead1  = 107
	fixedHead2 = len(signature2) + 4
	mostHead2  = fixedHead2 + 2048 // addresses, and what proxies say of TLS
)

// errProbe means that a peer left without a word: it looked whether somebody
// listens here, as load balancers do.
var errProbe = errors.New("nothing came")

// readHeader reads a PROXY header and nothing behind it, which the socket keeps.
func readHeader(r io.Reader) (*proxyproto.Header, error) {
	// No header of either version is shorter than this.
	head := make([]byte, len(signature2), mostHead1)
	n, err := io.ReadFull(r, head)
	switch {
	case n == 0 && err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("%w: %w", errProbe, err)
	case err != nil:
	case string(head) == signature2:
		head, err = readRest2(r, head)
	case bytes.HasPrefix(head, []byte("PROXY ")):
		head, err = readRest1(r, head)
	default:
		err = proxyproto.ErrNoProxyProtocol
	}
	if err != nil {
		return nil, err
	}
	return proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(head), len(head)))
}

// cut says that the header ended too early.
func cut(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("it is cut: %w", err)
}

// readRest1 reads byte by byte to the end of the line.
func readRest1(r io.Reader, head []byte) ([]byte, error) {
	for head[len(head)-1] != '\n' {
		if len(head) == mostHead1 {
			return nil, proxyproto.ErrVersion1HeaderTooLong
		}
		head = append(head, 0)
		if _, err := io.ReadFull(r, head[len(head)-1:]); err != nil {
			return nil, cut(err)
		}
	}
	return head, nil
}

// readRest2 reads the rest of the fixed part, and what it says is to come.
func readRest2(r io.Reader, head []byte) ([]byte, error) {
	head = head[:fixedHead2]
	if _, err := io.ReadFull(r, head[len(signature2):]); err != nil {
		return nil, cut(err)
	}
	size := fixedHead2 + int(binary.BigEndian.Uint16(head[fixedHead2-2:]))
	if size > mostHead2 {
		return nil, fmt.Errorf("it has %d bytes, more than %d", size, mostHead2)
	}
	whole := make([]byte, size)
	copy(whole, head)
	if _, err := io.ReadFull(r, whole[fixedHead2:]); err != nil {
		return nil, cut(err)
	}
	return whole, nil
}
